"""Proximity sensors: volumes in which shapes are detected."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from pyrep_mujoco.ttm.chunks import Chunk, Record, read_run, read_section, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import byte, counted_reals, integer, real


class VolumeKind(IntEnum):
    """Form of a sensor's volume."""

    PYRAMID = 30
    CYLINDER = 31
    DISC = 32
    CONE = 33
    RAY = 34


Plane = tuple[float, float, float, float]
"""a, b, c, d: a point of the sensor's frame is inside where ax + by + cz + d <= 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Where a sensor detects, in its own frame; it looks along z.

    Which sizes mean something depends on the kind; the others are as the file has
    them, even if they are no numbers.
    """

    offset: float
    """Where the volume begins along z [m]."""
    range: float
    """How far it reaches from there [m]."""
    size: tuple[float, float]
    """Of a pyramid's near face along x and y [m]."""
    far_size: tuple[float, float]
    """Of a pyramid's far face along x and y [m]."""
    radius: float
    """Of a cylinder or disc, or of a cone's near end [m]."""
    far_radius: float
    """Of a cone's far end [m]."""
    angle: float
    """Opening of a disc or cone [rad]."""
    inside_gap: float
    """Share of the volume's inside that does not detect."""
    smallest_distance: float | None
    """Nearer things are not detected [m]; None where that is off."""
    planes: tuple[Plane, ...]
    """Faces of the convex volume; none of a ray."""
    near_planes: tuple[Plane, ...]
    """Faces of the part that is excluded for being too near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProximitySensor(SceneObject):
    """Detects shapes whose surface enters a volume."""

    kind: VolumeKind
    """Form of the volume."""
    volume: Volume
    """Where it detects."""
    size: float
    """As drawn [m]."""
    entity: int
    """Handle of the object or collection to detect; -1 all that is detectable."""
    detectable_bits: int
    """Which of the special properties of detection it answers to."""
    closest: bool
    """Whether it looks for the nearest point, not just for any."""
    normal_angle: float | None
    """Greatest angle between a ray and a face's normal [rad]; None: any."""
    front_faces: bool
    """Whether it detects the front of triangles."""
    back_faces: bool
    """Whether it detects the back of triangles."""
    explicit: bool
    """Whether it is read on request only, not in every step."""


_CLOSEST, _NORMALS, _NO_FRONT, _NO_BACK, _EXPLICIT = 0x02, 0x04, 0x10, 0x20, 0x80
_SMALLEST_ON = 0x01


def read_proximity_sensor(section: Chunk) -> ProximitySensor:
    """A section ``SNR``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {
            "Snt": integer,
            "Vod": _read_volume,
            "Sns": real,
            "Sox": integer,
            "Sst": integer,
            "Al2": real,
            "Pr4": byte,
        },
        # Drawing and random rays.
        ignored=("Pr5", "Rad", "Cl1", "Cl2", "Cl3", "Cl4"),
    )
    require_end(section, end)
    if record["Snt"] not in set(VolumeKind):
        raise section.error(
            f"Kinds of volumes are {sorted(VolumeKind)}, not {record['Snt']}"
        )
    bits = record["Pr4"]
    return ProximitySensor(
        **base,
        kind=VolumeKind(record["Snt"]),
        volume=record["Vod"],
        size=record["Sns"],
        entity=record["Sox"],
        detectable_bits=record["Sst"],
        closest=bool(bits & _CLOSEST),
        normal_angle=record["Al2"] if bits & _NORMALS else None,
        front_faces=not bits & _NO_FRONT,
        back_faces=not bits & _NO_BACK,
        explicit=bool(bits & _EXPLICIT),
    )


def _read_volume(section: Chunk) -> Volume:
    record = read_section(
        section,
        {
            "Snt": integer,
            # Not checked for finite numbers: fields of other kinds hold garbage.
            "Ss3": lambda chunk: chunk.unpack("9f"),
            "Sia": real,
            "Wtf": real,
            "Par": byte,
            "Nc0": _read_planes,
            "Nc1": _read_planes,
        },
        # Subdivisions, groups of planes, edges to draw.
        ignored=("Ssi", "Nc2", "Nc3", "Nc4", "Nc5"),
    )
    sizes: tuple[Any, ...] = record["Ss3"]
    return Volume(
        offset=sizes[0],
        range=sizes[1],
        size=(sizes[2], sizes[3]),
        far_size=(sizes[4], sizes[5]),
        radius=sizes[6],
        far_radius=sizes[7],
        angle=sizes[8],
        inside_gap=record["Sia"],
        smallest_distance=_smallest(record),
        planes=record["Nc0"],
        near_planes=record["Nc1"],
    )


def _smallest(record: Record) -> float | None:
    return record["Wtf"] if record["Par"] & _SMALLEST_ON else None


def _read_planes(chunk: Chunk) -> tuple[Plane, ...]:
    values = counted_reals(chunk)
    if len(values) % 4:
        raise chunk.error(f"Planes have 4 numbers each; {len(values)} came")
    return tuple((a, b, c, d) for a, b, c, d in zip(*[iter(values)] * 4, strict=True))
