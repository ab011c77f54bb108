"""One RLBench task as a ``gymnasium.Env``."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.camera import CAMERA_NAMES, Camera
from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines.base import Engine, EngineState
from rlbench_puffer.engines.make import make_engine
from rlbench_puffer.envs.actions import ActionScaling
from rlbench_puffer.envs.batch_env import EnvSpaces
from rlbench_puffer.envs.episodes import Episodes, allowed_variations
from rlbench_puffer.envs.observations import not_finite, numbers_of
from rlbench_puffer.errors import (
    CallOrderError,
    ClosedError,
    InvalidOptionError,
    UnknownNameError,
)
from rlbench_puffer.tasks.make import make_task

Observation = dict[str, NDArray[Any]]

RENDER_MODES = ("rgb_array",)

RENDER_CAMERA = "front"
"""What :meth:`RLBenchEnv.render` looks through."""

RENDER_SIZE = (480, 480)
"""Height and width in pixels of what :meth:`RLBenchEnv.render` returns."""

_RESET_OPTIONS = ("variation", "state", "demo")


class StartsFrom(Protocol):
    """A demo as far as ``reset(options={"demo": ...})`` reads it."""

    @property
    def task(self) -> str:
        """The task's name."""
        ...

    @property
    def start_state(self) -> EngineState:
        """What :meth:`RLBenchEnv.get_state` returned right after its reset."""
        ...


class RLBenchEnv(gymnasium.Env[Any, Any]):
    """An engine with one simulation, plus the episode limit.

    Observations are dicts with RLBench's field names, newly allocated at each call.
    ``info`` holds ``success`` always, ``variation`` and ``descriptions`` after
    ``reset``, and ``episode`` (return ``r``, length ``l``) at an episode's end.
    ``invalid_action`` says why an action could not be carried out, which only those
    can that are poses; an episode of such ends with their number, ``invalid_actions``.
    With cameras, ``reset`` also tells each one's ``<name>_camera_extrinsics`` (4, 4),
    ``<name>_camera_intrinsics`` (3, 3), near and far plane [m], as RLBench does.

    The simulator is made at the first ``reset``: spaces come from the configuration
    and the task's description alone.

    Args:
      config: what to make.
      render_mode: None, or ``"rgb_array"`` for :meth:`render`.

    Raises:
      UnknownNameError: unknown task or render mode.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": [*RENDER_MODES],
        "render_fps": round(1 / CONTROL_DT),
    }

    observation_space: gymnasium.spaces.Dict
    action_space: gymnasium.spaces.Box

    def __init__(self, config: EnvConfig, render_mode: str | None = None) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UnknownNameError("render mode", render_mode, RENDER_MODES)
        self.render_mode = render_mode
        self.config = config
        self.task = make_task(config)
        allowed_variations(config, self.task)
        spaces = EnvSpaces(self.task, config)
        self.observation_space = spaces.observation_space
        self.action_space = spaces.single_action_space
        self._scaling = ActionScaling(config, self.task.robot)
        self._row = np.zeros(1, spaces.observation_dtype)
        self._numbers = numbers_of(self._row, config.observations)
        self._only = np.array([0])
        self._has_cameras = bool(config.camera_pairs)
        self._episodes: Episodes | None = None
        self._running = False
        self._closed = False

    @property
    def episode_length(self) -> int:
        """Control steps until an episode is truncated."""
        return self.config.episode_length or self.task.episode_length

    @property
    def engine(self) -> Engine:
        """What simulates it.

        Raises:
          CallOrderError: before ``reset``.
        """
        return self._reset_episodes("engine").engine

    @property
    def episode_steps(self) -> NDArray[np.int64]:
        """Control steps of the running episode, (1,); not to be written.

        Raises:
          CallOrderError: before ``reset``.
        """
        return self._reset_episodes("episode_steps").lengths

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
          seed: starts a new stream of episodes; None goes on with the present one.
          options: ``variation``, an index that overrides the configuration's; or
            ``state``, which :meth:`get_state` returned, to go on from there; or
            ``demo``, a demo of this task, to start where it started.

        Returns:
          The observation, and info with ``success``, ``variation`` and
          ``descriptions``.

        Raises:
          UnknownNameError: an option that does not exist.
          InvalidOptionError: the task has no such variation, the demo is of another
            task, or two options that exclude each other.
          ClosedError: after ``close``.
        """
        options = options or {}
        for name in options:
            if name not in _RESET_OPTIONS:
                raise UnknownNameError("reset option", name, _RESET_OPTIONS)
        if len(options) > 1:
            raise InvalidOptionError(
                "options", sorted(options), f"one of {', '.join(_RESET_OPTIONS)}"
            )
        super().reset(seed=seed)
        episodes = self._made_episodes("reset")
        if seed is not None:
            episodes.seed(0, seed)
        if "state" in options:
            observation = self.set_state(options["state"])
        elif "demo" in options:
            observation = self.set_state(self._start_of(options["demo"]))
        else:
            variation = self._checked_variation(options.get("variation"))
            episodes.begin(self._only, [variation])
            self._running = True
            observation = self._observation(episodes)
        return observation, {
            "success": bool(episodes.engine.success[0]),
            "variation": int(episodes.engine.variations[0]),
            "descriptions": episodes.engine.descriptions(0),
            **episodes.engine.camera_info(0),
            **episodes.engine.episode_info(0),
        }

    def step(
        self, action: ArrayLike
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One action: a control step of 0.05 s, or as many as a pose takes.

        Args:
          action: (8,) in the units of ``action_space``.

        Returns:
          Observation, reward, terminated, truncated, info.

        Raises:
          InvalidActionError: wrong shape or dtype, not finite, or out of range; or a
            pose out of reach under ``on_invalid="raise"``. Nothing was simulated.
          CallOrderError: before ``reset``, or after an episode's end.
          SimulationError: an observation left the finite numbers; reset to go on.
          ClosedError: after ``close``.
        """
        episodes = self._episodes
        if episodes is None or not self._running:
            self._refuse_closed("step")
            raise CallOrderError(
                "step", "no episode is running", "Call reset() to begin one."
            )
        checked = self._scaling.check_one(action)
        episodes.advance(self._only, self._scaling.to_physical(checked))
        terminated = bool(episodes.terminations[0])
        truncated = bool(episodes.truncations[0])
        info: dict[str, Any] = {
            "success": bool(episodes.engine.success[0]),
            **episodes.step_info(0),
        }
        if terminated or truncated:
            self._running = False
            info = episodes.end_info(0)
        reward = float(episodes.rewards[0])
        return self._observation(episodes), reward, terminated, truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """What the front camera sees, (480, 480, 3) uint8; None without render mode.

        Raises:
          CallOrderError: before ``reset``.
          DisplayError: nothing draws here.
        """
        if self.render_mode is None:
            return None
        return self.picture(RENDER_CAMERA, RENDER_SIZE)

    def picture(self, camera: str, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The present state through one of RLBench's cameras, configured or not.

        Args:
          camera: RLBench's name of the camera.
          size: height and width in pixels.

        Returns:
          (height, width, 3) uint8.

        Raises:
          UnknownNameError: no such camera.
          InvalidOptionError: no such size.
          CallOrderError: before ``reset``.
          DisplayError: nothing draws here.
        """
        if camera not in CAMERA_NAMES:
            raise UnknownNameError("camera", camera, CAMERA_NAMES)
        size = Camera(size=size).size
        return self._reset_episodes("picture").engine.picture(0, camera, size)

    def get_state(self) -> EngineState:
        """The running episode's complete state; :meth:`set_state` goes on from it.

        Raises:
          CallOrderError: before ``reset``.
        """
        return self._reset_episodes("get_state").save(0)

    def set_state(self, state: EngineState) -> Observation:
        """Go on with an episode that :meth:`get_state` returned.

        What follows is bit for bit what followed there. The stream of later
        episodes stays this environment's own.

        Returns:
          The observation of that state.

        Raises:
          InvalidOptionError: none that :meth:`get_state` of an environment like this
            one returned.
          ClosedError: after ``close``.
        """
        if not isinstance(state, Mapping) or "engine" not in state:
            raise InvalidOptionError("state", state, "what get_state() returned")
        episodes = self._made_episodes("set_state")
        try:
            episodes.restore(0, state)
        except KeyError as error:
            raise InvalidOptionError(
                "state", f"one without {error}", "one of an environment made likewise"
            ) from error
        self._running = not (state["terminated"] or state["truncated"])
        return self._observation(episodes)

    def close(self) -> None:
        """Free the simulator. Calling it twice is fine."""
        if self._episodes is not None:
            self._episodes.engine.close()
        self._episodes = None
        self._running = False
        self._closed = True

    def __getstate__(self) -> dict[str, Any]:
        """For ``pickle`` and ``copy``, which cannot take a running simulator along.

        Raises:
          CallOrderError: after ``reset``.
        """
        if self._episodes is not None:
            raise CallOrderError(
                "copy or pickle",
                "a simulator is running",
                "Make another environment from env.config, and give it get_state().",
            )
        return self.__dict__

    def _refuse_closed(self, method: str) -> None:
        if self._closed:
            raise ClosedError(f"RLBenchEnv of {self.config.task}", method)

    def _made_episodes(self, method: str) -> Episodes:
        self._refuse_closed(method)
        if self._episodes is None:
            engine = make_engine(self.config, self.task, 1)
            self._episodes = Episodes(engine, self.task, self.config)
        return self._episodes

    def _reset_episodes(self, method: str) -> Episodes:
        self._refuse_closed(method)
        if self._episodes is None:
            raise CallOrderError(method, "not yet reset", "Call reset() first.")
        return self._episodes

    def _start_of(self, demo: StartsFrom) -> EngineState:
        if not hasattr(demo, "start_state"):
            raise InvalidOptionError(
                "demo", demo, "one that load_demos() or env.engine.get_demos() returned"
            )
        if demo.task != self.task.name:
            raise InvalidOptionError(
                "demo", f"a demo of {demo.task}", f"a demo of {self.task.name}"
            )
        return demo.start_state

    def _checked_variation(self, variation: int | None) -> int | None:
        count = self.task.variation_count
        if variation is None:
            return None
        whole = isinstance(variation, int | np.integer) and type(variation) is not bool
        if not whole or not 0 <= variation < count:
            raise InvalidOptionError(
                "variation",
                variation,
                f"an index below {count}, the variations of {self.task.name}",
            )
        return variation

    def _observation(self, episodes: Episodes) -> Observation:
        episodes.engine.observe(self._only, self._row)
        if self._has_cameras:
            episodes.engine.render(self._only, self._row)
        if not np.isfinite(self._numbers).all():
            self._running = False
            raise not_finite(self._row, self.config.observations)
        row = self._row[0]
        return {name: row[name].copy() for name in self.observation_space.spaces}
