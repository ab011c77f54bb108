"""Geometry of shapes, edited: each function makes a new one and leaves the old."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.collision_geoms import principal_box
from pyrep_mujoco.scene.frames import (
    IDENTITY,
    FloatArray,
    Frame,
    compose,
    frame,
    from_pose,
    matrix,
    transform,
)
from pyrep_mujoco.scene.mass_properties import of_solid, principal, tensor
from pyrep_mujoco.ttm.meshes import Compound, Mesh, Primitive, leaves
from pyrep_mujoco.ttm.values import Pose

Geometry = Mesh | Compound

MUCH_SMALLER = 0.98
"""A box along a mesh's own axes has to be smaller by this than one along the given
axes before a new shape is turned to it."""


class Surface(NamedTuple):
    """All triangles of a geometry, in the shape's frame."""

    vertices: FloatArray
    """(n, 3) [m]."""
    triangles: NDArray[np.int32]
    """(m, 3) indices of vertices."""
    normals: FloatArray
    """(m, 3, 3) for each triangle and corner."""


def surface(geometry: Geometry) -> Surface:
    """The triangles of all parts, one part after the other."""
    vertices, triangles, normals = [], [], []
    before = 0
    for part in leaves(geometry):
        place = from_pose(part.pose)
        vertices.append(transform(place, part.vertices))
        triangles.append(part.triangles + np.int32(before))
        normals.append(part.normals @ matrix(place).T)
        before += len(part.vertices)
    return Surface(*map(np.concatenate, (vertices, triangles, normals)))


def bounding_box(geometry: Geometry) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest corner along the shape's axes; (3,) each [m]."""
    points = np.concatenate(
        [transform(from_pose(part.pose), part.vertices) for part in leaves(geometry)]
    )
    return points.min(axis=0), points.max(axis=0)


def each_mesh(geometry: Geometry, change: Callable[[Mesh], Mesh]) -> Geometry:
    """The geometry with every mesh changed."""
    if isinstance(geometry, Mesh):
        return change(geometry)
    parts = tuple(each_mesh(part, change) for part in geometry.parts)
    return dataclasses.replace(geometry, parts=parts)


def moved(geometry: Geometry, place: Frame) -> Geometry:
    """The geometry in another frame, which sees the old one at ``place``."""

    def move(pose: Pose) -> Pose:
        return Pose(*compose(place, from_pose(pose)))

    inertia_pose = move(geometry.inertia_pose)
    if isinstance(geometry, Compound):
        parts = tuple(moved(part, place) for part in geometry.parts)
        return dataclasses.replace(geometry, parts=parts, inertia_pose=inertia_pose)
    texture = geometry.texture
    if texture is not None:
        texture = dataclasses.replace(texture, pose=move(texture.pose))
    return dataclasses.replace(
        geometry,
        pose=move(geometry.pose),
        inertia_pose=inertia_pose,
        texture=texture,
    )


def scaled(geometry: Geometry, factors: Sequence[float]) -> Geometry:
    """The geometry stretched along the shape's axes, with mass as the volume has it.

    A primitive that is no primitive any more, such as a sphere that was stretched
    along one axis, becomes a plain mesh.
    """
    x, y, z = map(float, factors)
    if isinstance(geometry, Compound):
        parts = tuple(scaled(part, factors) for part in geometry.parts)
        return _with_scaled_inertia(dataclasses.replace(geometry, parts=parts), factors)
    place = from_pose(geometry.pose)
    stretch = np.array([x, y, z])
    vertices = transform(place, geometry.vertices) * stretch
    normals = geometry.normals @ matrix(place).T / stretch
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    turned = np.abs(matrix(place)).max(axis=1).min() < 1 - 1e-6
    uniform = max(x, y, z) - min(x, y, z) < 1e-6 * max(x, y, z)
    kind, size, pose = geometry.primitive, geometry.size, geometry.pose
    if uniform:
        size = tuple(edge * x for edge in size)
        place = frame((np.array(place.position) * x).tolist(), place.quat_wxyz)
        pose = Pose(*place)
    elif turned or kind is not Primitive.CUBOID:
        kind = Primitive.NONE
    else:
        along = np.abs(matrix(place)).T @ stretch
        size = tuple((np.array(size) * along).tolist())
        place = frame((np.array(place.position) * stretch).tolist(), place.quat_wxyz)
        pose = Pose(*place)
    back = matrix(place)
    result = dataclasses.replace(
        geometry,
        pose=pose,
        vertices=((vertices - place.position) @ back).astype(np.float32),
        normals=(normals / np.maximum(length, 1e-12) @ back).astype(np.float32),
        primitive=kind,
        size=size,
        height_field=geometry.height_field if uniform else None,
    )
    return _with_scaled_inertia(result, factors)


def _with_scaled_inertia(geometry: Geometry, factors: Sequence[float]) -> Geometry:
    """Mass by the volume, moments and their frame by the new lengths."""
    stretch = np.array(factors, np.float64)
    place = from_pose(geometry.inertia_pose)
    centre = np.array(place.position) * stretch
    turned = tensor(place, geometry.inertia_per_mass, place.position)
    # Second moments of the mass follow the lengths; the inertia follows from them.
    second = np.trace(turned) / 2 * np.eye(3) - turned
    second *= np.outer(stretch, stretch)
    inertia_place, moments = principal(np.trace(second) * np.eye(3) - second, centre)
    return dataclasses.replace(
        geometry,
        mass=geometry.mass * float(stretch.prod()),
        inertia_pose=Pose(*inertia_place),
        inertia_per_mass=moments,
    )


def grouped(parts: Sequence[tuple[Geometry, Frame]]) -> Compound:
    """Geometries as one, with their masses together.

    Args:
      parts: each geometry and its shape's place in the new shape's frame.
    """
    whole = [moved(geometry, place) for geometry, place in parts]
    masses = np.array([part.mass for part in whole])
    mass = float(masses.sum())
    shares = masses / mass if mass > 0 else np.full(len(whole), 1 / len(whole))
    places = [from_pose(part.inertia_pose) for part in whole]
    centre = shares @ np.array([place.position for place in places])
    inertia = sum(
        share * tensor(place, part.inertia_per_mass, centre)
        for share, place, part in zip(shares, places, whole, strict=True)
    )
    inertia_place, moments = principal(np.asarray(inertia), centre)
    if not all(_is_pure(part) for part in whole):
        # A compound is of primitives only, or of plain meshes only.
        whole = [each_mesh(part, _plain) for part in whole]
    return Compound(
        name="compound",
        mass=mass,
        inertia_pose=Pose(*inertia_place),
        inertia_per_mass=moments,
        convex=all(part.convex for part in whole),
        parts=tuple(whole),
    )


def _is_pure(geometry: Geometry) -> bool:
    return all(part.primitive is not Primitive.NONE for part in leaves(geometry))


def _plain(mesh: Mesh) -> Mesh:
    return dataclasses.replace(mesh, primitive=Primitive.NONE, height_field=None)


def with_solid_inertia(geometry: Geometry, density: float | None = None) -> Geometry:
    """The geometry with the inertia of a solid of its form.

    Args:
      geometry: any.
      density: [kg/m^3]; None keeps the mass.
    """
    shell = surface(geometry)
    solid = of_solid(shell.vertices, shell.triangles, density or 1000.0)
    return dataclasses.replace(
        geometry,
        mass=geometry.mass if density is None else solid.mass,
        inertia_pose=Pose(*solid.place),
        inertia_per_mass=solid.inertia_per_mass,
    )


def own_frame(vertices: FloatArray) -> Frame:
    """Where a new mesh's shape has its frame: in the middle of its box.

    The box lies along the given axes, unless one along the mesh's own axes is much
    smaller.
    """
    least, most = vertices.min(axis=0), vertices.max(axis=0)
    straight = frame(((least + most) / 2).tolist(), IDENTITY.quat_wxyz)
    if len(vertices) < 4:
        return straight
    turned = principal_box(vertices.astype(np.float32))
    # Flat meshes have boxes without volume.
    thick = np.maximum([turned.size, most - least], 1e-6).prod(axis=1)
    return turned.place if thick[0] < MUCH_SMALLER * thick[1] else straight


def is_convex(vertices: FloatArray, triangles: NDArray[np.int32]) -> bool:
    """Whether no vertex lies in front of a triangle."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    solid = length > 1e-12
    normals = normals[solid] / length[solid, None]
    offsets = np.einsum("ij,ij->i", normals, corners[solid, 0])
    allowed = 1e-3 * np.ptp(vertices, axis=0).max()
    return bool(solid.any()) and all(
        (vertices @ normals[start : start + 64].T - offsets[start : start + 64]).max()
        < allowed
        for start in range(0, len(normals), 64)
    )
