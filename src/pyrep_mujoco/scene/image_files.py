"""Pictures from files, as textures have them."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.extras import package


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """A picture as (height, width, 3 or 4); the first row is at v = 0.

    Raises:
      RuntimeError: the file is not there, or is no picture.
      MissingDependencyError: Pillow is not installed.
    """
    try:
        return _read(path.resolve(), path.stat().st_mtime_ns)
    except OSError as error:
        raise RuntimeError(
            f"The picture {str(path)!r} cannot be read: {error}. Name a file that "
            "is a picture, such as a PNG or JPEG."
        ) from error


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int) -> NDArray[np.uint8]:
    """Kept, for programs lay the same few pictures on many objects again and again."""
    del changed_ns
    pictures = package("PIL.Image", "Reading pictures", "mujoco")
    with pictures.open(path) as picture:
        alpha = "A" in picture.getbands() or "transparency" in picture.info
        pixels = np.asarray(picture.convert("RGBA" if alpha else "RGB"))
    # Files begin with the top row, textures with that at v = 0.
    pixels = np.ascontiguousarray(pixels[::-1])
    pixels.flags.writeable = False
    return pixels
