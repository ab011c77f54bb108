"""Generalised advantage estimation that tells a limit from an end."""

import numpy as np
from numpy.typing import NDArray


def gae(
    rewards: NDArray[np.float32],
    values: NDArray[np.float32],
    terminals: NDArray[np.bool_],
    truncations: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    *,
    discount: float,
    trace_decay: float,
) -> NDArray[np.float32]:
    """Advantages of the steps of a rollout (Schulman et al. 2016, equations 11-16).

    With next-step autoreset the observation after an episode's last step is that
    episode's own last one, so its value is what a truncated episode goes on with; a
    terminated one goes on with nothing. Neither lets the next episode's advantages
    through.

    Args:
      rewards: (T, n) of each step.
      values: (T + 1, n) of the observation before each step, and after the last.
      terminals: (T, n) whether the task ended the episode in that step.
      truncations: (T, n) whether a limit or fault cut it off.
      valid: (T, n) False where the step is no step of an episode: a sub-env's own
        reset, or a fault. Its advantage is 0, and nothing passes through it.
      discount: gamma, per control step.
      trace_decay: lambda.

    Returns:
      (T, n) float32; added to ``values[:-1]`` they are the value function's targets.
    """
    ended = terminals | truncations
    goes_on = np.where(terminals, 0.0, values[1:])
    deltas = np.where(valid, rewards + discount * goes_on - values[:-1], 0.0)
    passes = np.where(ended | ~valid, 0.0, discount * trace_decay)
    advantages = np.zeros(rewards.shape, np.float32)
    following = np.zeros(rewards.shape[1])
    for t in range(len(rewards) - 1, -1, -1):
        following = deltas[t] + passes[t] * following
        advantages[t] = following
    return advantages
