"""A demo of RLBench's, and the state in which it began."""

import dataclasses
from typing import Any

import numpy as np

from rlbench_puffer.engines.base import EngineState
from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.engines.rlbench.states import state_after_reset
from rlbench_puffer.errors import InvalidOptionError, SimulationError

SAME_PLACE = 0.02
"""Numbers of ``task_low_dim_state`` that differ by no more tell of one placement. The
demo's first observation is a simulation step later than a reset's."""


@dataclasses.dataclass(frozen=True, eq=False)
class RLBenchDemo:
    """One of RLBench's demos; ``reset(options={"demo": ...})`` takes it."""

    task: str
    """The task's name."""

    demo: Any
    """RLBench's ``Demo``: a list of its observations."""

    variation: int
    """The task variation."""

    def __len__(self) -> int:
        return len(self.demo)

    @property
    def start_state(self) -> EngineState:
        """What ``RLBenchEnv.get_state`` would have returned right after its reset."""
        start = {"words": np.zeros(8, np.uint32), "variation": self.variation}
        return state_after_reset({**start, "demo": self.demo})


def rlbench_demos(
    session: Session, amount: int, variation: int, max_attempts: int | None
) -> list[Any]:
    """RLBench's ``Demo`` objects: made now, or those that are stored.

    Args:
      session: chance is at its start.
      amount: how many.
      variation: of which task variation.
      max_attempts: tries of the expert for each; None reads stored ones.

    Raises:
      InvalidOptionError: the task has no such variation.
      SimulationError: the expert failed too often, or none are stored.
    """
    count = int(session.call("counting variations", session.task.variation_count))
    if not 0 <= variation < count:
        raise InvalidOptionError("variation", variation, f"an index below {count}")
    live = max_attempts is not None
    options = {"max_attempts": max_attempts} if live else {}

    def get() -> list[Any]:
        return session.task.get_demos(amount, live_demos=live, **options)

    session.call("choosing", session.task.set_variation, variation)
    try:
        return session.call("getting demos", get)
    except SimulationError:
        session.put_back_control()
        raise


def begin_demo(session: Session, demo: Any, doing: str) -> tuple[Any, Any]:
    """Reset to where one of RLBench's demos began.

    RLBench draws a placement as often as it did for the demo, the last of which was
    found feasible then. On MuJoCo finding that out draws as well, so that a demo which
    was placed at a second attempt or later would begin elsewhere; the whole reset
    repeated then gives its place. The demo itself tells which of the two is right.

    Args:
      session: the simulator.
      demo: RLBench's.
      doing: for messages.

    Returns:
      What RLBench's reset returns.
    """
    task = session.task
    told = session.call(doing, task.reset_to_demo, demo)
    off = _distance(demo[0], told[1])
    if off <= SAME_PLACE:
        return told
    demo.restore_state()
    try:
        repeated = session.call(doing, task.reset)
    except session.api.TaskEnvironmentError:
        repeated = None
    if repeated is not None and _distance(demo[0], repeated[1]) < off:
        return repeated
    return session.call(doing, task.reset_to_demo, demo)


def _distance(recorded: Any, seen: Any) -> float:
    """How far apart two states of a task are; 0 where it is not observed."""
    states = (recorded.task_low_dim_state, seen.task_low_dim_state)
    if any(state is None for state in states):
        return 0.0
    first, second = (np.ravel(state) for state in states)
    if first.size != second.size:
        return float("inf")
    return float(np.abs(first - second).max(initial=0.0))
