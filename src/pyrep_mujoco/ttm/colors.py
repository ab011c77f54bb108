"""Colours of meshes, objects and lights."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.values import Vector, byte, integer, numbers, real, text

_OPAQUE = 0x04
"""Bit of ``Var``; clear where the opacity applies."""


@dataclass(frozen=True, slots=True)
class Color:
    """How a surface looks, or what a light sheds; components are from 0 to 1."""

    ambient_diffuse: Vector
    """Colour under ambient and diffuse light; of a light, its ambient part."""
    diffuse: Vector
    """Diffuse part of a light; unused by surfaces."""
    specular: Vector
    """Specular part."""
    emission: Vector
    """What shines by itself."""
    shininess: int
    """OpenGL's exponent, 0 to 128."""
    opacity: float
    """1 for an opaque surface."""
    name: str
    """A name by which scripts may find the colour."""


def read_color(section: Chunk) -> Color:
    """A colour section."""
    record = read_section(
        section,
        {
            "Cl3": numbers("15f"),
            "Sh2": integer,
            "Trf": real,
            "Var": byte,
            "Cnm": text,
        },
        # Flashing, an extension string, and forms of older files.
        ignored=("Fi3", "Rst", "Cls", "Cl2", "Shi", "Fli", "Pov"),
    )
    rgb = record["Cl3"]
    opaque = record["Var"] & _OPAQUE
    return Color(
        ambient_diffuse=rgb[0:3],
        diffuse=rgb[3:6],
        specular=rgb[6:9],
        emission=rgb[9:12],
        shininess=record["Sh2"],
        opacity=1.0 if opaque else record["Trf"],
        name=record.get("Cnm", ""),
    )
