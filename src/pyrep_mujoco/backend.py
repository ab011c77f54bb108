"""Puts our module in place of PyRep's backend, before PyRep is imported.

PyRep keeps all that is native in one module, ``pyrep.backend.sim``. Its import is
answered here by a module of the same functions; neither PyRep's own file of that name
nor the library behind it is touched, so PyRep need not have been built.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from pyrep_mujoco.base_scene.lookup import watch_rlbench
from pyrep_mujoco.errors import InstallError
from pyrep_mujoco.sim.api import api_module

_BACKEND = "pyrep.backend.sim"
_NATIVE = "pyrep.backend._sim_cffi"
_CONSTANTS = "pyrep.backend.simConst"

ROOT = "COPPELIASIM_ROOT"
"""Environment variable that PyRep wants to name an existing folder."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes the module that stands for PyRep's backend."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _BACKEND:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin="pyrep_mujoco")

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        constants = importlib.import_module(_CONSTANTS)
        public = {
            name: value
            for name, value in vars(constants).items()
            if not name.startswith("_")
        }
        return api_module(spec.name, public)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to be done."""


def install() -> None:
    """Let PyRep simulate with MuJoCo in this process; again is fine.

    Where RLBench's scene file is missing, RLBench is shown one that is built here.
    ``COPPELIASIM_ROOT``, which PyRep wants to name a folder, is set to one if it names
    none.

    Raises:
      InstallError: PyRep with CoppeliaSim is in this process already, or there is no
        PyRep to be imported.
    """
    if _NATIVE in sys.modules or (_BACKEND in sys.modules and not _is_ours()):
        raise InstallError(
            "PyRep is imported with CoppeliaSim in this process already",
            "Install before `import pyrep` or `import rlbench`, or in a new process.",
        )
    if _BACKEND not in sys.modules:
        _require_pyrep()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    watch_rlbench()
    root = os.environ.get(ROOT)
    if not root or not Path(root).is_dir():
        os.environ[ROOT] = str(Path(__file__).parent)


def _is_ours() -> bool:
    spec = getattr(sys.modules[_BACKEND], "__spec__", None)
    return isinstance(getattr(spec, "loader", None), _Finder)


def _require_pyrep() -> None:
    """Raise unless what ``import pyrep`` would find is PyRep."""
    spec = importlib.util.find_spec("pyrep")
    folders = [] if spec is None else spec.submodule_search_locations or []
    if any((Path(folder) / "backend" / "simConst.py").is_file() for folder in folders):
        return
    came = (
        "no package `pyrep` is found"
        if spec is None
        else f"the package `pyrep` at {spec.origin} is another project"
    )
    raise InstallError(
        f"PyRep cannot be imported: {came}",
        "Run `rlbench-puffer setup rlbench`, or put a source tree of "
        "https://github.com/stepjam/PyRep on the path.",
    )
