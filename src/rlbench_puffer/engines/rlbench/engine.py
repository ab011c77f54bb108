"""RLBench's own tasks behind the engine seam: one simulation in one process."""

import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import POSE_MODES, EnvConfig
from rlbench_puffer.engines.base import Engine, EngineState, EnvIds
from rlbench_puffer.engines.rlbench import states
from rlbench_puffer.engines.rlbench.action_bounds import (
    normalize_quat,
    simulated_bounds,
)
from rlbench_puffer.engines.rlbench.demo import RLBenchDemo, begin_demo, rlbench_demos
from rlbench_puffer.engines.rlbench.endless import LONGEST_ACTION, EndlessActionError
from rlbench_puffer.engines.rlbench.extra_cameras import ExtraCameras
from rlbench_puffer.engines.rlbench.facts import SimulatedTask
from rlbench_puffer.engines.rlbench.live_demo import LiveDemo, perform_live_demo
from rlbench_puffer.engines.rlbench.messages import not_placed
from rlbench_puffer.engines.rlbench.observing import (
    FieldWriter,
    readable,
    write_pictures,
)
from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.engines.rlbench.streams import GlobalStreams, SeedWords, draw_words
from rlbench_puffer.errors import CallOrderError, SimulationError, unreachable_pose
from rlbench_puffer.simulator import Simulator

RESET_ATTEMPTS = 10
"""How often a reset is tried, each time with the next seed of the episode's stream."""

DEMO_SECONDS = 90.0
"""Limit of one attempt at a demo in [s]; the slowest took 19 s on a loaded machine
(3 attempts at each of 90 tasks on MuJoCo)."""


class RLBenchEngine(Engine):
    """One task of RLBench's, run by RLBench's own code.

    It draws chance from the episode's generator alone, whatever RLBench does with the
    global ones. The same seeds in the same order give the same bits (measured on
    CoppeliaSim 4.1); physics keep a little memory across resets, so that an episode
    need not equal itself in another order.

    Args:
      config: what to run.
      task: facts of the task.

    Attributes:
      reset_retries: resets that had to be tried again, in all.

    Raises:
      SimulationError: the simulator did not start, or this process has one.
      DisplayError: there is nothing to draw on.
      MissingDependencyError: RLBench or PyRep is not installed.
    """

    def __init__(self, config: EnvConfig, task: SimulatedTask) -> None:
        self.num_envs = 1
        self._config = config
        self._options = config.simulator or Simulator()
        self._facts = task
        self._shaped = config.reward == "shaped"
        self._sends_poses = config.arm_action_mode in POSE_MODES
        self._action_size = simulated_bounds(config, task.robot)[0].size
        self._fields = FieldWriter(config, task.name)
        self._streams = GlobalStreams()
        self._runs = False
        self._observation: Any = None
        self._descriptions: tuple[str, ...] = ()
        self._start: dict[str, Any] = {}
        self._actions: list[NDArray[np.float64]] = []
        self._episodes = 0
        self._retries = 0
        self.reset_retries = 0
        self.success = np.zeros(1, bool)
        self.terminated = np.zeros(1, bool)
        self.shaped_reward = np.zeros(1, np.float32)
        self.variations = np.zeros(1, np.int64)
        self.faults: dict[int, str] = {}
        self.invalid_actions: dict[int, str] = {}
        self._session = Session(readable(config, task))
        self._extra_cameras = ExtraCameras(self._session, self._options)
        # A forgotten engine frees the process's one place for a simulator. At exit
        # there is nothing to free: it ends with the process.
        self._close = weakref.finalize(self, self._session.close)
        self._close.atexit = False

    @property
    def display_description(self) -> str:
        """What is drawn on, in one line."""
        return self._session.display.description

    def reset(
        self,
        env_ids: EnvIds,
        rngs: Sequence[np.random.Generator],
        variations: Sequence[int],
    ) -> None:
        """See :meth:`Engine.reset`.

        Raises:
          SimulationError: RLBench could not place the task in ten attempts.
        """
        recycle_after = self._options.recycle_after
        if recycle_after is not None and self._episodes >= recycle_after:
            self._session.restart()
            self._episodes = 0
        self._episodes += 1
        (rng,), (variation,) = rngs, variations
        for attempt in range(RESET_ATTEMPTS):
            try:
                start = {"words": draw_words(rng), "variation": int(variation)}
                self._begin(start)
            except self._session.api.TaskEnvironmentError as error:
                self.reset_retries += 1
                if attempt == RESET_ATTEMPTS - 1:
                    raise not_placed(
                        self._config, variation, RESET_ATTEMPTS, error
                    ) from error
            else:
                self._retries = attempt
                return

    def step(self, env_ids: EnvIds, actions: NDArray[np.float64]) -> None:
        """See :meth:`Engine.step`; a CallOrderError after demos or a failed reset."""
        if not self._runs:
            raise CallOrderError("step", "no episode is running", "Call reset().")
        self.faults.clear()
        self.invalid_actions.clear()
        action = np.array(actions[0], np.float64)
        reason = normalize_quat(action) if self._sends_poses else ""
        if not reason:
            self._actions.append(action)
            reason = self._advance(action)
        if reason:
            if self._config.on_invalid == "raise":
                raise unreachable_pose(self.first_env_id, reason)
            self.invalid_actions[0] = reason

    def observe(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """See :meth:`Engine.observe`."""
        self._fields.write(self._observation, out)

    def render(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """See :meth:`Engine.render`; RLBench has drawn when it stepped."""
        write_pictures(self._observation, self._config, out)

    def camera_info(self, env_id: int) -> dict[str, Any]:
        """See :meth:`Engine.camera_info`."""
        told = {
            key: value
            for key, value in self._observation.misc.items()
            if "_camera_" in key
        }
        if any(camera.mask for _, camera in self._config.camera_pairs):
            told["mask_names"] = self._session.api.names_in_masks(self._session.rules)
        return told

    def episode_info(self, env_id: int) -> dict[str, Any]:
        """See :meth:`Engine.episode_info`: retries, and waypoints where asked for."""
        told: dict[str, Any] = {}
        if self._retries:
            told["reset_retries"] = self._retries
        if self._options.count_waypoints:
            with self._streams.active():
                waypoints = self._session.call(
                    "counting waypoints", self._session.rules.get_waypoints
                )
            told["waypoint_count"] = len(waypoints)
        return told

    def picture(
        self, env_id: int, camera: str, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """See :meth:`Engine.picture`.

        RLBench removes cameras that are not configured, so another is put in their
        place; the wrist's moves with the hand, and must be configured.

        Raises:
          DisplayError: the simulator was started without one, or the camera cannot be
            had.
        """
        configured = dict(self._config.camera_pairs).get(camera)
        if configured is not None and configured.rgb and configured.size == size:
            return getattr(self._observation, f"{camera}_rgb").copy()
        return self._extra_cameras.picture(camera, size)

    def descriptions(self, env_id: int) -> tuple[str, ...]:
        """See :meth:`Engine.descriptions`."""
        return self._descriptions

    def save_state(self, env_id: int) -> EngineState:
        """What :meth:`restore_state` replays: the episode's seed and actions."""
        length = self._config.episode_length or self._facts.episode_length
        return states.state_of_episode(
            self._start,
            self._actions,
            self._config,
            task=self._facts.name,
            room=(length, self._action_size),
        )

    def restore_state(self, env_id: int, state: EngineState) -> None:
        """Reset with the state's seed and repeat its actions; takes as long as those.

        Exact as far as the simulator repeats itself; see the class.

        Raises:
          InvalidOptionError: a state of another task or engine, or of one whose
            actions mean something else.
          SimulationError: the task could not be placed again.
        """
        start = states.start_of(state, self._facts.name)
        actions = states.actions_of(state, self._config)
        try:
            self._begin(start)
        except self._session.api.TaskEnvironmentError as error:
            raise SimulationError(
                f"RLBench could not repeat a reset that it has done: {error} Reset "
                "without a state."
            ) from error
        for action in actions:
            self._actions.append(np.array(action))
            self._advance(self._actions[-1])

    def get_demos(
        self,
        amount: int,
        *,
        variation: int = 0,
        live: bool = True,
        max_attempts: int = 10,
        seed: int = 0,
    ) -> list[RLBenchDemo]:
        """RLBench's demos of this task; the running episode is over afterwards.

        ``env.reset(options={"demo": demo})`` begins where one of them began.

        Args:
          amount: how many.
          variation: of which task variation.
          live: whether RLBench's scripted expert makes them now; else they are read
            from ``Simulator.dataset_root``.
          max_attempts: tries of the expert for each.
          seed: of the placements, or of the choice among stored ones.

        Raises:
          InvalidOptionError: the task has no such variation.
          SimulationError: the expert failed too often, or none are stored.
        """
        self._end_episode(draw_words(np.random.default_rng(seed)))
        with self._streams.active():
            demos = rlbench_demos(
                self._session, amount, variation, max_attempts if live else None
            )
        return [RLBenchDemo(self._facts.name, demo, variation) for demo in demos]

    def live_demo(
        self,
        rng: np.random.Generator,
        variation: int,
        dtype: np.dtype[np.void],
        *,
        stop: Callable[[], bool] = lambda: False,
        seconds: float = DEMO_SECONDS,
    ) -> LiveDemo | None:
        """Let RLBench's expert try from where ``reset`` would begin.

        The running episode is over afterwards.

        Args:
          rng: the only source of chance.
          variation: the task variation.
          dtype: of an observation.
          stop: asked at every simulation step; True ends the attempt.
          seconds: which it may take.

        Returns:
          The demo; None if the expert failed or was stopped.
        """
        self._start = {"words": draw_words(rng), "variation": variation}
        self._actions = []
        self._end_episode(self._start["words"])
        state = states.state_after_reset(self._start)
        with self._streams.active():
            return perform_live_demo(
                self._session, state, self._config, dtype, stop=stop, seconds=seconds
            )

    def close(self) -> None:
        """See :meth:`Engine.close`."""
        self._fields.forget()
        self._close()

    def _end_episode(self, words: SeedWords) -> None:
        self._session.mend()
        self._runs = False
        self._streams.begin(words)

    def _begin(self, start: dict[str, Any]) -> None:
        session = self._session
        self._start = start
        self._actions = []
        self._end_episode(np.asarray(start["words"]))
        variation = int(start["variation"])
        doing = f"resetting {self._facts.name}"
        with self._streams.active():
            session.call("choosing", session.task.set_variation, variation)
            if "demo" in start:
                told = begin_demo(session, start["demo"], doing)
            else:
                told = session.call(doing, session.task.reset)
        descriptions, self._observation = told
        self._descriptions = tuple(str(text) for text in descriptions)
        self._runs = True
        self.variations[0] = variation
        self.success[0] = self.terminated[0] = False
        self.shaped_reward[0] = 0.0
        self.faults.clear()
        self.invalid_actions.clear()

    def _advance(self, action: NDArray[np.float64]) -> str:
        """Step RLBench; why it refused the action, or nothing."""
        session = self._session
        rules = session.rules
        rules.steps_left = LONGEST_ACTION
        with self._streams.active(), session.without_misc:
            try:
                self._observation, reward, terminate = session.call(
                    f"stepping {self._facts.name}", session.task.step, action
                )
            except session.api.InvalidActionError as error:
                return str(error)
            except EndlessActionError as error:
                self.faults[0] = str(error)
                return ""
            finally:
                rules.steps_left = math.inf
        self.success[0] = rules.last_success[0]
        self.terminated[0] = terminate
        if self._shaped:
            self.shaped_reward[0] = reward
        return ""
