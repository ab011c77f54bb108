"""Running means and variances that keep observations and rewards near one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.distributed.group import OneRank, RankGroup

_EPSILON = 1e-8
LIMIT = 10.0
"""Normalised numbers are cut off at this many standard deviations."""


class RunningMoments:
    """Mean and variance of all rows seen, by Chan's parallel update.

    Args:
      size: numbers in a row.
      ranks: whose rows count together; every rank then has the same moments.
    """

    def __init__(self, size: int, ranks: RankGroup | None = None) -> None:
        self._ranks = ranks or OneRank()
        self.mean = np.zeros(size)
        self.variance = np.ones(size)
        self.count = 0.0

    def update(self, rows: NDArray[Any]) -> None:
        """Take in (k, size) rows, and those of the other ranks."""
        rows = rows.astype(np.float64, copy=False)
        sums = self._ranks.sum(np.array([len(rows), *rows.sum(axis=0)]))
        count = float(sums[0])
        if not count:
            return
        mean = sums[1:] / count
        squares = np.square(rows - mean).sum(axis=0)
        variance = self._ranks.sum(squares) / count
        total = self.count + count
        offset = mean - self.mean
        spread = self.variance * self.count + variance * count
        spread += offset**2 * self.count * count / total
        self.mean = self.mean + offset * count / total
        self.variance = spread / total
        self.count = total

    def state(self) -> dict[str, Any]:
        """Everything that decides how it goes on."""
        return {"mean": self.mean, "variance": self.variance, "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        self.mean = np.array(state["mean"], np.float64)
        self.variance = np.array(state["variance"], np.float64)
        self.count = float(state["count"])


class ObservationNormalizer(RunningMoments):
    """Rows minus their mean, over their deviation, within plus and minus 10."""

    def __call__(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Normalised (k, size) rows, a new float32 array."""
        scaled = (rows - self.mean) / np.sqrt(self.variance + _EPSILON)
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)


class RewardNormalizer:
    """Rewards over the deviation of the discounted return, as OpenAI's baselines do.

    The mean stays: taking it away would change what is best.

    Args:
      num_envs: sub-envs, each with a return of its own.
      discount: gamma.
      ranks: whose returns count together.
    """

    def __init__(
        self, num_envs: int, discount: float, ranks: RankGroup | None = None
    ) -> None:
        self._discount = discount
        self._returns = np.zeros(num_envs)
        self._moments = RunningMoments(1, ranks)

    def __call__(
        self,
        rewards: NDArray[np.float32],
        ended: NDArray[np.bool_],
        valid: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Take in a rollout and normalise it.

        Args:
          rewards: (T, n).
          ended: (T, n) whether the sub-env's episode ended in that step.
          valid: (T, n) False for steps that are no steps of an episode.

        Returns:
          (T, n) float32.
        """
        returns = np.empty(rewards.shape)
        for t, row in enumerate(rewards):
            self._returns = self._returns * self._discount + row
            returns[t] = self._returns
            self._returns = np.where(ended[t], 0.0, self._returns)
        self._moments.update(returns[valid][:, None])
        deviation = np.sqrt(self._moments.variance[0] + _EPSILON)
        return np.clip(rewards / deviation, -LIMIT, LIMIT).astype(np.float32)

    def begin(self) -> None:
        """All sub-envs begin a new episode."""
        self._returns[:] = 0.0

    def state(self) -> dict[str, Any]:
        """Everything that decides how it goes on, when all episodes begin anew."""
        return self._moments.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        self._moments.restore(state)
        self.begin()
