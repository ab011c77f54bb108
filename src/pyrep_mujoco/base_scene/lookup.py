"""Where RLBench looks for its scene file: at the stand-in, if its own is missing."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from pyrep_mujoco.base_scene.stand_in import write_stand_in

_CONSTANTS = "rlbench.backend.const"
_FILE = "TTT_FILE"
"""Name of the constant that says which file in RLBench's folder the scene is."""

_ROBOT = Path("robot_ttms", "panda.ttm")
"""In RLBench's folder; it stands where it stands in RLBench's scene."""


def watch_rlbench() -> None:
    """Look after RLBench's constants as soon as they are imported; again is fine.

    RLBench's files stay as they are. A copy with its own scene file keeps it.
    """
    module = sys.modules.get(_CONSTANTS)
    if module is not None:
        _point_to_scene(module)
    if not any(isinstance(finder, _Watcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watcher())


class _Watcher(importlib.abc.MetaPathFinder):
    """Finds RLBench's constants where they are, and has them looked after."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _CONSTANTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads a module as its own loader does, then looks after it."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _point_to_scene(module)


def _point_to_scene(constants: ModuleType) -> None:
    """Let RLBench's constants name the stand-in if the scene file is not there."""
    if constants.__file__ is None or not hasattr(constants, _FILE):
        return
    folder = Path(constants.__file__).parents[1]
    named = folder / getattr(constants, _FILE)
    robot = folder / _ROBOT
    # Without the robot's model nothing can be built; PyRep then names the file that
    # is missing.
    if not named.is_file() and robot.is_file():
        # RLBench joins its folder with this; an absolute path stays what it is.
        setattr(constants, _FILE, str(write_stand_in(robot)))
