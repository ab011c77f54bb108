"""A demo of RLBench's scripted expert, told as an episode of an environment."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.base import EngineState
from rlbench_puffer.engines.rlbench.deadline import deadline
from rlbench_puffer.engines.rlbench.observing import FieldWriter, write_pictures
from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.errors import InvalidOptionError, SimulationError

ACTION_KEY = "joint_position_action"
"""Where RLBench keeps what the expert sent to the robot, in an observation's misc."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LiveDemo:
    """One episode of T control steps, ended where the task first succeeded.

    RLBench's expert goes on to its last waypoint, where an environment's episode ends
    at success.
    """

    start_state: EngineState
    """What ``RLBenchEnv.get_state`` would have returned right after its reset."""

    descriptions: tuple[str, ...]
    """Sentences that describe the goal."""

    observations: NDArray[np.void]
    """(T + 1,) by field name; the first is of the simulation step after the reset."""

    actions: NDArray[np.float64]
    """(T, joints + 1): target positions of the arm [rad], and 1 for an open gripper."""

    rewards: NDArray[np.float32]
    """(T,)."""

    successes: NDArray[np.bool_]
    """The task's success rule as RLBench asked for it, (T + 1,)."""


class _Witness:
    """Hears of a task what RLBench keeps to itself while its expert acts."""

    def __init__(self, rules: Any, *, shaped: bool, stop: Callable[[], bool]) -> None:
        self._rules = rules
        self._shaped = shaped
        self._stop = stop
        self.stopped = False
        self.successes: list[bool] = []
        self.rewards: list[float] = []

    def observed(self) -> None:
        """An observation was made."""
        self.successes.append(False)
        if self._shaped:
            self.rewards.append(float(self._rules.reward()))

    def judged(self, success: bool) -> None:
        """The rule was asked for; RLBench does so after most observations."""
        if self.successes:
            self.successes[-1] = success

    def stepped(self) -> None:
        """The simulation was stepped; RLBench takes any error for a failed demo."""
        if self._stop():
            self.stopped = True
            raise SimulationError("The demo was interrupted.")


def perform_live_demo(
    session: Session,
    start_state: EngineState,
    config: EnvConfig,
    dtype: np.dtype[np.void],
    *,
    stop: Callable[[], bool],
    seconds: float,
) -> LiveDemo | None:
    """Let RLBench's expert try once.

    Args:
      session: chance is at the episode's start.
      start_state: what leads to that start again.
      config: the environment's.
      dtype: of an observation.
      stop: asked at every simulation step; True ends the attempt.
      seconds: which it may take; after that the simulator is started afresh.

    Returns:
      The demo; None if the expert failed or was stopped.

    Raises:
      SimulationError: the simulator could not be started again.
    """
    rules, shaped = session.rules, config.reward == "shaped"
    rules.witness = witness = _Witness(rules, shaped=shaped, stop=stop)
    started = time.monotonic()

    def get() -> Any:
        return session.task.get_demos(1, live_demos=True, max_attempts=1)

    variation = start_state["engine"]["variation"]
    try:
        session.call("choosing", session.task.set_variation, variation)
        with deadline(seconds, "A demo"):
            (demo,) = session.call("getting a demo", get)
    except (SimulationError, session.api.TaskEnvironmentError):
        session.put_back_control()
        if time.monotonic() - started >= seconds:
            # It was interrupted anywhere, and may be left in any state.
            session.restart()
        return None
    finally:
        rules.witness = None
    # Before the demo's there is the reset's.
    successes = np.array(witness.successes[-len(demo) :])
    # What RLBench returns has succeeded, though it may ask just once, at the end.
    successes[-1] = True
    # A first observation is of a start, and no step has led to it.
    successes[0] = False
    length = int(np.argmax(successes))
    if length == 0:
        return None
    rewards = successes[1 : length + 1].astype(np.float32)
    if shaped:
        shaped_rewards = witness.rewards[-len(demo) :][1 : length + 1]
        rewards = np.array(shaped_rewards, np.float32)
    return LiveDemo(
        start_state=start_state,
        descriptions=tuple(str(text) for text in rules.last_descriptions),
        observations=_observations(demo, length, config, dtype),
        actions=np.stack([_action(demo, step) for step in range(length)]),
        rewards=rewards,
        successes=successes[: length + 1],
    )


def check_live_demo_options(config: EnvConfig) -> None:
    """Raise unless RLBench's demos are episodes of such an environment.

    Raises:
      InvalidOptionError: actions that the expert does not send.
    """
    sent = {
        "arm_action_mode": "joint_position",
        "gripper_action_mode": "discrete",
        "on_invalid": "noop_penalty",
    }
    why = {
        "arm_action_mode": "RLBench's expert sends target positions of the joints",
        "gripper_action_mode": "RLBench's expert opens and closes the gripper",
        "on_invalid": "nothing that RLBench's expert sends is invalid",
    }
    for name, value in sent.items():
        if getattr(config, name) != value:
            raise InvalidOptionError(
                name,
                getattr(config, name),
                f'{value!r} in demos of engine "{config.engine}": {why[name]}',
            )


def _observations(
    demo: Any, length: int, config: EnvConfig, dtype: np.dtype[np.void]
) -> NDArray[np.void]:
    out = np.zeros(length + 1, dtype)
    fields = FieldWriter(config, config.task)
    for step in range(length + 1):
        fields.write(demo[step], out[step : step + 1])
        write_pictures(demo[step], config, out[step : step + 1])
    return out


def _action(demo: Any, step: int) -> NDArray[np.float64]:
    """What was sent between two observations."""
    told = demo[step + 1].misc[ACTION_KEY]
    joints = demo[step].joint_positions
    if len(told) != len(joints) + 1:
        # The path had just ended: the arm holds still, and only the gripper is told.
        return np.append(joints, float(told[-1]))
    return np.asarray(told, np.float64)
