"""Frame stacks: the last pictures of each sub-env's own episode.

Where an episode is younger than a stack is deep, its first picture stands in for those
that there never were; no picture of another episode is ever among them.
"""

import numpy as np
from numpy.typing import NDArray


class FrameStack:
    """The last frames of n sub-envs, for acting.

    Args:
      num_envs: n.
      frame_shape: (height, width, channels).
      depth: frames that are seen at once.

    Attributes:
      frames: (n, depth, height, width, channels) uint8, the oldest first.
    """

    def __init__(
        self, num_envs: int, frame_shape: tuple[int, int, int], depth: int
    ) -> None:
        self.frames = np.zeros((num_envs, depth, *frame_shape), np.uint8)
        self._newest = np.zeros((num_envs, *frame_shape), np.uint8)

    @property
    def newest(self) -> NDArray[np.uint8]:
        """(n, height, width, channels) to write the next frames into."""
        return self._newest

    def push(self, begins: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Take in what was written into ``newest``.

        Args:
          begins: (n,) whether it is the first of an episode.

        Returns:
          ``frames``, valid until the next call.
        """
        self.frames[:, :-1] = self.frames[:, 1:]
        self.frames[:, -1] = self._newest
        self.frames[begins] = self._newest[begins, None]
        return self.frames


class FrameBuffer:
    """The frames of a rollout, each kept once, however deep stacks are.

    Times run from 0 to T; time T of one rollout is time 0 of the next. Before time 0
    lie the ``depth - 1`` frames that stacks reach back to.

    Args:
      num_steps: T.
      num_envs: n.
      frame_shape: (height, width, channels).
      depth: frames in a stack.

    Attributes:
      frames: (depth - 1 + T + 1, n, height, width, channels) uint8.
      ages: (T + 1, n) how many frames of its own episode came before each, as far as
        stacks reach.
    """

    def __init__(
        self,
        num_steps: int,
        num_envs: int,
        frame_shape: tuple[int, int, int],
        depth: int,
    ) -> None:
        self._steps = num_steps
        self._depth = depth
        times = depth - 1 + num_steps + 1
        self.frames = np.zeros((times, num_envs, *frame_shape), np.uint8)
        self.ages = np.zeros((num_steps + 1, num_envs), np.int64)

    def at(self, time: int) -> NDArray[np.uint8]:
        """(n, height, width, channels) where the frames of a time are written."""
        return self.frames[self._depth - 1 + time]

    def begin(self) -> None:
        """Time 0 is the start of an episode in every sub-env."""
        self.ages[0] = 0

    def roll(self) -> None:
        """Begin the next rollout where this one ended."""
        # One by one: in short rollouts of deep stacks the two parts overlap.
        for index in range(self._depth):
            self.frames[index] = self.frames[self._steps + index]
        self.ages[0] = self.ages[self._steps]

    def advance(self, time: int, begins: NDArray[np.bool_]) -> None:
        """Tell which frames of a time, 1 or later, are the first of an episode.

        Args:
          time: whose frames were written.
          begins: (n,).
        """
        older = np.minimum(self.ages[time - 1] + 1, self._depth - 1)
        self.ages[time] = np.where(begins, 0, older)

    def total(self) -> tuple[NDArray[np.float64], int]:
        """The frames of times 0 to T - 1 added up, and how many they are.

        Returns:
          (height, width, channels), exact; and T times n.
        """
        seen = self.frames[self._depth - 1 : self._depth - 1 + self._steps]
        total = seen.sum((0, 1), dtype=np.uint64).astype(np.float64)
        return total, seen.shape[0] * seen.shape[1]

    def stacked(self, time: int) -> NDArray[np.uint8]:
        """All stacks of a time, (n, depth, height, width, channels)."""
        if self._depth == 1:
            return self.at(time)[:, None]
        num_envs = self.ages.shape[1]
        chosen = np.zeros((self._steps + 1, num_envs), bool)
        chosen[time] = True
        return self.flat[self.rows(chosen)]

    @property
    def flat(self) -> NDArray[np.uint8]:
        """(rows, height, width, channels), what :meth:`rows` counts; a view."""
        return self.frames.reshape(-1, *self.frames.shape[2:])

    def rows(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Which rows of ``flat`` make up the stacks of some steps.

        Args:
          chosen: (T, n) or (T + 1, n) the steps wanted.

        Returns:
          (k, depth) in the order of ``numpy.nonzero``, the oldest frame first.
        """
        times, env_ids = np.nonzero(chosen)
        back = np.arange(self._depth - 1, -1, -1)
        ages = self.ages[times, env_ids]
        newest = self._depth - 1 + times
        rows = newest[:, None] - np.minimum(back, ages[:, None])
        return rows * self.ages.shape[1] + env_ids[:, None]
