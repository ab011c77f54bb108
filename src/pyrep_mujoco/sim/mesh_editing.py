"""Meshes with fewer triangles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyrep_mujoco.extras import package
from pyrep_mujoco.sim.shapes import checked_triangles


def simGetDecimatedMesh(
    inVertices: Sequence[float], inIndices: Sequence[int], decimationPercent: float
) -> tuple[list[float], list[int]]:
    """A mesh with fewer triangles.

    Args:
      inVertices: flat [m].
      inIndices: flat.
      decimationPercent: the share of triangles that are left, 0 to 1.

    Returns:
      vertices [m] and indices, flat.

    Raises:
      RuntimeError: these are no triangles, or the share is not between 0 and 1.
      MissingDependencyError: fast-simplification is not installed.
    """
    points, triangles = checked_triangles(inVertices, inIndices)
    if not 0 < decimationPercent < 1:
        raise RuntimeError(
            f"The share of triangles to be left is between 0 and 1; "
            f"{decimationPercent} came."
        )
    simplification: Any = package("fast_simplification", "Decimating meshes", "meshes")
    # Meshes may have several vertices at one place; between these they would tear.
    welded, same = np.unique(points, axis=0, return_inverse=True)
    vertices, faces = simplification.simplify(
        welded.astype(np.float32),
        same.reshape(-1)[triangles].astype(np.int32),
        target_reduction=1 - decimationPercent,
    )
    return vertices.reshape(-1).tolist(), faces.reshape(-1).tolist()
