"""An episode's state: how it began and what was done, to be repeated.

CoppeliaSim has no state that can be put back bit for bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.base import EngineState
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.simulator import Simulator

START_KEYS = ("words", "variation", "demo")
"""What an engine's state may hold of how its episode began."""

_MADE_AS = "made_as"


def state_of_episode(
    start: dict[str, Any],
    actions: Sequence[NDArray[np.float64]],
    config: EnvConfig,
    *,
    task: str,
    room: tuple[int, int],
) -> EngineState:
    """What :func:`start_of` and :func:`actions_of` read again.

    Args:
      start: some of :data:`START_KEYS`.
      actions: those that were sent.
      config: the environment's.
      task: the task's name.
      room: rows at least, and columns, of what the actions are kept in, so that
        states of one episode can be stacked.
    """
    rows, columns = room
    kept = np.zeros((max(rows, len(actions)), columns))
    for row, action in zip(kept, actions, strict=False):
        row[:] = action
    return {
        **start,
        "task": task,
        _MADE_AS: _made_as(config),
        "num_actions": len(actions),
        "actions": kept,
    }


def start_of(state: EngineState, task: str) -> dict[str, Any]:
    """How a state's episode began.

    Args:
      state: an engine's.
      task: the task's name here.

    Raises:
      InvalidOptionError: it is of another task, or of another engine.
    """
    if not {"words", "variation"} <= state.keys():
        raise InvalidOptionError("state", "one of another engine", "one of this engine")
    # A demo's start has none.
    other = str(state.get("task", task))
    if other != task:
        raise InvalidOptionError("state", f"one of {other}", f"one of {task}")
    return {key: state[key] for key in START_KEYS if key in state}


def actions_of(state: EngineState, config: EnvConfig) -> NDArray[np.float64]:
    """What was done since, (steps, action_dim).

    Args:
      state: an engine's.
      config: the environment's here.

    Raises:
      InvalidOptionError: actions here mean something else.
    """
    count = int(state["num_actions"])
    if count and str(state[_MADE_AS]) != _made_as(config):
        raise InvalidOptionError(
            "state",
            f"one of {state[_MADE_AS]}",
            f"one of {_made_as(config)}, for its actions are repeated",
            "Make the environment as the one was that the state is of.",
        )
    return np.asarray(state["actions"])[:count]


def state_after_reset(start: EngineState) -> EngineState:
    """An environment's state right after a reset.

    Args:
      start: some of :data:`START_KEYS`.
    """
    return {
        "engine": {**start, "num_actions": 0, "actions": np.zeros((1, 1))},
        "episode_length": 0,
        "episode_return": 0.0,
        "invalid_actions": 0,
        "terminated": False,
        "truncated": False,
    }


def _made_as(config: EnvConfig) -> str:
    """What an action means, in words: robot, modes, frame."""
    options = config.simulator or Simulator()
    arm, words = config.arm_action_mode, [options.robot]
    if "er_joint" in arm:
        words += [f"joints {options.commanded_joints}"]
    words += [arm, f"gripper {config.gripper_action_mode}"]
    return ", ".join([*words, *([config.delta_frame] if "delta" in arm else [])])
