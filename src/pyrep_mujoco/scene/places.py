"""Where many shapes are at once, and which of their boxes overlap."""

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import mujoco
import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import FloatArray, Frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.surfaces import Surface, Surfaces
from pyrep_mujoco.scene.tree import Node


def places_w(scene: Scene, shapes: Sequence[Node]) -> tuple[FloatArray, FloatArray]:
    """Positions (n, 3) [m] and rotations (n, 3, 3) of shapes in the world now."""
    # Nothing is compiled for a question: programs ask between many changes.
    compiled = scene.compiled_last
    data = compiled.data
    numbers = [compiled.bodies.get(node, -1) for node in shapes]
    positions = data.xpos[numbers]
    rotations = data.xmat[numbers].reshape(-1, 3, 3)
    for place, number in enumerate(numbers):
        # A shape that came or was hung elsewhere since the model was compiled.
        if number < 0:
            positions[place], rotations[place] = place_of(scene.frame_w(shapes[place]))
    return positions, rotations


def place_of(frame: Frame) -> tuple[FloatArray, FloatArray]:
    """A frame's position (3,) and rotation (3, 3)."""
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, frame.quat_wxyz)
    return np.array(frame.position), rotation.reshape(3, 3)


class Boxes:
    """Boxes around shapes along the world's axes."""

    def __init__(self, surfaces: Surfaces, shapes: Sequence[Node]) -> None:
        found = [surfaces.of(node) for node in shapes]
        self._middles = np.array([one.middle for one in found]).reshape(-1, 3)
        self._half_sizes = np.array([one.half_size for one in found]).reshape(-1, 3)

    def at(
        self, positions: FloatArray, rotations: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Least and greatest corners (..., n, 3) [m] of shapes that are somewhere."""
        middles = positions + (rotations @ self._middles[..., None])[..., 0]
        reach = (np.abs(rotations) @ self._half_sizes[..., None])[..., 0]
        return middles - reach, middles + reach


class _Box(NamedTuple):
    surface: Surface
    frame_w: Frame
    low: list[float]
    high: list[float]


class KeptBoxes:
    """Boxes around single shapes, each kept until the shape moves or changes.

    Programs that look for free places ask about the same pairs hundreds of times.

    Args:
      scene: where the shapes are.
      surfaces: of its shapes.
    """

    def __init__(self, scene: Scene, surfaces: Surfaces) -> None:
        self._scene = scene
        self._surfaces = surfaces
        self._kept: WeakKeyDictionary[Node, _Box] = WeakKeyDictionary()

    def overlap(self, first: Node, second: Node) -> bool:
        """Whether the boxes of two shapes touch now."""
        one, other = self._of(first), self._of(second)
        for low, high, other_low, other_high in zip(
            one.low, one.high, other.low, other.high, strict=True
        ):
            if low > other_high or other_low > high:
                return False
        return True

    def _of(self, node: Node) -> _Box:
        surface, frame_w = self._surfaces.of(node), self._scene.frame_w(node)
        kept = self._kept.get(node)
        if kept is None or kept.surface is not surface or kept.frame_w != frame_w:
            position, rotation = place_of(frame_w)
            low, high = Boxes(self._surfaces, [node]).at(position[None], rotation[None])
            kept = _Box(surface, frame_w, low[0].tolist(), high[0].tolist())
            self._kept[node] = kept
        return kept


def overlaps(
    low: FloatArray, high: FloatArray, other_low: FloatArray, other_high: FloatArray
) -> NDArray[np.bool_]:
    """Which of boxes (..., n, 3) touch which of others (m, 3); (..., n, m)."""
    return np.all(
        (low[..., :, None, :] <= other_high) & (other_low <= high[..., :, None, :]),
        axis=-1,
    )
