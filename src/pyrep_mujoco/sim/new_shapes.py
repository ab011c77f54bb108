"""New shapes: of simple bodies, and of triangles that a program or a file gives."""

import dataclasses
import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pyrep_mujoco.scene.corner_normals import corner_normals
from pyrep_mujoco.scene.frames import Frame, inverse, transform
from pyrep_mujoco.scene.primitives import primitive_triangles
from pyrep_mujoco.scene.reshaping import is_convex, own_frame, with_solid_inertia
from pyrep_mujoco.ttm.meshes import Compound, Mesh, Primitive
from pyrep_mujoco.ttm.objects import SpecialProperty
from pyrep_mujoco.ttm.plain import MESH, OBJECT, SHAPE, opaque, stuff
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.texture_use import TextureUse
from pyrep_mujoco.ttm.values import Vector

EVERYTHING = (
    SpecialProperty.COLLIDABLE
    | SpecialProperty.MEASURABLE
    | SpecialProperty.DETECTABLE_ULTRASONIC
    | SpecialProperty.DETECTABLE_INFRARED
    | SpecialProperty.DETECTABLE_LASER
    | SpecialProperty.DETECTABLE_INDUCTIVE
    | SpecialProperty.DETECTABLE_CAPACITIVE
    | SpecialProperty.RENDERABLE
)
"""What new meshes have; new primitives have nothing of it, as in CoppeliaSim."""

PRIMITIVE_COLOR = (0.85, 0.85, 1.0)
"""Of new primitives in CoppeliaSim 4.1."""

MESH_COLOR = (0.8, 0.8, 0.8)
"""Of new meshes: CoppeliaSim takes a random one whose components are 0.6 to 1."""

SHADING_ANGLE = np.radians(20.0)
"""Edges that are sharper [rad] are drawn as edges; CoppeliaSim's default."""

_STUFF = stuff("", friction=1.0)
"""CoppeliaSim's material of new shapes, which rest, stack and can be grasped."""


def primitive_mesh(kind: Primitive, size: Vector, mass: float = 1.0) -> Mesh:
    """A simple body about the origin, with the inertia of a solid.

    Args:
      kind: plane, cuboid, spheroid, cylinder or cone.
      size: full edges or diameters [m].
      mass: [kg].
    """
    return dataclasses.replace(_primitive(kind, tuple(size)), mass=mass)


# Tasks make the same drops again at each reset.
@functools.lru_cache(maxsize=64)
def _primitive(kind: Primitive, size: Vector) -> Mesh:
    """A simple body of 1 kg; its arrays are shared by all that are like it."""
    vertices, triangles = primitive_triangles(kind, size)
    made = _mesh(vertices, triangles, SHADING_ANGLE, PRIMITIVE_COLOR)
    made = dataclasses.replace(made, primitive=kind, size=size, convex=True)
    for part in (made.vertices, made.triangles, made.normals):
        part.flags.writeable = False
    if kind is Primitive.PLANE:
        x, y = size[0] ** 2 / 12, size[1] ** 2 / 12
        return dataclasses.replace(made, inertia_per_mass=(y, x, x + y))
    return _with_inertia(made)


def triangle_mesh(
    vertices: ArrayLike,
    triangles: ArrayLike,
    shading_angle: float = SHADING_ANGLE,
    rgb: Vector = MESH_COLOR,
    texture: TextureUse | None = None,
) -> tuple[Mesh, Frame]:
    """A mesh of 1 kg in a frame of its own, and that frame.

    Args:
      vertices: (n, 3) [m]; those that no triangle has are left out.
      triangles: (m, 3) indices of vertices, counter-clockwise seen from outside.
      shading_angle: sharper edges are drawn as edges [rad].
      rgb: colour.
      texture: how a texture lies on it.
    """
    used, numbers = np.unique(np.asarray(triangles).reshape(-1), return_inverse=True)
    points = np.asarray(vertices, np.float64).reshape(-1, 3)[used]
    faces = numbers.reshape(-1, 3).astype(np.int32)
    place = own_frame(points)
    points = transform(inverse(place), points)
    made = _mesh(points.astype(np.float32), faces, shading_angle, rgb)
    made = dataclasses.replace(made, texture=texture, convex=is_convex(points, faces))
    return _with_inertia(made), place


def new_shape(
    name: str,
    geometry: Mesh | Compound,
    *,
    special: SpecialProperty = EVERYTHING,
    dynamic: bool = False,
    respondable: bool = False,
) -> Shape:
    """A shape that no file brought; by default it stands still and is not touched."""
    asked = {"dynamic": dynamic, "respondable": respondable}
    fields: dict[str, Any] = OBJECT | SHAPE | asked
    fields |= {"name": name, "special_properties": special}
    return Shape(**fields, geometry=geometry, material=_STUFF)


def new_primitive(
    name: str,
    kind: Primitive,
    size: Vector,
    mass: float,
    *,
    dynamic: bool,
    respondable: bool,
    culls_back_faces: bool = False,
) -> Shape:
    """A simple body; as in CoppeliaSim it is neither collidable nor renderable yet."""
    mesh = primitive_mesh(kind, size, mass)
    mesh = dataclasses.replace(mesh, culls_back_faces=culls_back_faces)
    return new_shape(
        name, mesh, special=SpecialProperty(0), dynamic=dynamic, respondable=respondable
    )


def _with_inertia(mesh: Mesh) -> Mesh:
    made = with_solid_inertia(mesh)
    assert isinstance(made, Mesh)
    return made


def _mesh(
    vertices: np.ndarray, triangles: np.ndarray, shading_angle: float, rgb: Vector
) -> Mesh:
    return Mesh(
        **MESH,
        name="mesh",
        inertia_per_mass=(0.0, 0.0, 0.0),
        convex=False,
        vertices=vertices,
        triangles=triangles,
        normals=corner_normals(vertices, triangles, shading_angle),
        primitive=Primitive.NONE,
        size=(0.0, 0.0, 0.0),
        color=opaque(rgb, specular=0.25),
        shading_angle=shading_angle,
    )
