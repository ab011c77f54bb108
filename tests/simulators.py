"""The stand-in for CoppeliaSim, RLBench and PyRep on this machine, and its faults."""

import ctypes.util
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench_puffer as rp
from rlbench_puffer.engines.rlbench.engine import RLBenchEngine
from rlbench_puffer.engines.rlbench.facts import FORMAT, facts_file
from rlbench_puffer.engines.rlbench.task_names import find_task_name

STANDIN = Path(__file__).parent / "standin"

_THEIRS = ("rlbench", "pyrep", "standin_faults")
_OURS = "rlbench_puffer.engines.rlbench.api"


@contextmanager
def standin_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which the stand-in is installed; gives CoppeliaSim's folder.

    Worker processes get this process's ``sys.path``, and with it the stand-in.
    """
    root = tmp_path / "CoppeliaSim"
    root.mkdir()
    # Any library will do, as long as it is loaded from there.
    library = ctypes.util._findSoname_ldconfig("m")  # type: ignore[attr-defined]
    shutil.copy(_path_of(library), root / "libcoppeliaSim.so.1")
    (root / "libsimExtDynamicsBullet-2-78.so").touch()
    monkeypatch.setenv("COPPELIASIM_ROOT", str(root))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.syspath_prepend(str(STANDIN))
    before = {name for name in sys.modules if _theirs(name)}
    assert not before, f"imported already: {before}"
    finders = list(sys.meta_path)
    yield root
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if _theirs(name)]:
        del sys.modules[name]


def _theirs(name: str) -> bool:
    return name.partition(".")[0] in _THEIRS or name == _OURS


def _path_of(soname: str) -> Path:
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(f"/{soname}"):
            return Path(line.split()[-1])
    raise AssertionError(f"{soname} is not loaded in this process")


def write_facts(*tasks: str) -> None:
    """What the stand-in's tasks would be learnt to be, as if learnt before."""
    for task in tasks:
        for robot, dof, touch in (("panda", 7, 6), ("ur5", 6, 0)):
            drawer = task == "open_drawer" or task.endswith(":OpenDrawer")
            learnt = {
                "format": FORMAT,
                "variation_count": 3 if drawer else 20,
                "low_dim_size": 8 if drawer else 3,
                "shaped_reward": not drawer,
                "velocity": [2.0] * dof,
                "arm": [[-3.0, 4.0]] * dof,
                "gripper": [[0.0, 0.04]] * 2,
                "touch": touch,
            }
            for engine in ("coppeliasim", "mujoco"):
                file = facts_file(find_task_name(task), engine, robot)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(learnt))


def make(task: str = "reach_target", **options: Any) -> rp.RLBenchEnv:
    """An environment of RLBench's own task."""
    return rp.make(task, **{"engine": "coppeliasim", **options})


def engine_of(env: rp.RLBenchEnv) -> RLBenchEngine:
    """The engine of an environment that was reset."""
    engine = env.engine
    assert isinstance(engine, RLBenchEngine)
    return engine


def still(env: rp.RLBenchEnv) -> np.ndarray:
    """An action that moves nothing, in the joint modes and the relative poses."""
    action = np.zeros(env.action_space.shape, np.float32)
    if env.config.arm_action_mode.endswith(("ik", "planning")):
        action[6] = 1.0
    return action
