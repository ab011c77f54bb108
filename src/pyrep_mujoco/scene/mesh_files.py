"""Meshes from files: OBJ, STL, PLY and what else the package ``trimesh`` reads."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.extras import package

PURPOSE, EXTRA = "Importing meshes", "meshes"


class FileMesh(NamedTuple):
    """One mesh of a file."""

    name: str
    """As the file has it."""
    vertices: NDArray[np.float64]
    """(n, 3) in the file's unit."""
    triangles: NDArray[np.int64]
    """(m, 3) indices of vertices."""
    rgb: tuple[float, float, float] | None
    """Its material's colour, 0 to 1."""
    coordinates: NDArray[np.float32] | None
    """(m * 3, 2) u and v for each corner, where it has a picture."""
    pixels: NDArray[np.uint8] | None
    """(height, width, 3 or 4) of its picture; the first row is at v = 0."""


def read_meshes(path: Path) -> list[FileMesh]:
    """The meshes of a file that have triangles.

    Raises:
      RuntimeError: the file is not there, cannot be read, or holds no triangles.
      MissingDependencyError: trimesh is not installed.
    """
    trimesh: Any = package("trimesh", PURPOSE, EXTRA)
    try:
        scene = trimesh.load_scene(path, process=False)
    # Damaged files end in errors of all kinds in there.
    except Exception as error:
        raise RuntimeError(
            f"The mesh file {str(path)!r} cannot be read: {error}. Name an OBJ, STL "
            "or PLY file of triangles."
        ) from error
    found = [
        _file_mesh(name, mesh)
        for name, mesh in zip(
            scene.graph.nodes_geometry, scene.dump(concatenate=False), strict=False
        )
        if len(getattr(mesh, "faces", ()))
    ]
    if not found:
        raise RuntimeError(f"The mesh file {str(path)!r} holds no triangles.")
    return found


def _file_mesh(name: str, mesh: Any) -> FileMesh:
    vertices = np.asarray(mesh.vertices, np.float64)
    triangles = np.asarray(mesh.faces, np.int64)
    rgb = coordinates = pixels = None
    material = getattr(mesh.visual, "material", None)
    if material is not None:
        color = np.asarray(material.main_color, np.float64)[:3] / 255
        rgb = (float(color[0]), float(color[1]), float(color[2]))
        # Glossy materials name their picture otherwise than simple ones.
        picture = getattr(material, "image", None) or getattr(
            material, "baseColorTexture", None
        )
        if picture is not None and mesh.visual.uv is not None:
            alpha = "A" in picture.getbands()
            pixels = np.asarray(picture.convert("RGBA" if alpha else "RGB"))[::-1]
            pixels = np.ascontiguousarray(pixels)
            uv = np.asarray(mesh.visual.uv, np.float32)
            coordinates = uv[triangles.reshape(-1)]
    # Files repeat a vertex for every normal and picture coordinate that it has.
    points, same = np.unique(vertices, axis=0, return_inverse=True)
    return FileMesh(name, points, same.reshape(-1)[triangles], rgb, coordinates, pixels)
