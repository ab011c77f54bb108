"""What a vector environment gives back, as bytes to be compared."""

import numpy as np

from rlbench_puffer.vector.base import VecEnv


def nothing(vec: VecEnv) -> np.ndarray:
    """An action that does nothing, of every sub-env."""
    return np.zeros(vec.action_space.shape or (), np.float32)


def rows(vec: VecEnv, steps: int) -> list[bytes]:
    """Observations and rewards of a reset and of random steps; closes it."""
    seen = [vec.reset(seed=3)[0].tobytes()]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        actions = rng.uniform(-1, 1, nothing(vec).shape).astype(np.float32)
        observations, rewards, *_ = vec.step(actions)
        seen.append(observations.tobytes() + rewards.tobytes())
    vec.close()
    return seen
