"""The fake as Gymnasium's vector environment takes it, and the fakes' spaces.

A file of its own, for workers import what they are told to make: only those of
``gym`` need Gymnasium, and none needs all the backends.
"""

from typing import Any

import gymnasium
import numpy as np

from fakes import ACTION_SIZE, OBSERVATION_SIZE, CountingEnv
from rlbench_puffer.vector.hosting import HostBuffers

OBSERVATION_SPACE = gymnasium.spaces.Box(-np.inf, np.inf, (OBSERVATION_SIZE,))
ACTION_SPACE = gymnasium.spaces.Box(-1.0, 1.0, (ACTION_SIZE,))


class SingleEnv(gymnasium.Env[Any, Any]):
    """One sub-env of a fake as a ``gymnasium.Env``, for AsyncVectorEnv."""

    observation_space = OBSERVATION_SPACE
    action_space = ACTION_SPACE

    def __init__(
        self, env_class: type[CountingEnv], env_id: int, options: dict[str, Any]
    ) -> None:
        self.buffers = HostBuffers(
            observations=np.zeros((1, OBSERVATION_SIZE), np.float32),
            rewards=np.zeros(1, np.float32),
            terminals=np.zeros(1, bool),
            truncations=np.zeros(1, bool),
            masks=np.zeros(1, bool),
            actions=np.zeros((1, ACTION_SIZE), np.float32),
        )
        self._env = env_class(1, env_id, buffers=self.buffers, **options)
        self._seed = 0
        self._episode = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode of the stream, or the first of a new one."""
        self._episode = 0 if seed is not None else self._episode + 1
        self._seed = self._seed if seed is None else seed
        observations, infos = self._env.reset([self._seed], self._episode)
        return observations[0].copy(), {**infos[0], "descriptions": ("count",)}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the fake."""
        observations, rewards, terminals, truncations, infos = self._env.step(
            np.asarray(action)[None]
        )
        return (
            observations[0].copy(),
            float(rewards[0]),
            bool(terminals[0]),
            bool(truncations[0]),
            infos[0] if infos else {},
        )
