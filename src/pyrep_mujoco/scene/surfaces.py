"""Surfaces: the triangles of shapes, each shape's as one mesh."""

import hashlib
import weakref
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import FloatArray, from_pose, transform
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.meshes import Compound, Mesh, leaves
from pyrep_mujoco.ttm.shapes import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A shape's triangles, in the shape's frame."""

    vertices: FloatArray
    """(n, 3) [m]."""
    triangles: NDArray[np.int32]
    """(m, 3) indices of vertices, counter-clockwise seen from outside."""
    middle: FloatArray
    """(3,) of the box around the triangles, along the shape's axes."""
    half_size: FloatArray
    """(3,) of that box."""

    @property
    def digest(self) -> bytes:
        """Equal for equal triangles."""
        sums = hashlib.blake2b(self.vertices.tobytes(), digest_size=16)
        sums.update(self.triangles.tobytes())
        return sums.digest()


POINT_SIZE = 1e-7
"""Edge of the triangle that a dummy, a mere point, is for distances [m]."""


def _point() -> Surface:
    vertices = POINT_SIZE * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], np.float64)
    triangles = np.array([(0, 1, 2)], np.int32)
    return Surface(vertices, triangles, np.zeros(3), np.full(3, POINT_SIZE))


_POINT = _point()


class _Kept(NamedTuple):
    geometry: Mesh | Compound
    surface: Surface


class Surfaces:
    """The surfaces of shapes and dummies, made when they are first asked for."""

    def __init__(self) -> None:
        self._kept: weakref.WeakKeyDictionary[Node, _Kept] = weakref.WeakKeyDictionary()

    def of(self, node: Node) -> Surface:
        """A shape's surface, made anew when the shape got another geometry.

        A dummy's is so small a triangle that it is a point.
        """
        shape = node.source
        if isinstance(shape, Dummy):
            return _POINT
        assert isinstance(shape, Shape)
        kept = self._kept.get(node)
        # Shapes that are scaled or grouped get new geometries.
        if kept is None or kept.geometry is not shape.geometry:
            kept = _Kept(shape.geometry, surface(shape.geometry))
            self._kept[node] = kept
        return kept.surface


def surface(geometry: Mesh | Compound) -> Surface:
    """The triangles of a geometry; all its meshes as one."""
    vertices, triangles, count = [], [], 0
    for part in leaves(geometry):
        vertices.append(transform(from_pose(part.pose), part.vertices))
        triangles.append(part.triangles + count)
        count += len(part.vertices)
    points = np.concatenate(vertices)
    corners = np.ascontiguousarray(np.concatenate(triangles), np.int32)
    used = points[corners.reshape(-1)] if len(corners) else np.zeros((1, 3))
    low, high = used.min(axis=0), used.max(axis=0)
    return Surface(points, corners, (low + high) / 2, (high - low) / 2)
