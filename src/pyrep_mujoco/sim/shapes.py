"""Shapes: made of primitives and triangles, grouped, ungrouped, and their triangles."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import from_pose, matrix, transform
from pyrep_mujoco.scene.reshaping import surface
from pyrep_mujoco.scene.texture_coordinates import texture_coordinates
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.new_shapes import new_primitive, new_shape, triangle_mesh
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.sim.texture_ids import TextureIds
from pyrep_mujoco.ttm.meshes import Mesh, Primitive, leaves
from pyrep_mujoco.ttm.shapes import Shape

PRIMITIVES = {
    0: ("Cuboid", Primitive.CUBOID),
    1: ("Sphere", Primitive.SPHEROID),
    2: ("Cylinder", Primitive.CYLINDER),
    3: ("Cone", Primitive.CONE),
}
"""By the API's number: the name of a new object, and what it is."""

_CULLING, _RESPONDABLE, _STATIC = 1, 8, 16
"""Bits of the options of new shapes."""

LEAST_SIZE, MOST_SIZE = 1e-5, 1e5
"""Limits of a primitive's size [m], as in CoppeliaSim."""

LEAST_MASS, MOST_MASS = 1e-6, 1e4
"""Limits of a primitive's mass [kg], as in CoppeliaSim."""


def shape_node(handle: int) -> tuple[Node, Shape]:
    """A shape by handle.

    Raises:
      UnknownObjectError: there is no such object.
      SceneError: it is no shape.
    """
    node = current().node(handle)
    if not isinstance(node.source, Shape):
        raise SceneError(node.name, "is no shape", "Ask for a shape's handle.")
    return node, node.source


def simCreatePureShape(
    primitiveType: int,
    options: int,
    sizes: Sequence[float],
    mass: float,
    precision: Any,
) -> int:
    """A new cuboid (0), sphere (1), cylinder (2) or cone (3) at the origin.

    Raises:
      RuntimeError: the type is none of these, or a number is not finite.
    """
    if primitiveType not in PRIMITIVES:
        raise RuntimeError(
            f"Primitives are of the types {sorted(PRIMITIVES)}; {primitiveType!r} came."
        )
    name, kind = PRIMITIVES[primitiveType]
    x, y, z = (_limited("size", size, LEAST_SIZE, MOST_SIZE) for size in sizes)
    if kind is Primitive.SPHEROID:
        y = z = x
    elif kind is not Primitive.CUBOID:
        y = x
    made = new_primitive(
        name,
        kind,
        (x, y, z),
        _limited("mass", mass, LEAST_MASS, MOST_MASS),
        dynamic=not options & _STATIC,
        respondable=bool(options & _RESPONDABLE),
        culls_back_faces=bool(options & _CULLING),
    )
    return current().scene.create(made).handle


def _limited(what: str, value: float, least: float, most: float) -> float:
    if not np.isfinite(value):
        raise RuntimeError(f"A {what} has to be a finite number; {value} came.")
    return min(max(float(value), least), most)


def simCreateMeshShape(
    options: int, shadingAngle: float, vertices: Sequence[float], indices: Sequence[int]
) -> int:
    """A new shape of triangles: static, not respondable.

    Args:
      options: 1 for triangles that are not seen from behind.
      shadingAngle: edges sharper than this [rad] are drawn as such.
      vertices: x, y and z of all vertices in the world, one after the other [m].
      indices: three for each triangle.

    Raises:
      RuntimeError: there is no triangle, or a number is not finite or out of range.
    """
    points, triangles = checked_triangles(vertices, indices)
    mesh, place = triangle_mesh(points, triangles, float(shadingAngle))
    return current().scene.create(new_shape("Shape", mesh), place).handle


def checked_triangles(
    vertices: Sequence[float], indices: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n, 3) and triangles (m, 3) from flat lists.

    Raises:
      RuntimeError: they are no triangles.
    """
    points = np.asarray(vertices, np.float64).reshape(-1)
    corners = np.asarray(indices, np.int64).reshape(-1)
    if len(points) % 3 or len(corners) % 3 or not len(corners):
        raise RuntimeError(
            "A mesh has three numbers a vertex and three indices a triangle; "
            f"{len(points)} numbers and {len(corners)} indices came."
        )
    if not np.isfinite(points).all():
        raise RuntimeError("A mesh's vertices are finite numbers; others came.")
    if not 0 <= corners.min() <= corners.max() < len(points) // 3:
        raise RuntimeError(
            f"A mesh of {len(points) // 3} vertices has indices below that; "
            f"{corners.min()} to {corners.max()} came."
        )
    return points.reshape(-1, 3), corners.reshape(-1, 3)


def simGetShapeMesh(
    shapeHandle: int,
) -> tuple[list[float], list[int], list[float]]:
    """A shape's triangles in its frame.

    Returns:
      vertices [m], indices, and a normal for each index; all flat.
    """
    _, shape = shape_node(shapeHandle)
    whole = surface(shape.geometry)
    return (
        whole.vertices.reshape(-1).tolist(),
        whole.triangles.reshape(-1).tolist(),
        whole.normals.reshape(-1).tolist(),
    )


class ShapeLook(NamedTuple):
    """How one part of a shape looks; the fields' names are PyRep's."""

    vertices: list[float]
    """In the shape's frame [m], flat."""
    indices: list[int]
    """Three for each triangle."""
    normals: list[float]
    """One for each index, flat."""
    shadingAngle: float
    """Sharper edges are drawn as edges [rad]."""
    colors: list[float]
    """Ambient and diffuse, specular, and emission; 9 numbers."""
    texture: list[int]
    """RGBA of all pixels, row by row, flat; empty without a texture."""
    textureId: int
    """The texture's id, or -1."""
    textureRes: tuple[int, int]
    """The texture's width and height in pixels."""
    textureCoords: list[float]
    """U and v for each index, flat; empty without a texture."""
    textureApplyMode: int
    """0 modulate, 1 decal, 2 add."""
    textureOptions: int
    """1 repeats along u, 2 along v, 4 interpolates, 8 is drawn as lines."""


def simGetShapeViz(shapeHandle: int, index: int) -> ShapeLook:
    """How a part of a shape looks; simple shapes have part 0 only.

    Raises:
      RuntimeError: the shape has no such part.
    """
    node, shape = shape_node(shapeHandle)
    parts = list(leaves(shape.geometry))
    if not 0 <= index < len(parts):
        raise RuntimeError(
            f"The shape {node.name!r} has parts 0 to {len(parts) - 1}; {index} came."
        )
    part = parts[index]
    place = from_pose(part.pose)
    vertices = transform(place, part.vertices)
    color = part.color
    return ShapeLook(
        vertices.reshape(-1).tolist(),
        part.triangles.reshape(-1).tolist(),
        (part.normals @ matrix(place).T).reshape(-1).tolist(),
        float(part.shading_angle),
        [*color.ambient_diffuse, *color.specular, *color.emission],
        *_texture_of(node, part, vertices),
    )


def _texture_of(node: Node, part: Mesh, vertices: np.ndarray) -> tuple[Any, ...]:
    """The last six fields of `ShapeLook`."""
    lines = 8 if part.wireframe else 0
    use = part.texture
    texture = None if use is None else node.textures.get(use.texture)
    if use is None or texture is None:
        return [], -1, (0, 0), [], 0, lines
    height, width, channels = texture.pixels.shape
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :channels] = texture.pixels
    uv = texture_coordinates(part, vertices[part.triangles], use, width, height)
    repeats = use.repeats[0] | use.repeats[1] << 1
    return (
        pixels.reshape(-1).tolist(),
        current().part(TextureIds).id_of(texture),
        (width, height),
        uv.reshape(-1).tolist(),
        int(use.blending),
        lines | repeats | (4 if use.interpolates else 0),
    )
