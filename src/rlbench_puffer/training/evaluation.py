"""How good a policy is: whole episodes, always the same ones."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.distributed.group import OneRank, RankGroup
from rlbench_puffer.vector.base import VecEnv

Act = Callable[[NDArray[Any], NDArray[np.bool_]], NDArray[np.float32]]
"""Actions (n, 8) in [-1, 1] for raw observations (n, ...), told which of them (n,) are
the first of an episode."""

Watch = Callable[[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]], None]
"""Told the observations (n, ...), which sub-envs (n,) are in their episode or at its
end, and in which of them (n,) it has just ended."""


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


def evaluate(
    vec: VecEnv | None,
    act: Act,
    seed: int | Sequence[int],
    ranks: RankGroup | None = None,
    watch: Watch | None = None,
) -> Evaluation:
    """Run one episode in every sub-env, all from the start.

    No sub-env's second episode counts: short episodes would crowd out the long ones.

    Args:
      vec: whole batches; None on a rank that has no share in it.
      act: the policy.
      seed: of the episodes; the same seed gives the same episodes. Where there are
        more seeds than sub-envs, these play them in rounds, each begun together.
      ranks: whose episodes count together.
      watch: called at every observation.
    """
    ended: list[tuple[float, float, float, float]] = []
    if vec is not None:
        for seeds in _rounds(seed, vec.num_envs):
            ended += _episodes(vec, act, seeds, watch)
    ended = [one for of_rank in (ranks or OneRank()).gather(ended) for one in of_rank]

    def mean(column: int) -> float:
        return float(np.mean([one[column] for one in ended])) if ended else 0.0

    return Evaluation(
        episodes=len(ended),
        success_once=mean(0),
        success_at_end=mean(1),
        mean_return=mean(2),
        mean_length=mean(3),
    )


def _rounds(
    seed: int | Sequence[int], num_envs: int
) -> list[int] | list[Sequence[int]]:
    """What is begun together: a seed for all, or a seed for each."""
    if isinstance(seed, int):
        return [seed]
    return [seed[first : first + num_envs] for first in range(0, len(seed), num_envs)]


def _episodes(
    vec: VecEnv, act: Act, seed: int | Sequence[int], watch: Watch | None
) -> list[tuple[float, float, float, float]]:
    """Success once, success at the end, return and length of each episode."""
    running = np.ones(vec.num_envs, bool)
    if not isinstance(seed, int):
        # Sub-envs that the last round leaves over run along and count for nothing.
        running[len(seed) :] = False
        seed = [*seed, *[seed[0]] * (vec.num_envs - len(seed))]
    observations, _ = vec.reset(seed)
    begins = np.ones(vec.num_envs, bool)
    ever = np.zeros(vec.num_envs, bool)
    over = np.zeros(vec.num_envs, bool)
    ends: dict[int, dict[str, Any]] = {}
    if watch is not None:
        watch(observations, running, over)
    while running.any():
        actions = act(observations, begins)
        begins = over
        observations, _, terminals, truncations, infos = vec.step(actions)
        over = terminals | truncations
        ever |= terminals & running
        for info in infos:
            env_id = info["env_id"]
            if running[env_id] and "episode" in info and "fault" not in info:
                ends[env_id] = info
                ever[env_id] |= info["success"]
        if watch is not None:
            watch(observations, running, over)
        running &= ~over
    return [
        (
            float(ever[env_id]),
            float(info["success"]),
            float(info["episode"]["r"]),
            float(info["episode"]["l"]),
        )
        for env_id, info in ends.items()
    ]
