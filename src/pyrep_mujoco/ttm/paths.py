"""Paths: curves through control points."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_run, read_section, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import Pose, integer, make_pose, numbers


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One point of a path."""

    pose: Pose
    """In the path's frame."""
    bezier_before: float
    """Share of the way to the point before at which a Bezier curve leaves it."""
    bezier_after: float
    """The same towards the point after."""
    bezier_points: int
    """Points of that curve; 1 for a corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(SceneObject):
    """A curve that a robot or object may follow."""

    points: tuple[ControlPoint, ...]
    """In order."""
    attributes: int
    """Bits that say whether it is closed, flat, and oriented along itself."""


def read_path(section: Chunk) -> Path:
    """A section ``PAT``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {"Ntp": _read_points},
        # A tube that may be drawn around the path.
        ignored=("Var", "Pss", "Sha", "Sec", "Scl"),
    )
    require_end(section, end)
    points, attributes = record["Ntp"]
    return Path(**base, points=points, attributes=attributes)


def _read_points(section: Chunk) -> tuple[tuple[ControlPoint, ...], int]:
    record = read_section(
        section,
        {"At2": integer},
        repeated={"Pat": _read_point},
        # Drawing, interpolation and velocities along the path.
        ignored=("Si2", "Cl0", "Jm2", "Av3", "Av9", "Av2"),
    )
    return tuple(record["Pat"]), record["At2"]


def _read_point(section: Chunk) -> ControlPoint:
    record = read_section(section, {"At2": numbers("9fif")}, ignored=("At3", "At4"))
    values = record["At2"]
    return ControlPoint(make_pose(section, values), values[7], values[8], values[9])
