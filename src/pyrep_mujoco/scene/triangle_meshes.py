"""Triangles against triangles: do two shapes' surfaces meet, and how far are they?

As in CoppeliaSim, shapes are surfaces here: one that lies wholly within another does
not meet it. The package ``python-fcl`` does the work.
"""

import weakref
from collections import OrderedDict
from typing import Any, NamedTuple

from pyrep_mujoco.extras import package
from pyrep_mujoco.scene.frames import FloatArray
from pyrep_mujoco.scene.surfaces import Surface, Surfaces
from pyrep_mujoco.scene.tree import Node

MOST_TRIANGLES = 2_000_000
"""Kept in this process for scenes to come; about 200 bytes each."""


class Gap(NamedTuple):
    """The shortest line between two surfaces."""

    distance: float
    """[m]; 0 if they meet."""
    on_first: tuple[float, float, float]
    """Its end on the first surface, in the world [m]."""
    on_second: tuple[float, float, float]
    """Its end on the second surface, in the world [m]."""


class _Trees:
    """Bounding-volume trees by what they hold; making one takes 10 us a triangle."""

    def __init__(self) -> None:
        self._trees: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._triangles = 0

    def of(self, fcl: Any, surface: Surface) -> Any:
        digest = surface.digest
        if digest in self._trees:
            self._trees.move_to_end(digest)
            return self._trees[digest][0]
        made = fcl.BVHModel()
        count = len(surface.triangles)
        made.beginModel(count, len(surface.vertices))
        made.addSubModel(surface.vertices, surface.triangles)
        made.endModel()
        self._trees[digest] = made, count
        self._triangles += count
        while self._triangles > MOST_TRIANGLES and len(self._trees) > 1:
            _, (_, oldest) = self._trees.popitem(last=False)
            self._triangles -= oldest
        return made


_TREES = _Trees()


class TriangleMeshes:
    """Shapes as the collision library has them.

    Raises:
      MissingDependencyError: the package ``python-fcl`` is not installed.
    """

    def __init__(self, surfaces: Surfaces) -> None:
        self._fcl = package("fcl", "Checking for collisions")
        self._surfaces = surfaces
        self._request = self._fcl.CollisionRequest()
        self._distance_request = self._fcl.DistanceRequest(enable_nearest_points=True)
        self._made: weakref.WeakKeyDictionary[Node, tuple[Surface, Any]] = (
            weakref.WeakKeyDictionary()
        )

    def place(
        self, node: Node, position: FloatArray, rotation: FloatArray
    ) -> Any | None:
        """A shape somewhere in the world; None if it has no triangles.

        The same object comes back for the same shape.
        """
        surface = self._surfaces.of(node)
        if not len(surface.triangles):
            return None
        made = self._made.get(node)
        if made is None or made[0] is not surface:
            tree = _TREES.of(self._fcl, surface)
            made = self._made[node] = surface, self._fcl.CollisionObject(tree)
        made[1].setTransform(self._fcl.Transform(rotation, position))
        return made[1]

    def meet(self, first: Any, second: Any) -> bool:
        """Whether two placed shapes' triangles intersect."""
        result = self._fcl.CollisionResult()
        return bool(self._fcl.collide(first, second, self._request, result))

    def gap(self, first: Any, second: Any) -> Gap:
        """How far two placed shapes are from each other."""
        if self.meet(first, second):
            request = self._fcl.CollisionRequest(enable_contact=True)
            result = self._fcl.CollisionResult()
            self._fcl.collide(first, second, request, result)
            x, y, z = map(float, result.contacts[0].pos)
            return Gap(0.0, (x, y, z), (x, y, z))
        result = self._fcl.DistanceResult()
        distance = self._fcl.distance(first, second, self._distance_request, result)
        (a, b, c), (d, e, f) = (map(float, point) for point in result.nearest_points)
        return Gap(float(distance), (a, b, c), (d, e, f))
