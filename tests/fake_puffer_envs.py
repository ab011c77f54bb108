"""Native PufferLib environments that are not ours, one of them broken."""

from typing import Any

import gymnasium
import numpy as np
import pufferlib


class Foreign(pufferlib.PufferEnv):
    """Somebody's native environment: one seed, no chunks, no env_id."""

    def __init__(self, buf: Any = None) -> None:
        self.single_observation_space = gymnasium.spaces.Box(0, 2**31, (1,))
        self.single_action_space = gymnasium.spaces.Discrete(3)
        self.num_agents = 2
        super().__init__(buf)

    def reset(self, seed: int = 0) -> tuple[Any, list[dict[str, Any]]]:
        """Show the seed."""
        self.observations[:] = np.random.default_rng(seed).integers(1000)
        return self.observations, []

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, list[dict[str, Any]]]:
        """Show the actions."""
        self.observations[:, 0] = actions
        told = [{"score": 1.0}]
        return self.observations, self.rewards, self.terminals, self.truncations, told

    def close(self) -> None:
        """Nothing to free."""


class Broken(Foreign):
    """Cannot be built."""

    def __init__(self, buf: Any = None) -> None:
        raise ValueError("no simulator here")
