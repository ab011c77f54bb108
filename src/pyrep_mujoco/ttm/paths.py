"""Paths: curves through control points."""

import math
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from pyrep_mujoco.ttm.chunks import Chunk, read_run, read_section, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import Pose, integer, make_pose, numbers

TURN_LENGTH = 0.1 / (math.pi / 2)
"""What a turn counts where a file does not say it [m/rad]: CoppeliaSim's default."""


class PathBit(IntFlag):
    """Bits of `Path.attributes`; named are those that change the curve."""

    CLOSED = 0x4
    AUTOMATIC_ORIENTATION = 0x8
    FLAT = 0x40
    KEEP_X_UP = 0x800


class LengthRule(IntEnum):
    """What the length between two points of a path is."""

    WAY = 0
    TURN = 1
    GREATER = 2
    SUM = 3
    ROOT_OF_SQUARES = 4
    WAY_IF_ANY = 5
    TURN_IF_ANY = 6


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One point of a path."""

    pose: Pose
    """In the path's frame."""
    bezier_before: float
    """Share of half the way to the point before at which a Bezier curve begins."""
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
    """Bits of `PathBit`, and others."""
    turn_length: float
    """What a turn of 1 rad counts where lengths and turns are compared [m]."""
    length_rule: int
    """What its length is; of `LengthRule`."""


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
    return Path(**base, **record["Ntp"])


def _read_points(section: Chunk) -> dict[str, Any]:
    record = read_section(
        section,
        {"At2": integer, "Av3": numbers("fi")},
        repeated={"Pat": _read_point},
        # Drawing, interpolation and velocities along the path.
        ignored=("Si2", "Cl0", "Jm2", "Av9", "Av2"),
    )
    turn_length, length_rule = record.get("Av3", (TURN_LENGTH, LengthRule.WAY_IF_ANY))
    return {
        "points": tuple(record["Pat"]),
        "attributes": record["At2"],
        "turn_length": turn_length,
        "length_rule": length_rule,
    }


def _read_point(section: Chunk) -> ControlPoint:
    record = read_section(section, {"At2": numbers("9fif")}, ignored=("At3", "At4"))
    values = record["At2"]
    return ControlPoint(make_pose(section, values), values[7], values[8], values[9])
