"""What a policy sees while it acts: numbers normalised, pictures stacked."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.training.frames import FrameStack
from rlbench_puffer.training.normalization import ObservationNormalizer
from rlbench_puffer.training.observations import ObservationReader, Seen


class Eyes:
    """Follows n sub-envs from the start of their episodes on.

    Args:
      reader: of the observations.
      normalizer: of the numbers among them.
      num_envs: n.
      frame_stack: frames seen at once.
    """

    def __init__(
        self,
        reader: ObservationReader,
        normalizer: ObservationNormalizer,
        num_envs: int,
        frame_stack: int,
    ) -> None:
        self._reader = reader
        self._normalizer = normalizer
        self._stack = None
        if reader.frame_shape is not None:
            self._stack = FrameStack(num_envs, reader.frame_shape, frame_stack)

    def __call__(
        self,
        structured: NDArray[np.void],
        begins: NDArray[np.bool_],
        drawn: NDArray[np.void] | None = None,
    ) -> Seen:
        """Look at the next observation of every sub-env.

        Args:
          structured: (n,) observations by field name.
          begins: (n,) whether it is the first of an episode.
          drawn: (n,) observations that hold the pictures, if those do not.

        Returns:
          What the policy sees, valid until the next call.
        """
        numbers = self._normalizer(self._reader.numbers(structured))
        if self._stack is None:
            return Seen(numbers)
        shown = structured if drawn is None else drawn
        self._reader.read_frames(shown, self._stack.newest)
        return Seen(numbers, self._stack.push(begins))
