"""The engine seam: n simulations of one task, stepped together."""

import abc
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

EnvIds = NDArray[np.intp]
"""Sorted indices of sub-envs within one engine, (k,)."""

EngineState = dict[str, Any]
"""One simulation's complete state; what :meth:`Engine.save_state` returns."""


def rows_of(env_ids: EnvIds, num_envs: int) -> EnvIds | slice:
    """What indexes these sub-envs' rows: a slice where they follow one another.

    Indexing by a slice makes views where indexing by an array copies. The common case
    of a step is that every sub-env steps, that of a reset that one does.
    """
    count = len(env_ids)
    if count == num_envs:
        return slice(None)
    if count and env_ids[-1] - env_ids[0] == count - 1:
        first = int(env_ids[0])
        return slice(first, first + count)
    return env_ids


class Engine(abc.ABC):
    """n simulations of one task.

    An engine knows physics and the task's rules. It knows nothing of episodes,
    time limits, autoreset, rewards' bookkeeping, seeds of a vector environment
    or processes: those are the environment's and the backend's.

    Attributes:
      num_envs: how many simulations it holds.
      success: (num_envs,) bool, the task's own success rule at the present state.
      terminated: (num_envs,) bool, whether the task ends the episode at the
        present state; success always does.
      shaped_reward: (num_envs,) float32, the task's dense reward of the last
        control step; meaningful only when it was asked for.
      variations: (num_envs,) int64, the task variation of each running episode.
      faults: text per sub-env whose simulation failed in the last call; its
        observation stays finite, and it must be reset before it goes on.
      invalid_actions: text per sub-env whose action could not be carried out in the
        last step, which simulated one control step of standing still for it at most.
      first_env_id: number of the first sub-env in its vector environment, for
        messages.
    """

    num_envs: int
    success: NDArray[np.bool_]
    terminated: NDArray[np.bool_]
    shaped_reward: NDArray[np.float32]
    variations: NDArray[np.int64]
    faults: dict[int, str]
    invalid_actions: dict[int, str]
    first_env_id: int = 0

    @abc.abstractmethod
    def reset(
        self,
        env_ids: EnvIds,
        rngs: Sequence[np.random.Generator],
        variations: Sequence[int],
    ) -> None:
        """Start new episodes in some simulations.

        The state afterwards depends on the generator and the variation alone,
        never on what ran before.

        Args:
          env_ids: (k,) the sub-envs.
          rngs: k generators, each the only source of chance of its episode.
          variations: k task variations.
        """

    @abc.abstractmethod
    def step(self, env_ids: EnvIds, actions: NDArray[np.float64]) -> None:
        """Advance some simulations by one action.

        That is one control step, or as many as an action takes whose arm action mode
        is one of poses.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, action_dim) in physical units, finite and within bounds;
            the environment has checked them.

        Raises:
          InvalidActionError: an action cannot be carried out and the configuration
            says to raise; nothing was simulated.
        """

    @abc.abstractmethod
    def observe(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """Write observations into an array that the caller owns.

        Args:
          env_ids: (k,) the sub-envs.
          out: (num_envs,) structured array with one field per observation;
            the rows ``env_ids`` are written and no others.
        """

    @abc.abstractmethod
    def render(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """Write the cameras' pictures into an array that the caller owns.

        Only what the configuration asks for is drawn.

        Args:
          env_ids: (k,) the sub-envs.
          out: (num_envs,) structured array with a field for each picture; the rows
            ``env_ids`` are written and no others.
        """

    @abc.abstractmethod
    def camera_info(self, env_id: int) -> dict[str, Any]:
        """Where the cameras of one sub-env stand and how they see.

        Returns:
          For each configured camera RLBench's ``<name>_camera_extrinsics`` (4, 4),
          ``<name>_camera_intrinsics`` (3, 3), ``<name>_camera_near`` and
          ``<name>_camera_far`` [m]; with any mask ``mask_names``, what each number
          of it stands for. Empty without cameras.
        """

    def episode_info(self, env_id: int) -> dict[str, Any]:
        """What else is to be known of a sub-env's episode that has just begun."""
        del env_id
        return {}

    @abc.abstractmethod
    def picture(
        self, env_id: int, camera: str, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """One sub-env through one of RLBench's cameras, configured or not.

        Args:
          env_id: the sub-env.
          camera: RLBench's name of the camera.
          size: height and width in pixels.

        Returns:
          (height, width, 3) uint8, newly allocated, row 0 on top.
        """

    @abc.abstractmethod
    def descriptions(self, env_id: int) -> tuple[str, ...]:
        """Sentences that describe the goal of a sub-env's present episode."""

    @abc.abstractmethod
    def save_state(self, env_id: int) -> EngineState:
        """Everything that decides how one simulation goes on, as plain arrays."""

    @abc.abstractmethod
    def restore_state(self, env_id: int, state: EngineState) -> None:
        """Put one simulation into a state that :meth:`save_state` returned."""

    @abc.abstractmethod
    def close(self) -> None:
        """Free the simulations. Calling it twice is fine."""
