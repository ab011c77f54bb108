"""What a policy looks at: numbers and pictures, read out of flat observations."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a policy sees of n sub-envs."""

    numbers: NDArray[np.float32]
    """(n, size) normalised."""

    pictures: NDArray[np.uint8] | None = None
    """(n, depth, height, width, channels), the oldest frame first, or None."""


class ObservationReader:
    """Splits observations into numbers and one frame of all cameras.

    Args:
      dtype: structured dtype of one observation.
      names: low-dimensional fields to read, in order; may be empty.
      cameras: whose colours to read; all of one size.

    Attributes:
      size: how many numbers.
      frame_shape: (height, width, 3 for each camera), or None without cameras.
    """

    def __init__(
        self, dtype: np.dtype[np.void], names: Sequence[str], cameras: Sequence[str]
    ) -> None:
        self._dtype = dtype
        self._names = tuple(names)
        self._pictures = tuple(f"{camera}_rgb" for camera in cameras)
        shapes = [dtype[name].shape for name in self._names]
        self.size = int(sum(np.prod(shape, dtype=int) for shape in shapes))
        self.frame_shape: tuple[int, int, int] | None = None
        if self._pictures:
            height, width, colors = dtype[self._pictures[0]].shape
            self.frame_shape = (height, width, colors * len(self._pictures))

    def structured(self, observations: NDArray[Any]) -> NDArray[np.void]:
        """Flat observations (n, ...) by field name, (n,); a view."""
        return observations.view(self._dtype)[:, 0]

    def numbers(self, structured: NDArray[np.void]) -> NDArray[np.float32]:
        """The numbers, (n, size); a copy."""
        if not self._names:
            return np.empty((len(structured), 0), np.float32)
        return np.concatenate([structured[name] for name in self._names], axis=1)

    def read_frames(self, structured: NDArray[np.void], out: NDArray[np.uint8]) -> None:
        """Copy the cameras' colours side by side into (n, *frame_shape)."""
        for index, name in enumerate(self._pictures):
            out[..., 3 * index : 3 * index + 3] = structured[name]
