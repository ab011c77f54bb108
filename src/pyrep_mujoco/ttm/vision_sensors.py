"""Vision sensors: the cameras that programs read."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_run, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import Vector, byte, integer, numbers

RENDER_COLOR_CODED = 2
"""Render mode that paints every object in the colour of its handle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionSensor(SceneObject):
    """Looks along +z, with y up and x to the left."""

    perspective: bool
    """Else orthographic."""
    view_angle: float
    """Opening along the picture's larger side [rad]; of a perspective sensor."""
    view_size: float
    """Width of the larger side [m]; of an orthographic sensor."""
    near: float
    """Near clipping plane [m]."""
    far: float
    """Far clipping plane [m]."""
    resolution: tuple[int, int]
    """Width and height in pixels."""
    entity: int
    """Handle of the object or collection it sees; -1 all that is renderable."""
    render_mode: int
    """0 OpenGL, 2 colours of handles, 7 OpenGL 3."""
    explicit: bool
    """Whether it is read on request only, not in every step."""
    background: Vector
    """Colour where nothing is seen."""


_PERSPECTIVE, _EXPLICIT = 0x01, 0x02


def read_vision_sensor(section: Chunk) -> VisionSensor:
    """A section ``RSN``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {
            "Ccp": numbers("4f"),
            "Res": numbers("2i"),
            "Dox": integer,
            "Rmd": integer,
            "Va3": byte,
            "Db2": numbers("3f"),
        },
        # Drawing, attributes, and filters, which nobody here applies.
        ignored=("Va2", "Siz", "Afr", "Cl1", "Cl2", "Cfr"),
    )
    require_end(section, end)
    view_size, view_angle, near, far = record["Ccp"]
    width, height = record["Res"]
    if not 0 < near < far:
        raise section.error(f"Clipping planes at {near} and {far} enclose nothing")
    if min(width, height) < 1:
        raise section.error(f"The resolution is {width} by {height}")
    return VisionSensor(
        **base,
        perspective=bool(record["Va3"] & _PERSPECTIVE),
        view_angle=view_angle,
        view_size=view_size,
        near=near,
        far=far,
        resolution=(width, height),
        entity=record["Dox"],
        render_mode=record["Rmd"],
        explicit=bool(record["Va3"] & _EXPLICIT),
        background=record["Db2"],
    )
