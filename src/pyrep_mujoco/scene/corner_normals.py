"""Normals at the corners of triangles: smooth over blunt edges, sharp over others."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def corner_normals(
    vertices: ArrayLike, triangles: ArrayLike, shading_angle: float
) -> NDArray[np.float32]:
    """For each corner the mean of the normals of the faces that meet there bluntly.

    Args:
      vertices: (n, 3) [m]; those at one place are one vertex.
      triangles: (m, 3) indices of vertices, counter-clockwise seen from outside.
      shading_angle: faces that meet at a greater angle [rad] do not count.

    Returns:
      (m, 3, 3) unit vectors for each triangle and corner.
    """
    points = np.asarray(vertices, np.float64)
    corners = np.asarray(triangles)
    faces = _face_normals(points, corners)
    _, same = np.unique(points, axis=0, return_inverse=True)
    at = same.reshape(-1)[corners].reshape(-1)
    # All pairs of corners at one place, from runs of the corners sorted by place.
    order = np.argsort(at, kind="stable")
    _, first, counts = np.unique(at[order], return_index=True, return_counts=True)
    size = counts[np.repeat(np.arange(len(counts)), counts)]
    start = np.repeat(first, counts)
    mine = np.repeat(np.arange(len(order)), size)
    within = np.arange(len(mine)) - np.repeat(np.cumsum(size) - size, size)
    one, other = order[mine] // 3, order[start[mine] + within] // 3
    blunt = np.einsum("ij,ij->i", faces[one], faces[other]) > np.cos(shading_angle)
    # A face without area has no direction: its own corners point up.
    blunt |= one == other
    sums = np.zeros((len(order), 3))
    np.add.at(sums, order[mine[blunt]], faces[other[blunt]])
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return (sums / np.maximum(length, 1e-12)).reshape(-1, 3, 3).astype(np.float32)


def _face_normals(points: NDArray[np.float64], corners: NDArray) -> NDArray[np.float64]:
    a, b, c = (points[corners[:, place]] for place in range(3))
    normals = np.cross(b - a, c - a)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    flat = length[:, 0] < 1e-20
    normals[flat], length[flat] = (0.0, 0.0, 1.0), 1.0
    return normals / length
