"""Plans one stage of a task's way: a free move, then the straight ones after it."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.clearance import Clearance, between
from rlbench_puffer.engines.builtin.inverse_kinematics import (
    InverseKinematics,
    straight_line,
)
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.timed import timed
from rlbench_puffer.poses import quat_multiply
from rlbench_puffer.tasks.waypoints import Waypoint

FloatArray = NDArray[np.float64]

LINE_STEP = 0.015
"""Of the tip between two solved postures of a straight way [m]."""

LINE_TURN = 0.08
"""Likewise of its rotation [rad]."""

LARGEST_JOINT_STEP = 0.3
"""Of a joint between two of them [rad]; more is a jump."""

RESTARTS = (8, 40)
"""Random starts of the inverse kinematics in each round, beside the known ones."""

LIMIT_MARGIN = 0.02
"""What a free move's end keeps from the joint limits [rad]."""

RANDOM_VIAS = 60
"""Random postures tried to get around an obstacle, when the known ones fail."""

_RETREATS = (0.08, 0.16, 0.25)
"""How far back along the fingers, or up, a posture to get around by lies [m]."""

POSE_STEP = 0.04
"""Of the tip along each axis from one pose action to the next [m]: below the 5 cm that
a relative one may ask for."""

POSE_TURN = 0.24
"""Likewise of its rotation [rad], below 0.3 rad."""

POSE_ROWS = 4
"""Control steps of the plan from one pose action to the next at most. On slow ways that
makes the leaps shorter than :data:`POSE_STEP`: in longer ones the arm becomes so quick
that it hits away what it is to push."""

_HALF_TURN = np.array([0.0, 0.0, 1.0, 0.0])
"""About the tip's own z axis, xyzw: the gripper is symmetric."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Leg:
    """The way to one waypoint."""

    postures: FloatArray
    """Where the arm is to be after each control step, (steps, 7) [rad]."""

    gripper: Literal["open", "close"] | None
    """What the gripper does on arrival."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """The legs to a free waypoint and to the straight ones after it."""

    legs: tuple[Leg, ...]

    half_turn: bool
    """Whether every pose is turned half a turn about the tip's z axis."""


class Planner:
    """Plans stages for one posture at a time, in one sub-env's scene.

    The same state gives the same plan: what it draws comes from a generator that is
    made anew for each plan.

    Args:
      arm: the arm's kinematics.
      clearance: tells what touches; has taken the sub-env's state.
    """

    def __init__(self, arm: ArmKinematics, clearance: Clearance) -> None:
        self._arm = arm
        self._inverse = InverseKinematics(self._arm)
        self._clearance = clearance

    def plan(
        self,
        start: FloatArray,
        waypoints: Sequence[Waypoint],
        half_turn: bool | None,
    ) -> Stage | None:
        """Plan the way to some waypoints, of which only the first may be free.

        Args:
          start: (7,) joint positions [rad].
          waypoints: one stage of a task's way.
          half_turn: whether the poses are turned about their z axis; None: whichever
            goes better.

        Returns:
          None where no way was found.
        """
        rng = np.random.default_rng(0)
        turns = (False, True) if half_turn is None else (half_turn,)
        first = waypoints[0]
        if first.path == "line":
            for turned in turns:
                lines = self._follow(start[None], waypoints, turned).get(0)
                if lines is not None:
                    return self._stage([], lines, waypoints, turned)
            return None
        for restarts in RESTARTS:
            goals, turned_goals = self._goals(start, first, turns, restarts, rng)
            followed: dict[int, list[FloatArray]] = {}
            for turned in turns:
                rows = np.flatnonzero(turned_goals == turned)
                found = self._follow(goals[rows], waypoints[1:], turned)
                followed |= {int(rows[row]): lines for row, lines in found.items()}
            for row in sorted(followed):
                lines = followed[row]
                if not all(map(self._clearance.arm_is_free, lines)):
                    continue
                way = self._way(start, goals[row], rng)
                if way is not None:
                    turned = bool(turned_goals[row])
                    return self._stage(way, lines, waypoints, turned)
        return None

    def thinned(self, start: FloatArray, stage: Stage) -> Stage:
        """A stage with only so many postures as pose actions need.

        Args:
          start: (7,) where it begins [rad].
          stage: what was planned from there.

        Returns:
          The same legs, from posture to posture at most :data:`POSE_STEP` and
          :data:`POSE_TURN` of the tip and :data:`POSE_ROWS`; the ends stay.
        """
        legs = []
        for leg in stage.legs:
            path = np.concatenate([start[None], leg.postures])
            tips = self._arm.tip_pose(path)
            kept = [0]
            for row in range(1, len(path)):
                moved = np.abs(tips[row, :3] - tips[kept[-1], :3]).max()
                cosine = min(1.0, float(abs(tips[row, 3:] @ tips[kept[-1], 3:])))
                turned = 2 * np.arccos(cosine)
                late = row - kept[-1] > POSE_ROWS
                if late or moved > POSE_STEP or turned > POSE_TURN:
                    # The one before was still near enough.
                    kept.append(max(row - 1, kept[-1] + 1))
            if kept[-1] != len(path) - 1:
                kept.append(len(path) - 1)
            legs.append(dataclasses.replace(leg, postures=path[kept[1:]]))
            start = leg.postures[-1]
        return dataclasses.replace(stage, legs=tuple(legs))

    def _goals(
        self,
        start: FloatArray,
        waypoint: Waypoint,
        turns: tuple[bool, ...],
        restarts: int,
        rng: np.random.Generator,
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Postures at a free waypoint that touch nothing, the nearest first.

        Returns:
          (n, 7) [rad], and (n,) whether the tip is turned half a turn there.
        """
        arm = self._arm
        drawn = rng.uniform(arm.lower, arm.upper, (restarts, 7))
        starts = np.concatenate([[start, limits.HOME_JOINT_POSITIONS], drawn])
        starts = np.clip(starts, arm.lower, arm.upper)
        poses = [_pose(waypoint, turned) for turned in turns]
        found, reached = self._inverse.solve(
            np.tile(starts, (len(turns), 1)),
            np.repeat(poses, len(starts), axis=0),
            limits.HOME_JOINT_POSITIONS,
        )
        turned = np.repeat(turns, len(starts))
        inside = (found >= arm.lower + LIMIT_MARGIN) & (
            found <= arm.upper - LIMIT_MARGIN
        )
        times = (np.abs(found - start) / limits.JOINT_VELOCITY_LIMIT).max(axis=1)
        kept: list[int] = []
        for row in np.argsort(times, kind="stable"):
            if not (reached[row] and inside[row].all()):
                continue
            if any(np.abs(found[row] - found[other]).max() < 0.1 for other in kept):
                continue
            if self._clearance.is_free(found[row][None]):
                kept.append(int(row))
        return found[kept], turned[kept]

    def _follow(
        self, starts: FloatArray, lines: Sequence[Waypoint], turned: bool
    ) -> dict[int, list[FloatArray]]:
        """Straight ways from postures, all at the same pose, through waypoints.

        Args:
          starts: (n, 7) [rad].
          lines: the waypoints.
          turned: whether their poses are turned about their z axis.

        Returns:
          By row, for each start from which all lines can be followed: the postures of
          each line (k, 7), the first of which is where the line begins.
        """
        rows = np.arange(len(starts))
        joints = starts
        done: list[FloatArray] = []
        for waypoint in lines:
            if not rows.size:
                return {}
            path = joints[None]
            begin = self._arm.tip_pose(joints[0])
            goal = _pose(waypoint, turned)
            for pose in straight_line(begin, goal, LINE_STEP, LINE_TURN):
                following, reached = self._inverse.solve(joints, pose)
                jump = np.abs(following - joints).max(axis=1) > LARGEST_JOINT_STEP
                alive = reached & ~jump
                rows, joints = rows[alive], following[alive]
                path = np.concatenate([path[:, alive], joints[None]])
                done = [each[:, alive] for each in done]
                if not rows.size:
                    return {}
            done.append(path)
        return {
            int(row): [each[:, position] for each in done]
            for position, row in enumerate(rows)
        }

    def _way(
        self, start: FloatArray, goal: FloatArray, rng: np.random.Generator
    ) -> list[FloatArray] | None:
        """Postures from one to another: straight, or around what is between.

        Returns:
          The corners, both ends included; None where none was found.
        """
        touching = frozenset(self._clearance.touches(start))

        def free(first: FloatArray, second: FloatArray) -> bool:
            return self._clearance.is_free(between(first, second), touching)

        if free(start, goal):
            return [start, goal]
        ends = self._vias(start, goal)
        for via in ends:
            if free(start, via) and free(via, goal):
                return [start, via, goal]
        from_start = [via for via in ends if free(start, via)]
        to_goal = [via for via in ends if free(via, goal)]
        for first in from_start:
            for second in to_goal:
                if free(first, second):
                    return [start, first, second, goal]
        middle = (start + goal) / 2
        for _ in range(RANDOM_VIAS):
            drawn = middle + rng.normal(0.0, 0.6, 7)
            via = np.clip(drawn, self._arm.lower, self._arm.upper)
            if free(start, via) and free(via, goal):
                return [start, via, goal]
        return None

    def _vias(self, start: FloatArray, goal: FloatArray) -> list[FloatArray]:
        """Postures to go around by: back from the goal, up, and the home posture."""
        poses: list[FloatArray] = []
        for posture in (goal, start):
            pose = self._arm.tip_pose(posture)
            fingers = self._arm.tip_and_jacobian(posture[None])[1][0, :, 2]
            for distance in _RETREATS:
                for direction in (-fingers, np.array([0.0, 0.0, 1.0])):
                    moved = pose.copy()
                    moved[:3] += distance * direction
                    poses.append(moved)
        half = len(poses) // 2
        starts = np.concatenate([np.tile(goal, (half, 1)), np.tile(start, (half, 1))])
        found, reached = self._inverse.solve(starts, np.array(poses))
        home = limits.HOME_JOINT_POSITIONS.copy()
        turned_home = home.copy()
        turned_home[0] = goal[0]
        return [*found[reached], home, turned_home]

    def _stage(
        self,
        way: list[FloatArray],
        lines: list[FloatArray],
        waypoints: Sequence[Waypoint],
        turned: bool,
    ) -> Stage:
        """Put times to a way with corners and to the lines after it."""
        parts: list[FloatArray] = []
        if way:
            speed = waypoints[0].speed
            moves = [
                np.concatenate([a[None], between(a, b)])
                for a, b in itertools.pairwise(way)
            ]
            parts.append(np.concatenate([self._timed(move, speed) for move in moves]))
        straight = waypoints[len(parts) :]
        for line, waypoint in zip(lines, straight, strict=True):
            parts.append(self._timed(line, waypoint.speed))
        legs = [
            Leg(postures=postures, gripper=waypoint.gripper)
            for postures, waypoint in zip(parts, waypoints, strict=True)
        ]
        return Stage(legs=tuple(legs), half_turn=turned)

    def _timed(self, path: FloatArray, speed: float) -> FloatArray:
        return timed(path, self._arm.tip_pose(path), speed)


def _pose(waypoint: Waypoint, turned: bool) -> FloatArray:
    """Pose of a waypoint, (7,), turned half a turn if wanted."""
    quat = np.asarray(waypoint.quat_xyzw, np.float64)
    if turned:
        quat = quat_multiply(quat, _HALF_TURN)
    return np.concatenate([waypoint.position, quat])
