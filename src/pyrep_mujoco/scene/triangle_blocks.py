"""Blocks of neighbouring triangles with boxes around them, for quick rejection."""

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import FloatArray
from pyrep_mujoco.scene.surfaces import Surface

_IN_BLOCK, _IN_GROUP = 32, 16
"""Triangles in a block; blocks in a group, groups in a greater one, and so on."""


class TriangleBlocks:
    """A surface's triangles, neighbours next to each other, in boxes within boxes."""

    def __init__(self, surface: Surface) -> None:
        corners = surface.vertices[surface.triangles]
        order = _along_a_curve(corners.mean(axis=1)) if len(corners) else slice(None)
        self.corners: FloatArray = np.ascontiguousarray(corners[order])
        """(m, 3, 3) [m], in the shape's frame."""
        low, high = self.corners.min(axis=1), self.corners.max(axis=1)
        self._levels: list[tuple[FloatArray, FloatArray]] = []
        # The number of children of a box at each level, coarse to fine.
        self._children: list[int] = []
        size = _IN_BLOCK
        while len(low):
            starts = np.arange(0, len(low), size)
            low = np.minimum.reduceat(low, starts)
            high = np.maximum.reduceat(high, starts)
            self._levels.insert(0, ((low + high) / 2, (high - low) / 2))
            self._children.insert(0, size)
            size = _IN_GROUP
            if len(low) <= _IN_GROUP:
                break

    def within(self, normals: FloatArray, offsets: FloatArray) -> NDArray[np.int64]:
        """Triangles that no plane shuts out with their whole block.

        Args:
          normals: (p, 3), of planes in the shape's frame.
          offsets: (p,); inside is where normal . point + offset <= 0.
        """
        if not self._levels:
            return np.empty(0, np.int64)
        reach = np.abs(normals)
        found = np.arange(len(self._levels[0][0]))
        for number, (middles, halves) in enumerate(self._levels):
            nearest = middles[found] @ normals.T - halves[found] @ reach.T + offsets
            found = found[~np.any(nearest > 0, axis=1)]
            size = self._children[number]
            below = (found[:, None] * size + np.arange(size)).reshape(-1)
            last = number + 1 == len(self._levels)
            count = len(self.corners if last else self._levels[number + 1][0])
            found = below[below < count]
        return found


def _along_a_curve(points: FloatArray) -> NDArray[np.int64]:
    """An order in which points (m, 3) that follow each other are near (Morton)."""
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / max(float((high - low).max()), 1e-12) * 1023
    code = np.zeros(len(points), np.int64)
    whole = scaled.astype(np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= (whole[:, axis] >> bit & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")
