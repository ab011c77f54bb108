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


class Version3Env:
    """Emulated as in PufferLib 3: its row comes with the constructor's ``buf``."""

    num_agents = 1
    single_observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    single_action_space = gymnasium.spaces.Discrete(3)
    emulated = {  # noqa: RUF012 - a dict there, a namespace in PufferLib 2
        "observation_dtype": np.dtype(np.float32),
        "emulated_observation_dtype": np.dtype([("a", np.float32), ("b", np.float32)]),
    }

    def __init__(self, buf: Any = None) -> None:
        self.done = True
        self._row = buf
        self._steps = 0

    def reset(self, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode of two steps."""
        self.done, self._steps = False, 0
        return self._show(0, False)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Show the action."""
        self._steps += 1
        self.done = self._steps == 2
        row, info = self._show(int(action[0]), self.done)
        return row, 0.0, self.done, False, info

    def close(self) -> None:
        """Nothing to free."""

    def _show(self, action: int, done: bool) -> tuple[Any, dict[str, Any]]:
        self._row["observations"][0] = (self._steps, action)
        self._row["rewards"][0] = 0.0
        self._row["terminals"][0] = done
        self._row["truncations"][0] = False
        return self._row["observations"][0], {"steps": self._steps}
