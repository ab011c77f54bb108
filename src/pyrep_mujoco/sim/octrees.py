"""Octrees: sets of voxels that points and objects are put into.

No camera sees them, and nothing touches them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import FloatArray, inverse, transform
from pyrep_mujoco.scene.reshaping import surface
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.objects import UnreadObject
from pyrep_mujoco.ttm.plain import OBJECT
from pyrep_mujoco.ttm.shapes import Shape

KIND = "OCT"
"""The tag of octrees in files; their voxels are not read from there."""

LEAST_VOXEL, MOST_VOXEL = 1e-3, 1.0
"""Limits of a voxel's edge [m], as in CoppeliaSim."""

_IN_OCTREE_FRAME = 1
"""Bit of the options: points are in the octree's frame, not in the world's."""

_Cell = tuple[int, int, int]


class Voxels(NamedTuple):
    """What an octree holds."""

    edge: float
    """Of a voxel [m]."""
    cells: set[_Cell]
    """Voxels by their number along each axis; 0 begins at the octree's origin."""


class Octrees:
    """The voxels of every octree."""

    def __init__(self, simulation: Simulation) -> None:
        self._voxels: dict[Node, Voxels] = {}

    def make(self, node: Node, edge: float) -> None:
        """Let an object be an empty octree."""
        self._voxels[node] = Voxels(edge, set())

    def of(self, node: Node) -> Voxels:
        """What an octree holds.

        Raises:
          SceneError: the object is no octree that was made while the program ran.
        """
        if node not in self._voxels:
            raise SceneError(
                node.name, "is no octree that can be used here", "Create one."
            )
        return self._voxels[node]

    def close(self) -> None:
        """Forget all."""
        self._voxels.clear()


def simCreateOctree(voxelSize: float, options: int, pointSize: float) -> int:
    """A new octree at the origin, without voxels.

    Args:
      voxelSize: edge of a voxel [m].
      options: how it is drawn; of no use here.
      pointSize: how it is drawn; of no use here.

    Raises:
      RuntimeError: the edge is not a positive, finite number.
    """
    if not (np.isfinite(voxelSize) and voxelSize > 0):
        raise RuntimeError(f"A voxel's edge is a positive number; {voxelSize} came.")
    simulation = current()
    fields: dict[str, Any] = OBJECT | {"name": "Octree", "kind": KIND}
    node = simulation.scene.create(UnreadObject(**fields))
    edge = min(max(float(voxelSize), LEAST_VOXEL), MOST_VOXEL)
    simulation.part(Octrees).make(node, edge)
    return node.handle


def _found(handle: int) -> tuple[Node, Voxels]:
    simulation = current()
    node = simulation.node(handle)
    return node, simulation.part(Octrees).of(node)


def _cells(
    node: Node, voxels: Voxels, points: FloatArray, *, local: bool
) -> list[_Cell]:
    """The voxels that points (n, 3) lie in."""
    if not local:
        points = transform(inverse(current().scene.frame_w(node)), points)
    numbers: NDArray[np.int64] = np.floor(points / voxels.edge).astype(np.int64)
    return [(x, y, z) for x, y, z in np.unique(numbers, axis=0).tolist()]


def _checked(node: Node, points: Sequence[float]) -> FloatArray:
    values = np.asarray(points, np.float64).reshape(-1)
    if len(values) % 3 or not np.isfinite(values).all():
        raise SceneError(
            node.name,
            f"takes points of three finite numbers, not {len(values)} such",
            "Mend the points.",
        )
    return values.reshape(-1, 3)


def simInsertVoxelsIntoOctree(
    octreeHandle: int,
    options: int,
    points: Sequence[float],
    color: Sequence[float] | None,
    tag: Any,
) -> int:
    """Put the voxels of points in; how many there are then.

    Args:
      octreeHandle: the octree.
      options: 1 if the points are in the octree's frame, else they are in the world's.
      points: flat [m].
      color: of no use, for no camera sees it.
      tag: of no use here.

    Raises:
      RuntimeError: the object is no octree, or these are no points.
    """
    node, voxels = _found(octreeHandle)
    local = bool(options & _IN_OCTREE_FRAME)
    cells = _cells(node, voxels, _checked(node, points), local=local)
    voxels.cells.update(cells)
    return len(voxels.cells)


def simRemoveVoxelsFromOctree(
    octreeHandle: int, options: int, points: Sequence[float] | None
) -> int:
    """Take the voxels of points out, or all with None; how many are left.

    Raises:
      RuntimeError: the object is no octree, or these are no points.
    """
    node, voxels = _found(octreeHandle)
    if points is None:
        voxels.cells.clear()
    else:
        local = bool(options & _IN_OCTREE_FRAME)
        cells = _cells(node, voxels, _checked(node, points), local=local)
        voxels.cells.difference_update(cells)
    return len(voxels.cells)


def simGetOctreeVoxels(octreeHandle: int) -> list[float]:
    """The middles of all voxels in the octree's frame, flat [m]."""
    _, voxels = _found(octreeHandle)
    middles = (np.array(sorted(voxels.cells)).reshape(-1) + 0.5) * voxels.edge
    return middles.tolist()


def simInsertObjectIntoOctree(
    octreeHandle: int,
    objectHandle: int,
    options: int,
    color: Sequence[float] | None,
    tag: Any,
) -> int:
    """Put the voxels of an object's surface in; how many there are then.

    Raises:
      RuntimeError: the first is no octree, or the second neither a shape nor a dummy
        nor an octree.
    """
    node, voxels = _found(octreeHandle)
    voxels.cells.update(_cells_of(node, voxels, objectHandle))
    return len(voxels.cells)


def simSubtractObjectFromOctree(
    octreeHandle: int, objectHandle: int, options: int
) -> int:
    """Take the voxels of an object's surface out; how many are left.

    Raises:
      RuntimeError: as of `simInsertObjectIntoOctree`.
    """
    node, voxels = _found(octreeHandle)
    voxels.cells.difference_update(_cells_of(node, voxels, objectHandle))
    return len(voxels.cells)


def _cells_of(node: Node, voxels: Voxels, handle: int) -> list[_Cell]:
    """The voxels that an object's surface goes through."""
    simulation = current()
    other = simulation.node(handle)
    if isinstance(other.source, Shape):
        shell = surface(other.source.geometry)
        points = _on(shell.vertices[shell.triangles], voxels.edge / 2)
    elif isinstance(other.source, Dummy):
        points = np.zeros((1, 3))
    else:
        points = np.reshape(simGetOctreeVoxels(handle), (-1, 3))
    place = simulation.scene.frame_w(other)
    return _cells(node, voxels, transform(place, points), local=False)


def _on(corners: FloatArray, spacing: float) -> FloatArray:
    """Points on triangles (m, 3, 3), no farther from each other than a spacing."""
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.maximum(np.ceil(edges / spacing), 1).astype(int)
    found = []
    for count in np.unique(steps):
        first, second = np.meshgrid(*[np.arange(count + 1) / count] * 2)
        inside = first + second <= 1 + 1e-9
        weights = np.stack([first, second, 1 - first - second], axis=-1)[inside]
        found.append(np.einsum("wc,mci->mwi", weights, corners[steps == count]))
    return np.concatenate([points.reshape(-1, 3) for points in found])


def simCheckOctreePointOccupancy(
    octreeHandle: int, options: int, points: Sequence[float]
) -> bool:
    """Whether all points lie in voxels of an octree.

    Raises:
      RuntimeError: the object is no octree, or these are no points.
    """
    node, voxels = _found(octreeHandle)
    local = bool(options & _IN_OCTREE_FRAME)
    cells = _cells(node, voxels, _checked(node, points), local=local)
    return bool(cells) and voxels.cells.issuperset(cells)
