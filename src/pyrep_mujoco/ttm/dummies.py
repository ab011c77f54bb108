"""Dummies: named frames, sometimes linked in pairs."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_run, require_end
from pyrep_mujoco.ttm.colors import Color, read_color
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import integer, real

LINK_CLOSES_LOOP = 0
"""Kind of link: the physics holds both dummies together."""

LINK_IK_TIP_TARGET = 5
"""Kind of link: inverse kinematics brings the tip to the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dummy(SceneObject):
    """A frame without a body."""

    size: float
    """Diameter as drawn [m]."""
    linked_to: int
    """Handle of the linked dummy, or -1."""
    link_kind: int
    """What the link means; see the constants of this module."""
    color: Color
    """As drawn."""


def read_dummy(section: Chunk) -> Dummy:
    """A section ``DMY``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {"Dy2": real, "Lli": integer, "Dl2": integer, "Cl0": read_color},
        # Of paths that dummies once followed, and of drawing.
        ignored=("Var", "Po4", "Po5", "Ack"),
    )
    require_end(section, end)
    return Dummy(
        **base,
        size=record["Dy2"],
        linked_to=record["Lli"],
        link_kind=record["Dl2"],
        color=record["Cl0"],
    )
