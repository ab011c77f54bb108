"""Shapes made of boxes, as a file would describe them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.meshes import Compound, Mesh, Primitive
from pyrep_mujoco.ttm.objects import ModelProperty, SpecialProperty
from pyrep_mujoco.ttm.plain import MESH, OBJECT, SHAPE, opaque, stuff
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.values import Pose, Vector

SHOWN, HIDDEN = 0x0001, 0x0100
"""Layers of what cameras see, and of what they do not."""

SOLID = SpecialProperty(0x3F3)
"""Properties of what everything else collides with, measures, detects and sees."""

NOTHING = SpecialProperty(0)
"""Properties of what nothing else takes notice of."""

_FACES = ((0, 1), (0, -1), (1, 1), (1, -1), (2, 1), (2, -1))
"""Axis and side of each face of a box."""


def base_of(
    name: str,
    handle: int,
    parent: int = -1,
    pose: Pose | None = None,
    *,
    special: SpecialProperty = NOTHING,
    layers: int = SHOWN,
    model: ModelProperty | None = None,
) -> dict[str, Any]:
    """The arguments that objects of all kinds share.

    Args:
      name: the object's.
      handle: the object's.
      parent: its parent's handle, or -1.
      pose: in the parent's frame; that frame itself unless given.
      special: what it collides with, what detects it, whether cameras see it.
      layers: on which it is shown.
      model: what it takes from its tree, if it is the base of a model.
    """
    return OBJECT | {
        "name": name,
        "handle": handle,
        "parent": parent,
        "pose": pose or Pose(),
        "special_properties": special,
        "is_model_base": model is not None,
        "model_properties": model or ModelProperty(0),
        "layers": layers,
    }


def box(size: Vector, place: Vector, rgb: Vector) -> Mesh:
    """A box of full edges ``size`` [m] with its middle at ``place`` [m]."""
    vertices, triangles, normals = _box_triangles(size)
    return _mesh(vertices, triangles, normals, Primitive.CUBOID, size, place, rgb)


def sheet(size: tuple[float, float], rgb: Vector) -> Mesh:
    """A plane of full edges ``size`` [m] across z."""
    x, y = size[0] / 2, size[1] / 2
    vertices = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], np.float32)
    triangles = np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    normals = np.tile(np.array((0, 0, 1), np.float32), (2, 3, 1))
    whole = (size[0], size[1], 0.0)
    return _mesh(
        vertices, triangles, normals, Primitive.PLANE, whole, (0.0, 0.0, 0.0), rgb
    )


def shape(
    base: dict[str, Any], parts: Sequence[Mesh], *, touches: bool, friction: float = 1.0
) -> Shape:
    """A shape that stays where it is.

    Args:
      base: from `base_of`.
      parts: its meshes.
      touches: whether it makes contacts.
      friction: Coulomb's.
    """
    geometry: Mesh | Compound = parts[0]
    if len(parts) > 1:
        geometry = Compound(
            name="parts",
            mass=1.0,
            inertia_pose=Pose(),
            inertia_per_mass=(1.0, 1.0, 1.0),
            convex=True,
            parts=tuple(parts),
        )
    fields: dict[str, Any] = base | SHAPE | {"respondable": touches}
    return Shape(**fields, geometry=geometry, material=stuff("still", friction))


def _mesh(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    normals: NDArray[np.float32],
    primitive: Primitive,
    size: Vector,
    place: Vector,
    rgb: Vector,
) -> Mesh:
    for array in (vertices, triangles, normals):
        array.flags.writeable = False
    fields: dict[str, Any] = MESH | {"pose": Pose(place)}
    return Mesh(
        **fields,
        name="part",
        inertia_per_mass=(1.0, 1.0, 1.0),
        convex=True,
        vertices=vertices,
        triangles=triangles,
        normals=normals,
        primitive=primitive,
        size=size,
        color=opaque(rgb),
        shading_angle=0.5,
    )


def _box_triangles(
    size: Vector,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Vertices (24, 3), triangles (12, 3) and normals (12, 3, 3) of a box."""
    half = np.array(size) / 2
    vertices, normals = [], []
    for axis, side in _FACES:
        normal = np.zeros(3)
        normal[axis] = side
        # Counter-clockwise as seen from outside.
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for u, v in ((-1, -side), (1, -side), (1, side), (-1, side)):
            corner = np.zeros(3)
            corner[axis], corner[first], corner[second] = side, u, v
            vertices.append(corner * half)
        normals += [np.tile(normal, (3, 1))] * 2
    quads = 4 * np.arange(len(_FACES))[:, None, None]
    triangles = (quads + np.array([(0, 1, 2), (0, 2, 3)])).reshape(-1, 3)
    return (
        np.array(vertices, np.float32),
        triangles.astype(np.int32),
        np.array(normals, np.float32),
    )
