"""Where the corners of a mesh's triangles lie in its texture."""

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import from_pose, inverse, transform
from pyrep_mujoco.ttm.meshes import Mesh
from pyrep_mujoco.ttm.texture_use import Mapping, TextureUse

OFF_AXIS = 1e-9
"""Nearer to the axis [m], a point has no angle about it."""


def texture_coordinates(
    mesh: Mesh, corners: NDArray[np.float64], use: TextureUse, width: int, height: int
) -> NDArray[np.float64]:
    """U and v for every corner; the picture's first row is at v = 0.

    Args:
      mesh: the mesh.
      corners: (m, 3, 3) corners of its triangles in the shape's frame.
      use: how the texture lies on it.
      width: of the picture in pixels.
      height: of the picture in pixels.

    Returns:
      (m, 3, 2).
    """
    if use.coordinates is not None:
        return use.coordinates.astype(np.float64).reshape(-1, 3, 2)
    place = inverse(from_pose(use.pose))
    points = transform(place, corners.reshape(-1, 3)).reshape(corners.shape)
    scale_u, scale_v = use.scale
    # A picture keeps its proportions; the scale is that of its longer side.
    longer = max(width, height)
    u_size, v_size = scale_u * width / longer, scale_v * height / longer
    if use.mapping is Mapping.PLANE:
        return _flat(points[..., 0], points[..., 1], u_size, v_size)
    if use.mapping is Mapping.CUBE:
        edges = points[:, 1:] - points[:, :1]
        normal = np.abs(np.cross(edges[:, 0], edges[:, 1]))
        first = np.array([1, 2, 0])[normal.argmax(axis=1)]
        rows = np.arange(len(points))[:, None]
        columns = np.arange(3)[None]
        return _flat(
            points[rows, columns, first[:, None]],
            points[rows, columns, (first[:, None] + 1) % 3],
            u_size,
            v_size,
        )
    u = _around(points)
    if use.mapping is Mapping.CYLINDER:
        v = points[..., 2] / v_size + 0.5
    else:
        distance = np.linalg.norm(points, axis=-1)
        cosine = points[..., 2] / np.maximum(distance, OFF_AXIS)
        v = 1 - np.arccos(np.clip(cosine, -1, 1)) / np.pi
    return np.stack([u, v], axis=-1)


def _flat(
    first: NDArray, second: NDArray, u_size: float, v_size: float
) -> NDArray[np.float64]:
    return np.stack([first / u_size + 0.5, second / v_size + 0.5], axis=-1)


def _around(points: NDArray) -> NDArray[np.float64]:
    """The angle about z as a share of the whole turn; no triangle crosses the seam."""
    u = (np.arctan2(points[..., 1], points[..., 0]) / np.pi + 1) / 2
    u = np.where(u < u.max(axis=1, keepdims=True) - 0.5, u + 1, u)
    # A corner on the axis has no angle: it takes the mean of the others.
    on_axis = np.hypot(points[..., 0], points[..., 1]) < OFF_AXIS
    others = np.where(on_axis, 0, u).sum(axis=1)
    mean = others / np.maximum((~on_axis).sum(axis=1), 1)
    return np.where(on_axis, mean[:, None], u)
