"""Chains: where a tip is for many positions of the joints that move it, at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import IDENTITY, Frame, compose, matrix, relative
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.joints import Joint, JointKind

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """The joints between the world and a tip, and what is rigid between them.

    Positions are in [rad] or, of prismatic joints, in [m].
    """

    base: FloatArray
    """(4, 4) the first joint's frame in the world."""
    rigid: FloatArray
    """(k, 4, 4) from the frame that each joint moves to the next joint, or the tip."""
    turns: FloatArray
    """(k,) 1 for joints that turn about their z axis, else 0."""
    rises: FloatArray
    """(k,) [m] along the z axis for each [rad] or [m]."""
    columns: NDArray[np.intp] | slice
    """(k,) which of the given positions is whose; a slice where they are in order."""
    only_turns: bool
    """Whether all joints turn and none rises."""

    def frames(self, positions: FloatArray) -> FloatArray:
        """Where the joints and the tip are.

        Args:
          positions: (n, m) of all joints.

        Returns:
          (k + 1, n, 4, 4) frames in the world: of each joint, before it moves, and of
          the tip.
        """
        moved = self._moved(positions[:, self.columns])
        found = np.empty((len(moved) + 1, *moved.shape[1:]))
        found[0] = self.base
        for joint, move in enumerate(moved):
            np.matmul(found[joint], move, out=found[joint + 1])
        return found

    def tip(self, positions: FloatArray) -> FloatArray:
        """The tip's frame in the world, (n, 4, 4), for positions (n, m)."""
        return self.frames(positions)[-1]

    def jacobian(self, frames: FloatArray, joints: int) -> FloatArray:
        """How the tip moves with all joints.

        Args:
          frames: (k + 1, n, 4, 4) as `frames` gives them.
          joints: m, the number of all joints.

        Returns:
          (n, 6, m): velocity above angular velocity, both in the world, for each
          joint's velocity.
        """
        axes, lever = (
            frames[:-1, :, :3, 2],
            frames[-1, :, :3, 3] - frames[:-1, :, :3, 3],
        )
        jacobian = np.zeros((frames.shape[1], 6, joints))
        # By joint, as axes and levers are.
        rows = jacobian.transpose(1, 2, 0)[:, self.columns]
        turns, rises = self.turns[:, None], self.rises[:, None]
        # numpy's cross() takes three times as long as its six products.
        for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            across = axes[:, :, y] * lever[:, :, z] - axes[:, :, z] * lever[:, :, y]
            along = axes[:, :, x]
            if not self.only_turns:
                across, along = turns * across + rises * along, turns * along
            rows[x], rows[3 + x] = across, along
        return jacobian

    def _moved(self, positions: FloatArray) -> FloatArray:
        """(k, n, 4, 4) from each joint's frame to the next joint's, or the tip's."""
        angle = positions if self.only_turns else positions * self.turns
        # In memory the starts come last while this is reckoned: long loops are fast.
        cos = np.ascontiguousarray(np.cos(angle).T)[:, None]
        sin = np.ascontiguousarray(np.sin(angle).T)[:, None]
        moved = np.empty((*positions.shape[::-1], 4, 4))
        moved[...] = self.rigid[:, None]
        x_row, y_row = self.rigid[:, 0, :, None], self.rigid[:, 1, :, None]
        rows = moved.transpose(2, 0, 3, 1)
        rows[0] = cos * x_row - sin * y_row
        rows[1] = sin * x_row + cos * y_row
        if not self.only_turns:
            moved[:, :, 2, 3] += (positions * self.rises).T
        return moved


def chain(scene: Scene, joints: Sequence[Node], tip: Node, base: Node | None) -> Chain:
    """The chain from a base to a tip, as the scene is now.

    Args:
      scene: where everything stands; joints that are not given stand where they are.
      joints: revolute and prismatic ones; those not between base and tip do not
        move the tip.
      tip: the last object.
      base: an object above the tip, or None for the world.

    Raises:
      SceneError: none of the joints is between base and tip.
    """
    column = {joint: place for place, joint in enumerate(joints)}
    between: list[Node] = []
    for node in (tip, *tip.ancestors()):
        if node is base:
            break
        between.append(node)
    columns: list[int] = []
    rigid: list[Frame] = []
    first: Node | None = None
    for node in reversed(between):
        if rigid:
            rigid[-1] = compose(rigid[-1], scene.local_frame(node))
        if node in column:
            first = first or node
            columns.append(column[node])
            rigid.append(IDENTITY)
        elif rigid and isinstance(node.source, Joint):
            moved = relative(scene.moved_w(node), scene.frame_w(node))
            rigid[-1] = compose(rigid[-1], moved)
    if first is None:
        raise SceneError(
            tip.name,
            "is moved by none of the joints given",
            "Give joints between it and the base of its IK group.",
        )
    sources = [joints[place].source for place in columns]
    moving = [source for source in sources if isinstance(source, Joint)]
    slides = [source.kind is JointKind.PRISMATIC for source in moving]
    rises = np.where(slides, 1.0, [source.screw_pitch for source in moving])
    in_order = columns == list(range(columns[0], columns[0] + len(columns)))
    return Chain(
        base=homogeneous(scene.frame_w(first)),
        rigid=_matrices(tuple(rigid)),
        turns=1.0 - np.array(slides, np.float64),
        rises=rises,
        columns=(
            slice(columns[0], columns[-1] + 1)
            if in_order
            else np.array(columns, np.intp)
        ),
        only_turns=not rises.any(),
    )


@lru_cache(maxsize=64)
def _matrices(frames: tuple[Frame, ...]) -> FloatArray:
    """Frames as matrices (k, 4, 4); an arm's are the same at every question."""
    found = np.array([homogeneous(frame) for frame in frames])
    found.flags.writeable = False
    return found


def limits(joints: Sequence[Node]) -> tuple[FloatArray, FloatArray]:
    """Least and greatest positions of joints, (k,) each; infinite for cyclic ones."""
    drives = [node.drive for node in joints if node.drive is not None]
    lower = [-np.inf if one.cyclic else one.minimum for one in drives]
    upper = [np.inf if one.cyclic else one.minimum + one.range for one in drives]
    return np.array(lower), np.array(upper)


def homogeneous(place: Frame) -> FloatArray:
    """A frame as a matrix (4, 4)."""
    whole = np.eye(4)
    whole[:3, :3] = matrix(place)
    whole[:3, 3] = place.position
    return whole
