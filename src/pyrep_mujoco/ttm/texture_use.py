"""How a texture lies on a mesh."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.values import Pose, array, byte, integer, numbers, pose_quat_first


class Mapping(IntEnum):
    """How coordinates are made where none are fixed."""

    PLANE = 0
    CYLINDER = 1
    SPHERE = 2
    CUBE = 3


class Blending(IntEnum):
    """How the texture and the mesh's colour make one."""

    MODULATE = 0
    DECAL = 1
    ADD = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextureUse:
    """A texture's place and form on one mesh."""

    texture: int
    """Id of a texture of the same file, or handle of a vision sensor whose picture it
    shows."""
    mapping: Mapping
    """How coordinates are made where none are fixed."""
    scale: tuple[float, float]
    """Size of one picture along u and v [m]."""
    pose: Pose
    """The texture's frame in the shape's frame."""
    interpolates: bool
    """Whether texels are blended."""
    repeats: tuple[bool, bool]
    """Whether the picture repeats along u and v."""
    blending: Blending
    """How texture and colour make one."""
    coordinates: NDArray[np.float32] | None
    """(corners, 2) fixed u and v for each triangle's corners; read-only. The
    picture's first row is at v = 0."""


_INTERPOLATES, _REPEATS_U, _REPEATS_V = 0x01, 0x04, 0x08


def read_texture_use(section: Chunk) -> TextureUse:
    """The section ``Toj``."""
    record = read_section(
        section,
        {
            "Tob": numbers("2i2f"),
            "Bs2": byte,
            "Bst": byte,
            "Trc": pose_quat_first,
            "Ftc": array("<f4", 2),
            "Apm": integer,
        },
    )
    texture, mapping, scale_u, scale_v = record["Tob"]
    blending = record.get("Apm", 0)
    if mapping not in set(Mapping) or blending not in set(Blending):
        raise section.error(
            f"Mappings are 0 to {max(Mapping)} and blendings 0 to {max(Blending)}; "
            f"{mapping} and {blending} came"
        )
    bits = record.get("Bs2", record.get("Bst"))
    if bits is None:
        raise section.error("The chunk Bs2 is missing")
    coordinates = record.get("Ftc")
    return TextureUse(
        texture=texture,
        mapping=Mapping(mapping),
        scale=(scale_u, scale_v),
        pose=record["Trc"],
        interpolates=bool(bits & _INTERPOLATES),
        repeats=(bool(bits & _REPEATS_U), bool(bits & _REPEATS_V)),
        blending=Blending(blending),
        coordinates=None
        if coordinates is None or not coordinates.size
        else coordinates,
    )
