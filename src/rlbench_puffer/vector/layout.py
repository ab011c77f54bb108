"""What a vector environment looks like from outside: counts and spaces."""

import dataclasses
from typing import Any

import gymnasium
import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class VecLayout:
    """Counts and spaces of one vector environment; starts nothing."""

    num_envs: int
    """All sub-envs."""

    num_workers: int
    """Processes they are shared out to, or 1 when there are none."""

    batch_size: int
    """Sub-envs that one ``recv`` returns."""

    single_observation_space: gymnasium.spaces.Box
    """The flat space of one sub-env's observation."""

    single_action_space: gymnasium.Space[Any]
    """The space of one sub-env's action."""

    emulated: Any
    """PufferLib's namespace with ``observation_dtype`` and
    ``emulated_observation_dtype``, or False for a native environment."""

    structured_space: gymnasium.spaces.Dict | None = None
    """The Dict space that the flat observation stands for, where it is known."""

    episode_length: int | None = None
    """Control steps until an episode is truncated, where it is known."""

    takes_chunks: bool = True
    """Whether the sub-envs can run a chunk of actions at once."""

    raises_invalid_actions: bool = False
    """Whether an action that a sub-env could not carry out raises here."""

    @property
    def envs_per_worker(self) -> int:
        """Sub-envs of one worker."""
        return self.num_envs // self.num_workers

    @property
    def workers_per_batch(self) -> int:
        """Workers that one ``recv`` returns."""
        return self.batch_size // self.envs_per_worker

    @property
    def action_dtype(self) -> np.dtype[Any]:
        """Dtype of the action buffer; PufferLib keeps discrete actions as int32."""
        space = self.single_action_space
        if isinstance(space, gymnasium.spaces.Box):
            return np.dtype(space.dtype)
        return np.dtype(np.int32)


class DriverEnv:
    """Stands where PufferLib expects an environment to ask for spaces.

    It simulates nothing: policies read their sizes from it, and no simulator
    starts in the parent process.

    Args:
      layout: the vector environment it speaks for.
    """

    num_agents = 1
    render_mode = None

    def __init__(self, layout: VecLayout) -> None:
        self.single_observation_space = layout.single_observation_space
        self.single_action_space = layout.single_action_space
        self.observation_space = layout.single_observation_space
        self.action_space = layout.single_action_space
        self.structured_space = layout.structured_space
        self.emulated = layout.emulated

    @property
    def env(self) -> "DriverEnv":
        """PufferLib's way to the environment behind the emulation."""
        return self

    def close(self) -> None:
        """Nothing to free."""


def joint_space(space: gymnasium.Space[Any], count: int) -> gymnasium.Space[Any]:
    """The space of ``count`` rows of ``space``, as PufferLib builds it."""
    if isinstance(space, gymnasium.spaces.Discrete):
        return gymnasium.spaces.MultiDiscrete([int(space.n)] * count)
    if isinstance(space, gymnasium.spaces.MultiDiscrete):
        high = np.repeat(space.nvec[None] - 1, count, axis=0)
        return gymnasium.spaces.Box(0, high, dtype=np.int64)
    if isinstance(space, gymnasium.spaces.Box):
        return gymnasium.spaces.Box(
            np.repeat(space.low[None], count, axis=0),
            np.repeat(space.high[None], count, axis=0),
            dtype=space.dtype.type,
        )
    return gymnasium.vector.utils.batch_space(space, count)
