"""Counts of what Gymnasium's workers did; they keep no books themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class GymAccounts:
    """Steps, episodes and returns, counted from what the workers answered.

    Args:
      num_envs: how many sub-envs.
    """

    def __init__(self, num_envs: int) -> None:
        self._over = np.zeros(num_envs, bool)
        self._steps = 0
        self._autoresets = 0
        self._episodes = 0
        self._ignored = 0
        self._return_sum = 0.0
        self._invalid = 0

    def reset(self) -> None:
        """Every sub-env has begun a new episode."""
        self._over = np.zeros(len(self._over), bool)

    def stepped(
        self,
        terminals: NDArray[np.bool_],
        truncations: NDArray[np.bool_],
        infos: Sequence[dict[str, Any]],
    ) -> None:
        """Count one round trip or a whole chunk.

        Args:
          terminals: (K, num_envs); a sub-env ignores what comes after its end.
          truncations: (K, num_envs) likewise.
          infos: what was told in it.
        """
        ended = np.logical_or(terminals, truncations)
        # Inner steps before and up to the end count, later ones are ignored.
        ignored = int((np.cumsum(ended, axis=0) - ended > 0).sum())
        resets = int(self._over.sum())
        self._ignored += ignored
        self._autoresets += resets
        self._steps += ended.size - ignored - resets
        self._episodes += int(ended.sum())
        self._over = np.logical_or.reduce(ended, axis=0)
        self._return_sum += sum(i["episode"]["r"] for i in infos if "episode" in i)
        self._invalid += sum("invalid_action" in info for info in infos)

    def totals(self) -> dict[str, float]:
        """The sums, by the names that all backends use."""
        return {
            "steps": self._steps,
            "autoresets": self._autoresets,
            "ignored_actions": self._ignored,
            "lost_actions": 0,
            "episodes": self._episodes,
            "lost_episodes": 0,
            "return_sum": self._return_sum,
            "invalid_actions": self._invalid,
            "restarts": 0,
        }
