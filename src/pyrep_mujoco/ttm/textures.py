"""Textures: pictures that lie on meshes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.values import byte, numbers, text


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A picture."""

    id: int
    """By which meshes of the file refer to it."""
    name: str
    """Name of the picture."""
    pixels: NDArray[np.uint8]
    """(height, width, 3 or 4) rgb or rgba; the first row is at v = 0; read-only."""


_ALPHA = 0x01


def read_texture(section: Chunk) -> Texture:
    """A section ``TEX``."""
    record = read_section(
        section,
        {
            "Ipa": numbers("3i"),
            "Gon": text,
            "Bst": byte,
            "Img": lambda chunk: (chunk.start, chunk.end),
        },
    )
    id_, width, height = record["Ipa"]
    channels = 4 if record["Bst"] & _ALPHA else 3
    start, end = record["Img"]
    if min(width, height) < 1 or width * height * channels != end - start:
        raise section.error(
            f"A picture of {width} by {height} with {channels} channels was expected; "
            f"{end - start} bytes came"
        )
    # A copy, for a view would keep the whole body alive.
    pixels = np.frombuffer(section.body, np.uint8, end - start, start).copy()
    pixels.flags.writeable = False
    return Texture(id_, record.get("Gon", ""), pixels.reshape(height, width, channels))
