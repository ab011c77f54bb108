"""Collisions and distances between shapes, collections and everything else."""

from collections.abc import Iterator, Sequence

import numpy as np

from pyrep_mujoco.scene.entities import having, objects_of
from pyrep_mujoco.scene.places import Boxes, KeptBoxes, overlaps, place_of, places_w
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.surfaces import Surfaces
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.scene.triangle_meshes import Gap, TriangleMeshes
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.objects import ModelProperty, SceneObject, SpecialProperty
from pyrep_mujoco.ttm.shapes import Shape


class Collisions:
    """Questions about a scene as it is now.

    An entity is the handle of an object or collection; None stands for all that is
    not in the other. As in CoppeliaSim, an object that is named by its own handle
    counts though it is not collidable; of collections and of everything only
    collidable shapes do.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.surfaces = Surfaces()
        """Of all shapes that were asked for."""
        self._kept_boxes = KeptBoxes(scene, self.surfaces)
        self.meshes = TriangleMeshes(self.surfaces)
        """Of all shapes that were asked for."""

    def check(self, entity: int, other: int | None) -> bool:
        """Whether two entities collide.

        Raises:
          UnknownObjectError: there is no such object or collection.
        """
        firsts, seconds = self.collidable_pairs(entity, other)
        return next(self._meeting(firsts, seconds), None) is not None

    def collidable_pairs(
        self, entity: int, other: int | None
    ) -> tuple[list[Node], list[Node]]:
        """The shapes of two entities that are tested against each other.

        Raises:
          UnknownObjectError: there is no such object or collection.
        """
        return self._sides(
            entity,
            other,
            (Shape,),
            SpecialProperty.COLLIDABLE,
            ModelProperty.NOT_COLLIDABLE,
        )

    def distance(self, entity: int, other: int | None) -> tuple[Gap, Node, Node] | None:
        """The shortest line between two entities, and the shapes that it joins.

        Measurable shapes, and dummies as points, count here as collidable shapes do
        for collisions.

        Returns:
          None if an entity has no such objects.

        Raises:
          UnknownObjectError: there is no such object or collection.
        """
        firsts, seconds = self._sides(
            entity,
            other,
            (Shape, Dummy),
            SpecialProperty.MEASURABLE,
            ModelProperty.NOT_MEASURABLE,
        )
        best: tuple[Gap, Node, Node] | None = None
        for bound, first, second in self._nearest_first(firsts, seconds):
            if best is not None and bound >= best[0].distance:
                break
            ends = [self._placed(first), self._placed(second)]
            if None in ends:
                continue
            gap = self.meshes.gap(*ends)
            if best is None or gap.distance < best[0].distance:
                best = gap, first, second
        return best

    def _sides(
        self,
        entity: int,
        other: int | None,
        kinds: tuple[type[SceneObject], ...],
        wanted: SpecialProperty,
        taken: ModelProperty,
    ) -> tuple[list[Node], list[Node]]:
        tree = self._scene.tree

        def side(handle: int) -> list[Node]:
            if handle in tree:
                node = tree.node(handle)
                return [node] if isinstance(node.source, kinds) else []
            return having(objects_of(tree, handle), kinds, wanted, taken)

        firsts = side(entity)
        if other is not None:
            return firsts, side(other)
        apart = set(firsts)
        everything = having(tree, kinds, wanted, taken)
        return firsts, [node for node in everything if node not in apart]

    def _meeting(
        self, firsts: Sequence[Node], seconds: Sequence[Node]
    ) -> Iterator[tuple[Node, Node]]:
        """Pairs of shapes whose surfaces meet."""
        if not firsts or not seconds:
            return
        if len(firsts) == len(seconds) == 1:
            near = [[0, 0]] if self._kept_boxes.overlap(*firsts, *seconds) else []
        else:
            touch = overlaps(*self._boxes(firsts), *self._boxes(seconds))
            near = np.argwhere(touch).tolist()
        for row, column in near:
            first, second = firsts[row], seconds[column]
            if first is second:
                continue
            ends = [self._placed(first), self._placed(second)]
            if None not in ends and self.meshes.meet(*ends):
                yield first, second

    def _nearest_first(
        self, firsts: Sequence[Node], seconds: Sequence[Node]
    ) -> Iterator[tuple[float, Node, Node]]:
        """Pairs of shapes with the distance of their boxes, which theirs exceeds."""
        if not firsts or not seconds:
            return
        low, high = self._boxes(firsts)
        other_low, other_high = self._boxes(seconds)
        apart = np.maximum(low[:, None] - other_high, other_low - high[:, None])
        bounds = np.linalg.norm(np.maximum(apart, 0.0), axis=-1)
        for place in np.argsort(bounds, axis=None, kind="stable").tolist():
            row, column = divmod(place, len(seconds))
            if firsts[row] is not seconds[column]:
                yield float(bounds[row, column]), firsts[row], seconds[column]

    def _boxes(self, shapes: Sequence[Node]) -> tuple[np.ndarray, np.ndarray]:
        return Boxes(self.surfaces, shapes).at(*places_w(self._scene, shapes))

    def _placed(self, node: Node) -> object | None:
        return self.meshes.place(node, *place_of(self._scene.frame_w(node)))
