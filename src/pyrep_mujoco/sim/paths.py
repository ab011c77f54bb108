"""Paths: curves in the scene that robots may follow."""

import dataclasses
from collections.abc import Sequence

import mujoco
import numpy as np

from pyrep_mujoco.scene.chain import FloatArray, homogeneous
from pyrep_mujoco.scene.curves import Curve, curve, flattened
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.matrices import from_angles, to_angles
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.paths import ControlPoint, Path, PathBit
from pyrep_mujoco.ttm.plain import OBJECT
from pyrep_mujoco.ttm.values import Pose

_NUMBERS = 11
"""Of a control point that is inserted."""


class Curves:
    """The curves that were asked for, each with the path it was made of."""

    def __init__(self, simulation: Simulation) -> None:
        self._made: dict[int, tuple[Path, Curve | None]] = {}

    def of(self, node: Node) -> Curve | None:
        """A path's curve in the path's frame; None if it has no points."""
        source = _source(node)
        made = self._made.get(node.handle)
        if made is None or made[0] is not source:
            points = source.points
            attributes, rule = source.attributes, source.length_rule
            made = (source, curve(points, attributes, rule, source.turn_length))
            self._made[node.handle] = made
        return made[1]

    def close(self) -> None:
        """Forget all."""
        self._made.clear()


def pose_on_path(handle: int, share: float) -> FloatArray:
    """The pose (4, 4) in the world at a share of a path's length.

    Raises:
      UnknownObjectError: there is no such object.
      RuntimeError: it is no path, or has no points.
    """
    simulation = current()
    node = simulation.node(handle)
    found = simulation.part(Curves).of(node)
    if found is None:
        raise RuntimeError(
            f"The path {node.name!r} has no points. Insert control points before."
        )
    return homogeneous(simulation.scene.frame_w(node)) @ found.pose(share)


def simCreatePath(
    attributes: int,
    intParams: Sequence[int],
    floatParams: Sequence[float],
    color: Sequence[float],
) -> int:
    """Add a path without points at the world's origin.

    Args:
      attributes: bits of `PathBit`; others are for drawing.
      intParams: line width, rule of lengths, reserved.
      floatParams: size of control points, what a turn counts [m/rad], reserved.
      color: as drawn.

    Returns:
      its handle.
    """
    made = Path(
        **OBJECT,
        name="Path",
        points=(),
        attributes=attributes,
        turn_length=float(floatParams[1]),
        length_rule=intParams[1],
    )
    return current().scene.create(made).handle


def simInsertPathCtrlPoints(
    pathHandle: int,
    options: int,
    startIndex: int,
    ptCnt: int,
    ptData: Sequence[float],
) -> None:
    """Add control points to a path.

    Args:
      pathHandle: the path.
      options: not used.
      startIndex: before which point.
      ptCnt: how many.
      ptData: 11 numbers for each: position [m] and angles [rad] in the path's frame,
        velocity and distance on the spot (not used), number of Bezier points, and
        shares of half the way at which their curve begins and ends.

    Raises:
      UnknownObjectError: there is no such object.
      RuntimeError: it is no path, or the numbers do not make points.
    """
    node = current().node(pathHandle)
    source = _source(node)
    if len(ptData) != _NUMBERS * ptCnt or not np.isfinite(ptData).all():
        raise RuntimeError(
            f"The path {node.name!r} was given {len(ptData)} numbers for {ptCnt} "
            f"control points. Give {_NUMBERS} finite numbers for each."
        )
    added = [
        ControlPoint(
            Pose((row[0], row[1], row[2]), from_angles(row[3:6])),
            bezier_before=row[9],
            bezier_after=row[10],
            bezier_points=int(row[8]),
        )
        for row in np.reshape(ptData, (-1, _NUMBERS)).tolist()
    ]
    if PathBit.FLAT in PathBit(source.attributes):
        added = [flattened(point) for point in added]
    points = list(source.points)
    points[startIndex:startIndex] = added
    # Nothing of the physics depends on it.
    node.source = dataclasses.replace(source, points=tuple(points))


def simGetPositionOnPath(pathHandle: int, relativeDistance: float) -> list[float]:
    """The position [m] in the world at a share of a path's length.

    Raises:
      UnknownObjectError: there is no such object.
      RuntimeError: it is no path, or has no points.
    """
    return pose_on_path(pathHandle, relativeDistance)[:3, 3].tolist()


def simGetOrientationOnPath(pathHandle: int, relativeDistance: float) -> list[float]:
    """The angles [rad] in the world at a share of a path's length; as above."""
    rotation = pose_on_path(pathHandle, relativeDistance)[:3, :3]
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(rotation).reshape(-1))
    w, x, y, z = quat.tolist()
    return to_angles((w, x, y, z))


def _source(node: Node) -> Path:
    if not isinstance(node.source, Path):
        raise RuntimeError(f"The object {node.name!r} is no path.")
    return node.source
