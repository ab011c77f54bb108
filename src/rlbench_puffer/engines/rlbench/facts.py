"""What spaces must know of a task of RLBench's: learnt once, then kept on disk."""

import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines import panda_limits
from rlbench_puffer.engines.rlbench.learner import learn_in_child
from rlbench_puffer.engines.rlbench.task_names import (
    TaskName,
    find_task_name,
    rlbench_version,
)
from rlbench_puffer.engines.robot_facts import RobotFacts
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.simulator import Simulator

EPISODE_LENGTH = 200
"""Control steps until an episode is truncated, unless configured. RLBench has no
limit of its own."""

FORMAT = 2
"""Of the files; another number makes them be learnt anew."""


_FINGER_MARGIN = 0.01
"""Slack in [m] or [rad] of an observed finger position, likewise."""

_REACH = 2.0
"""Bound of the gripper's position in [m]: the longest arm, Sawyer's, reaches 1.26 m and
all stand 0.31 m from the origin."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedTask:
    """One task of RLBench's with one robot, as spaces and episodes see it."""

    name: str
    """RLBench's name in snake case, or ``module:Class``."""

    variation_count: int
    """How many variations there are."""

    low_dim_size: int
    """Length of ``task_low_dim_state``; of variations with fewer objects the rest is
    zeros."""

    robot: RobotFacts
    """Limits of the arm and the gripper."""

    has_shaped_reward: bool
    """Whether RLBench has one for it."""

    episode_length: int = EPISODE_LENGTH
    """Control steps until an episode is truncated, unless configured otherwise."""


def simulated_task(config: EnvConfig) -> SimulatedTask:
    """The facts of a configuration's task, from disk or else from a short child.

    Raises:
      UnknownNameError: RLBench has no such task.
      InvalidOptionError: a shaped reward of a task that has none.
      SimulationError: the child could not learn them.
      MissingDependencyError: RLBench is not installed.
    """
    name = find_task_name(config.task)
    robot = (config.simulator or Simulator()).robot
    path = facts_file(name, config.engine, robot)
    learnt = _read(path)
    if learnt is None:
        learnt = learn_in_child(name.name, config.engine, robot)
        _write(path, {"format": FORMAT, **learnt})
    task = _task(name, robot, learnt)
    if config.reward == "shaped" and not task.has_shaped_reward:
        raise InvalidOptionError(
            "reward",
            "shaped",
            f"'sparse', for RLBench has no shaped reward for {task.name}",
        )
    return task


def facts_folder() -> Path:
    """Where facts are kept: a folder of the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "rlbench-puffer" / "facts"


def facts_file(name: TaskName, engine: str, robot: str) -> Path:
    """Where the facts of a task with a robot on an engine are kept."""
    version = rlbench_version()
    return facts_folder() / f"{name.key()}-{engine}-{robot}-{version}.json"


def _task(name: TaskName, robot: str, learnt: dict[str, Any]) -> SimulatedTask:
    lower, upper = _interval(learnt["arm"])
    finger_lower, finger_upper = _interval(learnt["gripper"])
    panda = robot == "panda"
    return SimulatedTask(
        name=name.name,
        variation_count=learnt["variation_count"],
        low_dim_size=learnt["low_dim_size"],
        has_shaped_reward=learnt["shaped_reward"],
        robot=RobotFacts(
            joint_lower=lower,
            joint_upper=upper,
            joint_velocity_limit=np.array(learnt["velocity"]),
            joint_torque_limit=panda_limits.JOINT_TORQUE_LIMIT if panda else None,
            # A motor's force is no limit of what a collision does to it.
            joint_force_bound=np.full(len(lower), np.inf),
            gripper_lower=finger_lower - _FINGER_MARGIN,
            gripper_upper=finger_upper + _FINGER_MARGIN,
            touch_force_size=learnt["touch"],
            reach=_REACH,
        ),
    )


def _interval(pairs: list[list[float] | None]) -> tuple[Any, Any]:
    low = [-np.inf if pair is None else pair[0] for pair in pairs]
    high = [np.inf if pair is None else pair[1] for pair in pairs]
    return np.array(low), np.array(high)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        learnt = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return learnt if learnt.get("format") == FORMAT else None


def _write(path: Path, learnt: dict[str, Any]) -> None:
    """Whole or not at all; a cache that cannot be written is not kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", delete=False
        ) as part:
            json.dump(learnt, part)
        Path(part.name).replace(path)
    except OSError:
        return
