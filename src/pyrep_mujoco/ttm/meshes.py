"""Meshes and compounds: the geometry of shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.chunks import Chunk, Record, read_run, require_end
from pyrep_mujoco.ttm.colors import Color, read_color
from pyrep_mujoco.ttm.geometry import GeometryPool
from pyrep_mujoco.ttm.texture_use import TextureUse, read_texture_use
from pyrep_mujoco.ttm.values import (
    Pose,
    Vector,
    array_at,
    byte,
    integer,
    make_pose,
    numbers,
    pose_position_first,
    real,
    text,
)


class Primitive(IntEnum):
    """The simple body that a mesh stands for."""

    NONE = 0
    PLANE = 1
    DISC = 2
    CUBOID = 3
    SPHEROID = 4
    CYLINDER = 5
    CONE = 6
    HEIGHT_FIELD = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """What a mesh and a compound have in common."""

    name: str
    """Name of the geometry, left from when it was a shape of its own."""
    mass: float
    """[kg]; 0 stands for the least mass, 0.001."""
    inertia_pose: Pose
    """Frame of the principal axes at the centre of mass, in the shape's frame."""
    inertia_per_mass: Vector
    """Principal moments divided by the mass [m^2]."""
    convex: bool
    """Whether it is marked as convex."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh(Geometry):
    """Triangles with one look, and the primitive they stand for, if any."""

    pose: Pose
    """Frame of vertices and primitive, in the shape's frame."""
    vertices: NDArray[np.float32]
    """(n, 3) [m], in the frame `pose`; read-only."""
    triangles: NDArray[np.int32]
    """(m, 3) indices of vertices, counter-clockwise seen from outside; read-only."""
    normals: NDArray[np.float32]
    """(m, 3, 3) unit vectors for each triangle and corner; read-only."""
    primitive: Primitive
    """What the mesh stands for."""
    size: Vector
    """Full sizes of the primitive along x, y and z [m]; cuboid, spheroid: edges or
    diameters; cylinder, cone, disc: x the diameter, z the height."""
    height_field: NDArray[np.float32] | None
    """(ny, nx) heights [m] where the primitive is a height field; read-only."""
    color: Color
    """Colour of the surface."""
    texture: TextureUse | None
    """How a texture lies on it, if one does."""
    shading_angle: float
    """Edges sharper than this are drawn as such [rad]."""
    culls_back_faces: bool
    """Whether triangles are invisible from behind."""
    wireframe: bool
    """Whether lines are drawn instead of triangles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound(Geometry):
    """Several geometries as one; every mesh below has its own pose in the shape."""

    parts: tuple["Mesh | Compound", ...]
    """In the file's order."""


def leaves(geometry: Mesh | Compound) -> Iterator[Mesh]:
    """The meshes of a geometry in order."""
    if isinstance(geometry, Mesh):
        yield geometry
    else:
        for part in geometry.parts:
            yield from leaves(part)


MOST_NESTED = 32
"""Depth of compounds in compounds; 4 is the most that was found."""

_CONVEX = 0x04
_CULLING, _WIREFRAME = 0x02, 0x04


def read_geometry(
    section: Chunk, pool: GeometryPool, *, compound: bool, depth: int = 0
) -> Mesh | Compound:
    """A section ``Gst`` or ``Geo`` (a mesh), or ``Gsg`` or ``Wrp`` (a compound).

    Args:
      section: the section.
      pool: the file's geometry pool.
      compound: which of the two it is.
      depth: compounds around this one.
    """
    if depth > MOST_NESTED:
        raise section.error(f"More than {MOST_NESTED} compounds lie in each other")

    def mesh(chunk: Chunk) -> Mesh | Compound:
        return read_geometry(chunk, pool, compound=False, depth=depth + 1)

    def inner_compound(chunk: Chunk) -> Mesh | Compound:
        return read_geometry(chunk, pool, compound=True, depth=depth + 1)

    parts: list[Mesh | Compound] = []
    kinds = {"Geo": mesh, "Wrp": inner_compound} if compound else {}
    wrapper, end = read_run(
        section,
        section.start,
        {
            "Nme": text,
            "Mas": real,
            "Ine": _read_inertia,
            "Var": byte,
        },
        # One list for both kinds, for their order counts.
        repeated={
            tag: lambda chunk, read=read: parts.append(read(chunk))
            for tag, read in kinds.items()
        },
        ignored=("Dmi", "Vtb"),
    )
    inertia_pose, inertia = wrapper["Ine"]
    if wrapper["Mas"] < 0:
        raise section.error(f"The mass is negative: {wrapper['Mas']}")
    shared: dict[str, Any] = {
        "name": wrapper["Nme"],
        "mass": wrapper["Mas"],
        "inertia_pose": inertia_pose,
        "inertia_per_mass": inertia,
        "convex": bool(wrapper["Var"] & _CONVEX),
    }
    if compound:
        require_end(section, end)
        if not parts:
            raise section.error("A compound has no parts")
        return Compound(parts=tuple(parts), **shared)
    return _read_mesh(section, end.end, pool, shared)


def _read_mesh(
    section: Chunk, start: int, pool: GeometryPool, shared: dict[str, Any]
) -> Mesh:
    """The second run of a mesh's chunks."""
    record, end = read_run(
        section,
        start,
        {
            "Cl0": read_color,
            "Vev": integer,
            "Inv": integer,
            "Nov": integer,
            "Ppr": numbers("i3f"),
            "Ppf": pose_position_first,
            "Gsa": numbers("fi"),
            "Var": byte,
            "Toj": read_texture_use,
            "Hfd": _read_height_field,
        },
        # Colours of insides and edges, edges to draw, inside scaling.
        ignored=("Cl2", "Ecl", "Vvd", "Pp2", "Gs2"),
    )
    require_end(section, end)
    primitive, *size = record["Ppr"]
    if primitive not in set(Primitive):
        raise section.error(f"Primitives are 0 to {max(Primitive)}, not {primitive}")
    vertices = _pooled(section, "vertices", pool.vertices, record["Vev"])
    triangles = _pooled(section, "triangles", pool.triangles, record["Inv"])
    normals = _pooled(section, "normals", pool.normals, record["Nov"])
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(vertices):
        raise section.error(
            f"A triangle refers to a vertex that is not among the {len(vertices)}"
        )
    if len(normals) != len(triangles):
        raise section.error(f"{len(triangles)} triangles, normals of {len(normals)}")
    return Mesh(
        pose=record["Ppf"],
        vertices=vertices,
        triangles=triangles,
        normals=normals,
        primitive=Primitive(primitive),
        size=(size[0], size[1], size[2]),
        height_field=record.get("Hfd"),
        color=record["Cl0"],
        texture=_fitting(section, record, len(triangles)),
        shading_angle=record["Gsa"][0],
        culls_back_faces=bool(record["Var"] & _CULLING),
        wireframe=bool(record["Var"] & _WIREFRAME),
        **shared,
    )


def _fitting(section: Chunk, record: Record, triangles: int) -> TextureUse | None:
    """The texture's use; fixed coordinates must be there for every corner."""
    use: TextureUse | None = record.get("Toj")
    if use is None or use.coordinates is None:
        return use
    if len(use.coordinates) != 3 * triangles:
        raise section.error(
            f"{triangles} triangles have 3 texture coordinates each; "
            f"{len(use.coordinates)} came"
        )
    return use


def _pooled(
    section: Chunk, kind: str, arrays: tuple[NDArray, ...], index: int
) -> NDArray:
    if not 0 <= index < len(arrays):
        raise section.error(f"The pool has {len(arrays)} {kind}, no index {index}")
    return arrays[index]


def _read_inertia(chunk: Chunk) -> tuple[Pose, Vector]:
    """Pose, position first, then three principal moments per unit of mass."""
    values = numbers("10f")(chunk)
    return make_pose(chunk, values), values[7:]


def _read_height_field(chunk: Chunk) -> NDArray[np.float32] | None:
    """Counts along x and y, then the heights row by row; none for two zeros."""
    if chunk.end - chunk.start < 8:
        raise chunk.error("Two counts were expected; the chunk ends")
    count_x = int.from_bytes(chunk.data[:4], "little", signed=True)
    count_y = int.from_bytes(chunk.data[4:8], "little", signed=True)
    if (chunk.end - chunk.start - 8) != 4 * count_x * count_y or count_x < 0:
        raise chunk.error(f"{count_x} by {count_y} heights do not fill the chunk")
    if not count_x * count_y:
        return None
    heights = array_at(chunk, chunk.start + 8, chunk.end, np.dtype("<f4"))
    return heights.reshape(count_y, count_x)
