"""What the child process does that learns a task's facts."""

import ctypes
import json
import os
import signal
import sys
from typing import Any

import numpy as np

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.rlbench.messages import not_placed
from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.errors import RLBenchPufferError, SimulationError
from rlbench_puffer.simulator import Simulator

_PR_SET_PDEATHSIG = 1
_VARIATIONS = 5
"""How many variations are looked at; the number of objects may differ by them."""

_TRIES = 10


def main() -> None:
    """Entry of ``python -c``; the arguments are those of ``learn_in_child``."""
    write_fd, task, engine, robot, parent = sys.argv[1:6]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != int(parent):
        os._exit(1)
    try:
        answer = {"facts": learn(task, engine, robot)}
    except RLBenchPufferError as error:
        answer = {"error": str(error)}
    os.write(int(write_fd), json.dumps(answer).encode())
    # The answer counts, and not how the simulator's libraries end.
    os._exit(0)


def learn(task: str, engine: Any, robot: Any) -> dict[str, Any]:
    """Launch, look, shut down.

    Returns:
      ``variation_count``, ``low_dim_size``, ``shaped_reward`` (whether there is one),
      and
      :func:`rlbench_puffer.engines.rlbench.api.robot_limits`.
    """
    config = EnvConfig(
        task=task,
        engine=engine,
        observations=("task_low_dim_state",),
        simulator=Simulator(robot=robot),
    )
    session = Session(config)
    count = int(session.call("counting variations", session.task.variation_count))
    # Some tasks make objects when they are first reset, so that the first
    # observation may be shorter than all others.
    looked_at = {int(v) for v in np.linspace(0, count - 1, _VARIATIONS)}
    sizes = [_low_dim_size(session, config, v) for v in (0, *sorted(looked_at))][1:]
    facts = {
        "variation_count": count,
        "low_dim_size": max(sizes),
        "shaped_reward": _has_shaped_reward(session),
        **session.call("reading limits", session.api.robot_limits, robot),
    }
    session.close()
    return facts


def _has_shaped_reward(session: Session) -> bool:
    """RLBench's tasks that have none answer None."""
    try:
        return session.call("reading the reward", session.rules.reward) is not None
    except SimulationError:
        # A task of the user's own may not know it before the first step.
        return True


def _low_dim_size(session: Session, config: EnvConfig, variation: int) -> int:
    for attempt in range(_TRIES):
        try:
            session.call("setting a variation", session.task.set_variation, variation)
            _, observation = session.call("resetting", session.task.reset)
        except session.api.TaskEnvironmentError as error:
            if attempt == _TRIES - 1:
                raise not_placed(config, variation, _TRIES, error) from error
        else:
            return int(np.size(observation.task_low_dim_state))
    raise AssertionError("the last attempt returns or raises")
