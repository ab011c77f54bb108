"""The parent's knowledge of which episode each sub-env is in.

A replaced worker goes on with the episode after the lost one, drawn from the same
stream, so every later episode is the one it would have been.
"""

import numpy as np
from numpy.typing import NDArray


class EpisodeTracker:
    """Counts episodes from the flags that the parent delivers.

    Attributes:
      indices: (num_workers, envs_per_worker) int64, the running episode.
      any_over: for each worker whether one of its sub-envs resets next.

    Args:
      indices: where to keep the indices; workers read them when they reset.
    """

    def __init__(self, indices: NDArray[np.int64]) -> None:
        self.indices = indices
        self.any_over = [False] * len(indices)
        self._over = np.zeros(indices.shape, bool)

    def restart_all(self) -> None:
        """Every sub-env begins episode 0 of a new stream."""
        self.indices[:] = 0
        self._over[:] = False
        self.any_over = [False] * len(self.any_over)

    def stepped(self, worker: int, ended: NDArray[np.bool_] | None) -> None:
        """A worker's step or chunk was received.

        Args:
          worker: which one.
          ended: (envs_per_worker,) whose episode ended in it; None for nobody's.
        """
        if self.any_over[worker]:
            self.indices[worker] += self._over[worker]
        if ended is None:
            if self.any_over[worker]:
                self._over[worker] = False
                self.any_over[worker] = False
        else:
            self._over[worker] = ended
            self.any_over[worker] = True

    def lost(self, worker: int) -> None:
        """All running episodes of a worker, or those about to begin, are lost."""
        self.indices[worker] += self._over[worker]
        self.indices[worker] += 1
        self._over[worker] = False
        self.any_over[worker] = False
