"""What this machine has to run RLBench's own tasks, each thing looked at."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from rlbench_puffer.display.doctor import Finding
from rlbench_puffer.engines.rlbench.learner import learn_in_child
from rlbench_puffer.engines.rlbench.task_names import (
    rlbench_folder,
    rlbench_task_names,
    rlbench_version,
)
from rlbench_puffer.errors import MissingDependencyError, RLBenchPufferError
from rlbench_puffer.setup.coppeliasim import LIBRARY, PLUGINS, VERSION, version_of
from rlbench_puffer.setup.sources import missing_models

_INSTALL = "rlbench-puffer setup coppeliasim"
_REBUILD = "rlbench-puffer setup rlbench"
_SOURCES = "rlbench-puffer setup rlbench --engine mujoco"

_LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)"

_LAUNCH_TASK = "reach_target"

_MODULES = ("PIL", "fcl", "natsort", "ompl", "pyquaternion", "ruckig", "scipy")
"""What RLBench, PyRep and planning import on engine ``mujoco``."""


def examine_mujoco(*, launch: bool = False) -> list[Finding]:
    """Look at what engine ``mujoco`` needs, and launch it where that is asked for.

    Args:
      launch: whether a task is launched, reset and shut down in a child process.
    """
    name = "engine mujoco"
    try:
        folder = rlbench_folder()
    except MissingDependencyError:
        return [_finding(name, False, "RLBench is not here", _SOURCES)]
    lacking = [m for m in _MODULES if importlib.util.find_spec(m) is None]
    if lacking:
        found = f"packages are missing: {', '.join(lacking)}"
        return [_finding(name, False, found, "uv sync --extra mujoco")]
    count, without = len(rlbench_task_names()), missing_models(folder)
    found = f"RLBench {rlbench_version()} in {folder}, {count} tasks"
    if without:
        named = ", ".join(without[:3]) + (", ..." if without[3:] else "")
        found += f", {len(without)} of them without a model ({named})"
    findings = [_finding(name, len(without) < count, found, _SOURCES)]
    if launch:
        findings.append(_launch("engine mujoco's launch", "mujoco"))
    return findings


def examine_coppeliasim(*, launch: bool = False) -> list[Finding]:
    """Look at CoppeliaSim's folder, and launch it where that is asked for.

    Args:
      launch: whether a task is launched, reset and shut down in a child process.
    """
    told = os.environ.get("COPPELIASIM_ROOT")
    if not told or not (Path(told) / LIBRARY).exists():
        found = f"no {LIBRARY} in {told}" if told else "COPPELIASIM_ROOT is not set"
        return [_finding("CoppeliaSim", False, found, _INSTALL)]
    root = Path(told).absolute()
    checks: Sequence[Callable[[Path], Finding]] = (_version, _plugins, _loads, _pyrep)
    findings = [check(root) for check in checks]
    if launch:
        findings.append(_launch("CoppeliaSim's launch", "coppeliasim"))
    return findings


def _version(root: Path) -> Finding:
    version = version_of(root)
    found = f"{root}: {version or 'its name tells no version'}"
    return _finding("CoppeliaSim", version in (None, VERSION), found, _INSTALL)


def _plugins(root: Path) -> Finding:
    names = sorted(path.name for path in root.glob(PLUGINS))
    found = ", ".join(names) or "none: launching works, the first step does not"
    return _finding("physics plugins", bool(names), found, _INSTALL)


def _loads(root: Path) -> Finding:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(root / LIBRARY)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
    works = done.returncode == 0
    found = "loads" if works else lines[-1]
    return _finding(
        "CoppeliaSim's library", works, found, "rlbench-puffer setup system"
    )


def _pyrep(root: Path) -> Finding:
    """PyRep's build leaves a script and a link in the folder it was built against."""
    traces = ("simAddOnScript_PyRep.lua", f"{LIBRARY}.1")
    lacking = [name for name in traces if not (root / name).exists()]
    found = (
        f"PyRep was not built against this folder: it lacks {', '.join(lacking)}"
        if lacking
        else "PyRep was built against this folder"
    )
    return _finding("PyRep's build", not lacking, found, _REBUILD)


def _launch(name: str, engine: str) -> Finding:
    try:
        learnt = learn_in_child(_LAUNCH_TASK, engine, "panda")
    except RLBenchPufferError as error:
        return _finding(name, False, str(error), "")
    found = (
        f"{_LAUNCH_TASK} was reset; its task_low_dim_state has "
        f"{learnt['low_dim_size']} numbers"
    )
    return _finding(name, True, found, "")


def _finding(name: str, works: bool, found: str, mend: str) -> Finding:
    state: Literal["ok", "missing"] = "ok" if works else "missing"
    return Finding(name=name, state=state, found=found, mend="" if works else mend)
