"""Environments that do nothing, at once or for a set time, in each framework's form."""

import time
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

ACTION_SPACE = gymnasium.spaces.Box(-1.0, 1.0, (8,), np.float32)
OBSERVATION_SPACES = {
    "64 floats": gymnasium.spaces.Box(-np.inf, np.inf, (64,), np.float32),
    "84x84x12 bytes": gymnasium.spaces.Box(0, 255, (84, 84, 12), np.uint8),
}


def busy(seconds: float) -> None:
    """Keep the core for a time, as a simulator does."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


class BatchedEnv:
    """n sub-envs behind ``BatchEnv``'s convention; each takes ``work_s`` [s] a step."""

    def __init__(
        self, num_envs: int, observation: str, work_s: float, *, buffers: Any
    ) -> None:
        self.num_agents = num_envs
        self.single_observation_space = OBSERVATION_SPACES[observation]
        self.single_action_space = ACTION_SPACE
        self._work_s = work_s * num_envs
        self._results = (
            buffers.observations,
            buffers.rewards,
            buffers.terminals,
            buffers.truncations,
            [],
        )

    def reset(self, seed: Any = None, episode_index: Any = 0) -> tuple[Any, list]:
        """Show ones."""
        self._results[0][:] = 1
        return self._results[0], []

    def step(self, actions: NDArray[Any]) -> tuple[Any, ...]:
        """Work, and leave the results as they are."""
        if self._work_s:
            busy(self._work_s)
        return self._results

    def step_chunk(
        self, actions: NDArray[Any], rewards: Any, terminals: Any, truncations: Any
    ) -> tuple[list, int]:
        """The same for each action."""
        for inner in actions:
            self.step(inner)
        rewards[:], terminals[:], truncations[:] = 0.0, False, False
        return [], 0

    def close(self) -> None:
        """Nothing to free."""


class SingleEnv(gymnasium.Env[Any, Any]):
    """One sub-env for the frameworks that run one in each process."""

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's name and form
    render_mode = None

    def __init__(self, observation: str, work_s: float) -> None:
        self.observation_space = OBSERVATION_SPACES[observation]
        self.action_space = ACTION_SPACE
        self._work_s = work_s
        space = self.observation_space
        self._observation = np.ones(space.shape or (), space.dtype)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Show ones."""
        return self._observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Work, and show ones."""
        if self._work_s:
            busy(self._work_s)
        return self._observation, 0.0, False, False, {}
