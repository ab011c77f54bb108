"""Curves through control points, as CoppeliaSim draws and measures them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.chain import homogeneous
from pyrep_mujoco.scene.frames import from_pose
from pyrep_mujoco.scene.poses import between, rotation_vectors
from pyrep_mujoco.ttm.paths import ControlPoint, LengthRule, PathBit

FloatArray = NDArray[np.float64]

SAME_PLACE, SAME_TURN = 1e-4, np.deg2rad(0.5)
"""Neighbours of a curve nearer than this [m, rad] are one point."""

NO_WAY, NO_TURN = 5e-5, np.deg2rad(0.01)
"""A way [m] or turn [rad] between neighbours below this counts as none where a rule
asks whether there is one."""

_LEAST_BEND = 0.99999
"""Cosine above which two ways are one direction."""

_LEAST_TURN = np.deg2rad(1.0)
"""Turns below this [rad] are not rounded."""

_SAME_AXIS = 0.99
"""Cosine above which two turns have one axis."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points on straight lines from one to the next."""

    poses: FloatArray
    """(n, 4, 4); the first again at the end of a closed curve."""
    lengths: FloatArray
    """(n,) cumulated, by the curve's rule."""

    def pose(self, share: float) -> FloatArray:
        """The pose (4, 4) at a share of the whole length, from 0 to 1."""
        if len(self.poses) == 1 or self.lengths[-1] == 0:
            return self.poses[0]
        along = min(max(share, 0.0), 1.0) * self.lengths[-1]
        after = max(1, int(np.searchsorted(self.lengths, along)))
        first, second = self.lengths[after - 1], self.lengths[after]
        part = (along - first) / (second - first) if second > first else 0.0
        ends = self.poses[after - 1], self.poses[after]
        return between(*ends, np.array([part]))[0]


def curve(
    points: Sequence[ControlPoint],
    attributes: int,
    rule: int,
    turn_length: float,
) -> Curve | None:
    """The curve of a path's control points, in the path's frame; None if it has none.

    A control point of more than two Bezier points is rounded: from a share of half
    the way to the point before, to a share of half the way to the point after.

    Args:
      points: in order.
      attributes: bits of `PathBit`.
      rule: what a length is, of `LengthRule`.
      turn_length: what a turn of 1 rad counts [m].
    """
    if not points:
        return None
    closed = PathBit.CLOSED in PathBit(attributes)
    corners = [homogeneous(from_pose(point.pose)) for point in points]
    poses = _without_doubles(_rounded(corners, points, closed))
    closed = closed and len(poses) > 2
    if PathBit.AUTOMATIC_ORIENTATION in PathBit(attributes):
        upright = PathBit.KEEP_X_UP in PathBit(attributes)
        poses = _oriented(poses, closed=closed, upright=upright)
    if closed:
        poses = np.concatenate([poses, poses[:1]])
    turns, ways = _turns(poses), np.diff(poses[:, :3, 3], axis=0)
    steps = _measure(rule, np.linalg.norm(ways, axis=1), turns, turn_length)
    return Curve(poses, np.concatenate([[0.0], np.cumsum(steps)]))


def flattened(point: ControlPoint) -> ControlPoint:
    """A control point brought to its path's plane."""
    x, y, _ = point.pose.position
    pose = dataclasses.replace(point.pose, position=(x, y, 0.0))
    return dataclasses.replace(point, pose=pose)


class _Corner(NamedTuple):
    before: FloatArray
    here: FloatArray
    after: FloatArray


def _rounded(
    poses: list[FloatArray], points: Sequence[ControlPoint], closed: bool
) -> FloatArray:
    """Poses (n, 4, 4) of a curve: corners, and the Bezier curves around others."""
    if len(poses) < 3:
        return np.stack(poses)
    curved: list[FloatArray] = []
    last = len(poses) - 1
    for place, (pose, point) in enumerate(zip(poses, points, strict=True)):
        corner = _Corner(poses[place - 1], pose, poses[(place + 1) % len(poses)])
        at_end = not closed and place in (0, last)
        if at_end or point.bezier_points < 3 or not _bends(corner):
            curved.append(pose[None])
            continue
        half = np.array([0.5])
        first = between(
            between(corner.before, pose, half)[0],
            pose,
            np.array([1 - point.bezier_before]),
        )
        second = between(
            between(pose, corner.after, half)[0],
            pose,
            np.array([1 - point.bezier_after]),
        )
        shares = np.linspace(0, 1, point.bezier_points)
        towards = between(first[0], pose, shares)
        away = between(pose, second[0], shares)
        curved.append(between(towards, away, shares))
    return np.concatenate(curved)


def _bends(corner: _Corner) -> bool:
    """Whether there is a corner in position or orientation."""
    poses = np.stack(corner)
    ways = np.diff(poses[:, :3, 3], axis=0)
    sizes = np.linalg.norm(ways, axis=1)
    if sizes.min() > 0 and ways[0] @ ways[1] / sizes.prod() < _LEAST_BEND:
        return True
    turns = rotation_vectors(poses[:-1, :3, :3].swapaxes(1, 2) @ poses[1:, :3, :3])
    angles = np.linalg.norm(turns, axis=1)
    if angles.min() <= _LEAST_TURN:
        return False
    return bool(turns[0] @ turns[1] / angles.prod() < _SAME_AXIS)


def _without_doubles(poses: FloatArray) -> FloatArray:
    kept = [poses[0]]
    for pose in poses[1:]:
        near = np.linalg.norm(pose[:3, 3] - kept[-1][:3, 3]) < SAME_PLACE
        if not near or _turns(np.stack([kept[-1], pose]))[0] >= SAME_TURN:
            kept.append(pose)
    return np.stack(kept)


def _turns(poses: FloatArray) -> FloatArray:
    """Angles (n - 1,) [rad] between neighbours."""
    rotations = poses[:, :3, :3]
    return np.linalg.norm(
        rotation_vectors(rotations[1:] @ rotations[:-1].swapaxes(1, 2)), axis=1
    )


def _measure(
    rule: int, ways: FloatArray, angles: FloatArray, turn_length: float
) -> FloatArray:
    turns = angles * turn_length
    match rule:
        case LengthRule.WAY:
            return ways
        case LengthRule.TURN:
            return turns
        case LengthRule.GREATER:
            return np.maximum(ways, turns)
        case LengthRule.SUM:
            return ways + turns
        case LengthRule.ROOT_OF_SQUARES:
            return np.hypot(ways, turns)
        case LengthRule.TURN_IF_ANY:
            return np.where(angles < NO_TURN, ways, turns)
        case _:
            return np.where(ways < NO_WAY, turns, ways)


def _oriented(poses: FloatArray, *, closed: bool, upright: bool) -> FloatArray:
    """The same positions with z along the curve and y out of its bends.

    Args:
      poses: (n, 4, 4).
      closed: whether the last is followed by the first.
      upright: whether x is to point along the path's z axis as far as it can.
    """
    positions = poses[:, :3, 3]
    if len(positions) < 2:
        return poses
    ring = np.concatenate([positions[-1:], positions, positions[:1]])
    ways = np.diff(ring, axis=0)
    if not closed:
        ways[0], ways[-1] = ways[1], ways[-2]
    sizes = np.linalg.norm(ways, axis=1, keepdims=True)
    ways /= np.where(sizes > 0, sizes, 1.0)
    along = _unit(ways[:-1] + ways[1:], ways[1:])
    out = ways[:-1] - ways[1:]
    bent = np.einsum("ij,ij->i", ways[:-1], ways[1:]) < _LEAST_BEND
    if upright:
        sides = np.cross(along, [0.0, 0.0, 1.0])
    elif bent.any():
        # Where it is straight, as between the bends around.
        places = np.flatnonzero(bent)
        sides = np.stack(
            [np.interp(np.arange(len(out)), places, out[places, k]) for k in range(3)],
            axis=1,
        )
    else:
        steep = along[:, 2] >= 0.9
        sides = np.where(steep[:, None], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    across = _unit(np.cross(sides, along), np.eye(3)[[0]].repeat(len(along), axis=0))
    oriented = poses.copy()
    oriented[:, :3, 0] = across
    oriented[:, :3, 1] = np.cross(along, across)
    oriented[:, :3, 2] = along
    return oriented


def _unit(vectors: FloatArray, instead: FloatArray) -> FloatArray:
    """Vectors (n, 3) of length 1; others in place of those without a length."""
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(sizes > 1e-9, vectors / np.where(sizes > 0, sizes, 1.0), instead)
