"""Would an arm collide if its joints stood somewhere? Made for planners' many calls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrep_mujoco.scene.collisions import Collisions
from pyrep_mujoco.scene.frames import FloatArray, Frame, matrix
from pyrep_mujoco.scene.places import Boxes, overlaps, places_w
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.joints import Joint, JointKind


class ArmCollisions:
    """Answers for a scene that stays as it was when this was made, but for joints.

    All that hangs on the joints in the tree moves with them: a grasped object does.

    Args:
      scene: where the arm is.
      collisions: of that scene.
      joints: handles of the joints that move, revolute or prismatic.
      pairs: entities to test against each other, as `Collisions.check` takes them;
        -2 stands for all, as in CoppeliaSim.

    Raises:
      UnknownObjectError: there is no such object or collection.
    """

    def __init__(
        self,
        scene: Scene,
        collisions: Collisions,
        joints: Sequence[int],
        pairs: Sequence[tuple[int, int]],
    ) -> None:
        self._meshes = collisions.meshes
        self._chain = _Chain(scene, [scene.tree.node(handle) for handle in joints])
        self._always = False
        self._groups = []
        for entity, other in pairs:
            sides = collisions.collidable_pairs(entity, None if other < 0 else other)
            if all(sides):
                group = _Group(scene, self._chain, collisions, *sides)
                self._always = self._always or group.still_collides()
                self._groups.append(group)

    def check(self, configuration: ArrayLike) -> bool:
        """Whether the arm collides at joint positions (n,) [rad or m]."""
        return bool(self.check_all(np.asarray(configuration, np.float64)[None])[0])

    def check_all(self, configurations: ArrayLike) -> NDArray[np.bool_]:
        """The same for many: (m, n) joint positions give (m,) answers."""
        asked = np.asarray(configurations, np.float64)
        if self._always:
            return np.ones(len(asked), bool)
        links = self._chain.links(asked)
        answers = np.zeros(len(asked), bool)
        for group in self._groups:
            left = np.flatnonzero(~answers)
            answers[left] = group.collide(links[left])
        return answers


class _Chain:
    """The frames that joints move, for any positions of the joints."""

    def __init__(self, scene: Scene, joints: list[Node]) -> None:
        self._numbers = {node: number for number, node in enumerate(joints)}
        # A joint's parent joint is moved before it.
        self._order = sorted(joints, key=lambda node: len(list(node.ancestors())))
        places = {node: _matrix(scene.frame_w(node)) for node in joints}
        motions = {
            node: _motions(node.source, np.array([scene.joint_position(node)]))[0]
            for node in joints
        }
        self.now = np.array(
            [*(places[node] @ motions[node] for node in joints), np.eye(4)]
        )
        """Where the links are now: (n + 1, 4, 4); the last one is the world."""
        self._fixed = [
            np.linalg.inv(self.now[self.link_of(node.parent)]) @ places[node]
            for node in self._order
        ]

    def link_of(self, node: Node | None) -> int:
        """The last of the joints that an object hangs on; -1 if there is none."""
        while node is not None:
            if node in self._numbers:
                return self._numbers[node]
            node = node.parent
        return -1

    def links(self, positions: FloatArray) -> FloatArray:
        """Where the links are: (m, n + 1, 4, 4); the last one is the world."""
        count = len(self._numbers)
        found = np.empty((len(positions), count + 1, 4, 4))
        found[:, -1] = np.eye(4)
        for node, fixed in zip(self._order, self._fixed, strict=True):
            number = self._numbers[node]
            before = found[:, self.link_of(node.parent)]
            moved = _motions(node.source, positions[:, number])
            found[:, number] = before @ fixed @ moved
        return found


class _Group:
    """Two sets of shapes that are tested against each other."""

    def __init__(
        self,
        scene: Scene,
        chain: _Chain,
        collisions: Collisions,
        firsts: list[Node],
        seconds: list[Node],
    ) -> None:
        self._meshes = collisions.meshes
        self._shapes = list(dict.fromkeys([*firsts, *seconds]))
        positions, rotations = places_w(scene, self._shapes)
        self._boxes = Boxes(collisions.surfaces, self._shapes)
        self._now = np.zeros((len(self._shapes), 4, 4))
        self._now[:, :3, :3], self._now[:, :3, 3] = rotations, positions
        self._now[:, 3, 3] = 1.0
        self._links = np.array([chain.link_of(node) for node in self._shapes])
        self._offsets = np.linalg.inv(chain.now)[self._links] @ self._now
        numbers = {node: number for number, node in enumerate(self._shapes)}
        first = self._first = np.array([numbers[node] for node in firsts])
        second = self._second = np.array([numbers[node] for node in seconds])
        apart = first[:, None] != second
        moves = self._links[first][:, None] != self._links[second]
        self._moving, self._still = apart & moves, apart & ~moves

    def still_collides(self) -> bool:
        """Whether shapes collide that the joints do not move against each other."""
        return self._collides(self._now, self._still)

    def collide(self, links: FloatArray) -> NDArray[np.bool_]:
        """Answers (m,) for places of links (m, n + 1, 4, 4)."""
        places = links[:, self._links] @ self._offsets
        return np.array([self._collides(place, self._moving) for place in places])

    def _collides(self, places: FloatArray, tested: NDArray[np.bool_]) -> bool:
        """Whether any tested pair meets with shapes at ``places`` (n, 4, 4)."""
        low, high = self._boxes.at(places[:, :3, 3], places[:, :3, :3])
        first, second = self._first, self._second
        near = tested & overlaps(low[first], high[first], low[second], high[second])
        placed: dict[int, Any] = {}
        for row, column in np.argwhere(near).tolist():
            ends = [
                self._placed(number, places, placed)
                for number in (int(first[row]), int(second[column]))
            ]
            if None not in ends and self._meshes.meet(*ends):
                return True
        return False

    def _placed(self, number: int, places: FloatArray, placed: dict[int, Any]) -> Any:
        if number not in placed:
            place = places[number]
            placed[number] = self._meshes.place(
                self._shapes[number], place[:3, 3], place[:3, :3]
            )
        return placed[number]


def _motions(joint: Any, positions: FloatArray) -> FloatArray:
    """What a joint does at positions (m,): transforms (m, 4, 4)."""
    assert isinstance(joint, Joint)
    found = np.zeros((len(positions), 4, 4))
    found[:] = np.eye(4)
    if joint.kind is JointKind.PRISMATIC:
        found[:, 2, 3] = positions
        return found
    cosine, sine = np.cos(positions), np.sin(positions)
    found[:, 0, 0], found[:, 0, 1] = cosine, -sine
    found[:, 1, 0], found[:, 1, 1] = sine, cosine
    found[:, 2, 3] = joint.screw_pitch * positions
    return found


def _matrix(place: Frame) -> FloatArray:
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = matrix(place), place.position
    return found
