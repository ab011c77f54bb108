"""Meshes and shapes from files."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pyrep_mujoco.scene.convex_hulls import convex_hull
from pyrep_mujoco.scene.frames import IDENTITY, relative
from pyrep_mujoco.scene.mesh_files import FileMesh, read_meshes
from pyrep_mujoco.scene.reshaping import grouped
from pyrep_mujoco.sim.new_shapes import (
    MESH_COLOR,
    SHADING_ANGLE,
    new_shape,
    triangle_mesh,
)
from pyrep_mujoco.sim.shapes import simCreateMeshShape
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.sim.texture_ids import TextureIds
from pyrep_mujoco.ttm.texture_use import Blending, Mapping, TextureUse
from pyrep_mujoco.ttm.textures import Texture
from pyrep_mujoco.ttm.values import Pose

_IGNORES_COLOR, _TEXTURES = 8, 16
"""Bits of the options of `simImportShape`."""


def simImportMesh(
    fileformat: int,
    pathAndFilename: str,
    options: int,
    identicalVerticeTolerance: float,
    scalingFactor: float,
) -> tuple[list[list[float]], list[list[int]], list[str]]:
    """The meshes of a file.

    Args:
      fileformat: of no use, for the file's name tells.
      pathAndFilename: an OBJ, STL or PLY file.
      options: of no use here: vertices at one place are one, and no file turns up.
      identicalVerticeTolerance: of no use, as in CoppeliaSim.
      scalingFactor: by which coordinates are multiplied to be in m.

    Returns:
      for each mesh its vertices and its indices, both flat, and its name.

    Raises:
      RuntimeError: the file is not there, cannot be read, or holds no triangles.
      MissingDependencyError: trimesh is not installed.
    """
    meshes = read_meshes(Path(pathAndFilename))
    return (
        [(mesh.vertices * scalingFactor).reshape(-1).tolist() for mesh in meshes],
        [mesh.triangles.reshape(-1).tolist() for mesh in meshes],
        [mesh.name for mesh in meshes],
    )


def simImportShape(
    fileformat: int,
    pathAndFilename: str,
    options: int,
    identicalVerticeTolerance: float,
    scalingFactor: float,
) -> int:
    """A new shape of all meshes of a file: static, not respondable.

    Args:
      fileformat: of no use, for the file's name tells.
      pathAndFilename: an OBJ, STL or PLY file; pictures that it names lie beside it.
      options: 8 ignores colours, 16 takes pictures.
      identicalVerticeTolerance: of no use, as in CoppeliaSim.
      scalingFactor: by which coordinates are multiplied to be in m.

    Raises:
      RuntimeError: the file is not there, cannot be read, or holds no triangles.
      MissingDependencyError: trimesh is not installed.
    """
    textures: dict[int, Texture] = {}
    made = []
    for mesh in read_meshes(Path(pathAndFilename)):
        rgb = None if options & _IGNORES_COLOR else mesh.rgb
        use = _use(mesh, textures) if options & _TEXTURES else None
        part, place = triangle_mesh(
            mesh.vertices * scalingFactor, mesh.triangles, rgb=rgb or MESH_COLOR
        )
        # A picture shows its own colours; the material's would darken them.
        if use is not None:
            white = dataclasses.replace(part.color, ambient_diffuse=(1.0, 1.0, 1.0))
            part = dataclasses.replace(part, texture=use, color=white)
        made.append((dataclasses.replace(part, name=mesh.name), place))
    part, place = made[0]
    whole = part
    if len(made) > 1:
        whole = grouped([(other, relative(at, place)) for other, at in made])
    node = current().scene.create(new_shape("Shape", whole), place)
    node.textures = textures
    return node.handle


def _use(mesh: FileMesh, textures: dict[int, Texture]) -> TextureUse | None:
    if mesh.pixels is None or mesh.coordinates is None:
        return None
    texture = Texture(0, mesh.name, mesh.pixels)
    number = current().part(TextureIds).id_of(texture)
    textures[number] = texture
    return TextureUse(
        texture=number,
        mapping=Mapping.PLANE,
        scale=(1.0, 1.0),
        pose=Pose(*IDENTITY),
        interpolates=True,
        repeats=(True, True),
        blending=Blending.MODULATE,
        coordinates=mesh.coordinates,
    )


def simGetConvexHullShape(pathAndFilename: str) -> int:
    """A new shape that is the convex hull of a file's first mesh.

    Raises:
      RuntimeError: the file is not there, cannot be read, or has no volume.
      MissingDependencyError: trimesh is not installed.
    """
    vertices: Sequence[float] = simImportMesh(0, pathAndFilename, 0, 0, 1.0)[0][0]
    points, triangles = convex_hull(vertices)
    return simCreateMeshShape(
        3, SHADING_ANGLE, points.reshape(-1).tolist(), triangles.reshape(-1).tolist()
    )
