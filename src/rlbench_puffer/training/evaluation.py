"""How good a policy is: whole episodes, always the same ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.vector.base import VecEnv

Act = Callable[[NDArray[Any]], NDArray[np.float32]]
"""Actions (n, 8) in [-1, 1] for raw observations (n, ...)."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Outcome of one episode of each sub-env."""

    episodes: int
    """How many ended as episodes do; those that a fault ended are left out."""

    success_once: float
    """Share of episodes in which the task's rule held at some step."""

    success_at_end: float
    """Share in which it held at the last step. Tasks that end at success give the
    same number twice."""

    mean_return: float
    """Mean of the summed rewards."""

    mean_length: float
    """Mean number of control steps."""


def evaluate(vec: VecEnv, act: Act, seed: int) -> Evaluation:
    """Run one episode in every sub-env, all from the start.

    No sub-env's second episode counts: short episodes would crowd out the long ones.

    Args:
      vec: whole batches.
      act: the policy.
      seed: of the episodes; the same seed gives the same episodes.
    """
    observations, _ = vec.reset(seed)
    running = np.ones(vec.num_envs, bool)
    ever = np.zeros(vec.num_envs, bool)
    ends: dict[int, dict[str, Any]] = {}
    while running.any():
        observations, _, terminals, truncations, infos = vec.step(act(observations))
        ever |= terminals & running
        for info in infos:
            env_id = info["env_id"]
            if running[env_id] and "episode" in info and "fault" not in info:
                ends[env_id] = info
                ever[env_id] |= info["success"]
        running &= ~(terminals | truncations)
    at_end = [info["success"] for info in ends.values()]
    once = [bool(ever[env_id]) for env_id in ends]
    episodes = [info["episode"] for info in ends.values()]

    def mean(values: list[Any]) -> float:
        return float(np.mean(values)) if values else 0.0

    return Evaluation(
        episodes=len(ends),
        success_once=mean(once),
        success_at_end=mean(at_end),
        mean_return=mean([episode["r"] for episode in episodes]),
        mean_length=mean([episode["l"] for episode in episodes]),
    )
