"""Triangles of simple bodies: cuboids, spheres, cylinders, cones and planes."""

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.meshes import Primitive

Triangles = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Vertices (n, 3) [m] and triangles (m, 3), counter-clockwise seen from outside."""

SIDES, RINGS = 32, 16
"""Of round bodies, as ``simCreatePureShape`` makes them by default."""


def primitive_triangles(kind: Primitive, size: tuple[float, float, float]) -> Triangles:
    """A body about the origin, upright along z.

    Args:
      kind: plane, cuboid, spheroid, cylinder or cone.
      size: full edges or diameters along x, y and z [m].
    """
    vertices, triangles = _UNIT[kind]()
    return (vertices * size).astype(np.float32), triangles.astype(np.int32)


def _plane() -> tuple[NDArray, NDArray]:
    corners = [(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)]
    return np.array(corners), np.array([(0, 1, 2), (0, 2, 3)])


def _cuboid() -> tuple[NDArray, NDArray]:
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6)]
    sides += [(0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [half for a, b, c, d in sides for half in ((a, b, c), (a, c, d))]
    return np.array(corners) / 2, np.array(triangles)


def _spheroid() -> tuple[NDArray, NDArray]:
    angles = np.linspace(-np.pi / 2, np.pi / 2, RINGS + 1)[1:-1]
    return _turned(np.cos(angles) / 2, np.sin(angles) / 2)


def _cylinder() -> tuple[NDArray, NDArray]:
    return _turned(np.array([0.5, 0.5]), np.array([-0.5, 0.5]))


def _cone() -> tuple[NDArray, NDArray]:
    return _turned(np.array([0.5]), np.array([-0.5]))


def _turned(radii: NDArray, heights: NDArray) -> tuple[NDArray, NDArray]:
    """Rings about z from the bottom up, closed by a point at -0.5 and one at 0.5."""
    angles = np.arange(SIDES) * 2 * np.pi / SIDES
    circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(SIDES)], axis=1)
    rings = [
        circle * (radius, radius, 0) + (0, 0, height)
        for radius, height in zip(radii, heights, strict=True)
    ]
    vertices = np.concatenate([*rings, [(0, 0, -0.5), (0, 0, 0.5)]])
    bottom, top = len(vertices) - 2, len(vertices) - 1
    last = (len(rings) - 1) * SIDES
    here = np.arange(SIDES)
    there = (here + 1) % SIDES
    triangles = [
        np.stack([np.full(SIDES, bottom), there, here], axis=1),
        np.stack([np.full(SIDES, top), last + here, last + there], axis=1),
    ]
    for ring in range(len(rings) - 1):
        low, high = ring * SIDES, (ring + 1) * SIDES
        triangles.append(np.stack([low + here, low + there, high + there], axis=1))
        triangles.append(np.stack([low + here, high + there, high + here], axis=1))
    return vertices, np.concatenate(triangles)


_UNIT = {
    Primitive.PLANE: _plane,
    Primitive.CUBOID: _cuboid,
    Primitive.SPHEROID: _spheroid,
    Primitive.CYLINDER: _cylinder,
    Primitive.CONE: _cone,
}
