"""Textures: read from files, and laid on shapes."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import IDENTITY, frame
from pyrep_mujoco.scene.image_files import read_pixels
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.matrices import from_angles
from pyrep_mujoco.sim.new_shapes import new_shape, primitive_mesh
from pyrep_mujoco.sim.shapes import shape_node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.sim.texture_ids import TextureIds
from pyrep_mujoco.ttm.meshes import Mesh, Primitive
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.texture_use import Blending, Mapping, TextureUse
from pyrep_mujoco.ttm.textures import Texture
from pyrep_mujoco.ttm.values import Pose

PLANE_SIZE = (0.1, 0.1, 1e-4)
"""Of the plane that shows a new texture [m]."""

_NEAREST, _DECAL, _REPEATS_U, _REPEATS_V = 1, 2, 4, 8
_RGBA, _FLIPS_ROWS, _FLIPS_COLUMNS = 16, 32, 64


def simCreateTexture(fileName: str, options: int) -> int:
    """A new static plane that shows a picture from a file.

    Args:
      fileName: any picture that Pillow reads.
      options: 1 does not interpolate, 2 decal, 4 repeats along u, 8 along v.

    Raises:
      RuntimeError: the file is not there, or is no picture.
    """
    pixels = read_pixels(Path(fileName))
    simulation = current()
    ids = simulation.part(TextureIds)
    ids.forget_unused(simulation.scene.tree)
    texture = Texture(0, Path(fileName).name, pixels)
    number = ids.id_of(texture)
    use = _use(number, Mapping.PLANE, options, PLANE_SIZE[:2], Pose())
    mesh = primitive_mesh(Primitive.PLANE, PLANE_SIZE)
    white = dataclasses.replace(mesh.color, ambient_diffuse=(1.0, 1.0, 1.0))
    mesh = dataclasses.replace(mesh, texture=use, color=white, primitive=Primitive.NONE)
    node = simulation.scene.create(new_shape("Plane", mesh))
    node.textures = {number: texture}
    return node.handle


def simGetShapeTextureId(objectHandle: int) -> int:
    """The id of the texture on a simple shape.

    Raises:
      RuntimeError: there is none, or the shape is a compound.
    """
    node, shape = shape_node(objectHandle)
    use = _simple(node, shape).texture
    texture = None if use is None else node.textures.get(use.texture)
    if texture is None:
        raise SceneError(node.name, "has no texture", "Set one first.")
    return current().part(TextureIds).id_of(texture)


def simSetShapeTexture(
    shapeHandle: int,
    textureId: int,
    mappingMode: int,
    options: int,
    uvScaling: Sequence[float],
    position: Sequence[float] | None,
    orientation: Sequence[float] | None,
) -> None:
    """Lay a texture on a simple shape, or take it off with the id -1.

    Args:
      shapeHandle: the shape.
      textureId: from `simGetShapeTextureId`, or -1.
      mappingMode: 0 plane, 1 cylinder, 2 sphere, 3 cube.
      options: as of `simCreateTexture`.
      uvScaling: size of one picture along u and v [m].
      position: of the texture in the shape's frame [m].
      orientation: of the texture in the shape's frame [rad].

    Raises:
      RuntimeError: the shape is a compound, or there is no such texture.
    """
    node, shape = shape_node(shapeHandle)
    mesh = _simple(node, shape)
    if textureId == -1:
        _lay(node, shape, mesh, None)
        return
    if mappingMode not in set(Mapping):
        raise RuntimeError(f"Mappings are 0 to {max(Mapping)}; {mappingMode} came.")
    ids = current().part(TextureIds)
    texture = ids.texture(textureId)
    turned = from_angles(orientation) if orientation is not None else IDENTITY.quat_wxyz
    place = frame(position if position is not None else (0, 0, 0), turned)
    use = _use(textureId, Mapping(mappingMode), options, uvScaling, Pose(*place))
    _lay(node, shape, mesh, use, texture)


def simApplyTexture(
    shapeHandle: int,
    textureCoordinates: Sequence[float],
    textCoordSize: int,
    texture: Sequence[int],
    textureResolution: Sequence[int],
    options: int,
) -> int:
    """Lay pixels on a simple shape by coordinates of its own; the texture's id.

    Args:
      shapeHandle: the shape.
      textureCoordinates: u and v for each index of the shape's triangles.
      textCoordSize: how many numbers these are.
      texture: the pixels, 0 to 255, row by row.
      textureResolution: width and height.
      options: 1 does not interpolate, 2 decal, 16 the pixels are RGBA, 32 flips
        the picture horizontally, 64 vertically.

    Raises:
      RuntimeError: the shape is a compound, or the numbers' counts do not fit.
    """
    node, shape = shape_node(shapeHandle)
    mesh = _simple(node, shape)
    coordinates = np.asarray(textureCoordinates[:textCoordSize], np.float32)
    if len(coordinates) != mesh.triangles.size * 2:
        raise SceneError(
            node.name,
            f"has {mesh.triangles.size} corners of triangles; "
            f"{len(coordinates)} texture coordinates came",
            "Give u and v for every corner.",
        )
    width, height = map(int, textureResolution)
    channels = 4 if options & _RGBA else 3
    pixels = np.asarray(texture, np.uint8)
    if min(width, height) < 1 or pixels.size != width * height * channels:
        raise RuntimeError(
            f"A picture of {width} by {height} has {width * height * channels} "
            f"numbers; {pixels.size} came."
        )
    pixels = pixels.reshape(height, width, channels)
    if options & _FLIPS_ROWS:
        pixels = pixels[:, ::-1]
    if options & _FLIPS_COLUMNS:
        pixels = pixels[::-1]
    ids = current().part(TextureIds)
    picture = Texture(0, "importedTexture", np.ascontiguousarray(pixels))
    number = ids.id_of(picture)
    use = _use(number, Mapping.PLANE, options, (1.0, 1.0), Pose())
    use = dataclasses.replace(use, coordinates=coordinates.reshape(-1, 2))
    _lay(node, shape, mesh, use, picture)
    return number


def _simple(node: Node, shape: Shape) -> Mesh:
    if not isinstance(shape.geometry, Mesh):
        raise SceneError(
            node.name, "is a compound, which has no texture of its own", "Ungroup it."
        )
    return shape.geometry


def _use(
    number: int,
    mapping: Mapping,
    options: int,
    scale: Sequence[float],
    pose: Pose,
) -> TextureUse:
    u, v = (max(float(edge), 1e-6) for edge in scale)
    return TextureUse(
        texture=number,
        mapping=mapping,
        scale=(u, v),
        pose=pose,
        interpolates=not options & _NEAREST,
        repeats=(bool(options & _REPEATS_U), bool(options & _REPEATS_V)),
        blending=Blending.DECAL if options & _DECAL else Blending.MODULATE,
        coordinates=None,
    )


def _lay(
    node: Node,
    shape: Shape,
    mesh: Mesh,
    use: TextureUse | None,
    texture: Texture | None = None,
) -> None:
    geometry = dataclasses.replace(mesh, texture=use)
    if use is not None and texture is not None:
        node.textures = {use.texture: texture}
    node.source = dataclasses.replace(shape, geometry=geometry)
    current().scene.recompile()
