"""Paths of the arm to a pose of the tip, around what stands in the way or not."""

import importlib
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.clearance import Clearance, between
from rlbench_puffer.engines.builtin.inverse_kinematics import (
    InverseKinematics,
    follow_line,
)
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.engines.builtin.timed import timed
from rlbench_puffer.errors import MissingDependencyError

FloatArray = NDArray[np.float64]

TIP_SPEED = 0.6
"""Of the tip along a path at most [m/s]; the joints are seldom that quick."""

MAX_GOALS = 5
"""Joint positions that take the pose, tried one after another."""

STARTS = 30
"""Of the inverse kinematics, which looks for them: half around the present ones."""

_NEARBY = 0.4
"""Standard deviation of a joint of such a start from its present position [rad]."""

_SAME = 0.2
"""Joint positions nearer than that to each other count as one goal [rad]."""

_RRT = "rlbench_puffer.engines.builtin.rrt_connect"


class PathPlanner:
    """Plans as RLBench's ``EndEffectorPoseViaPlanning`` does, one sub-env at a time.

    First the straight line of the tip. Where the arm cannot follow it, or where it
    would touch something, joint positions that take the pose are sought, and a path
    to one of them: the straight one in joint space if that is free, else what
    RRT-Connect finds. Without collision checking the straight one always is.

    What the arm touches already when it starts may go on being touched.

    Args:
      scene: the simulations.
      graspable: names of the bodies that the gripper may hold; what it holds moves
        with it.
      inverse: solves for joint positions.
      collision_checking: whether paths must be free.

    Raises:
      MissingDependencyError: paths must be free and OMPL is not installed.
    """

    def __init__(
        self,
        scene: Scene,
        graspable: tuple[str, ...],
        inverse: InverseKinematics,
        *,
        collision_checking: bool,
    ) -> None:
        self._inverse = inverse
        self._limits = (inverse.arm.lower, inverse.arm.upper)
        self._clearance: Clearance | None = None
        if collision_checking:
            self._rrt_connect = _rrt_connect()
            self._clearance = Clearance(scene, graspable)

    def plan(
        self, env_id: int, start: FloatArray, pose: FloatArray, seed: int
    ) -> FloatArray | None:
        """Where the arm is to be after each control step of a path.

        Args:
          env_id: the sub-env, whose things are where they are now.
          start: (7,) its joint positions [rad], within the limits.
          pose: (7,) of the tip: position [m], unit ``xyzw``, world.
          seed: of every chance in it.

        Returns:
          (steps, 7) [rad], the goal last; None if no path was found.
        """
        path = self._path(env_id, start, pose, np.random.default_rng(seed))
        if path is None:
            return None
        return timed(path, self._inverse.arm.tip_pose(path), TIP_SPEED)

    def _path(
        self, env_id: int, start: FloatArray, pose: FloatArray, rng: np.random.Generator
    ) -> FloatArray | None:
        touched: frozenset[tuple[int, int]] = frozenset()
        if self._clearance is not None:
            self._clearance.take(env_id)
            touched = frozenset(self._clearance.touches(start))

        def is_free(path: FloatArray) -> bool:
            return self._clearance is None or self._clearance.is_free(path, touched)

        if self._inverse.arm.overreach(pose[None])[0] < 0.0:
            line = follow_line(self._inverse, start, pose)
            if line is not None and is_free(line):
                return line
        goals = [goal for goal in self._goals(start, pose, rng) if is_free(goal[None])]
        for goal in goals:
            straight = np.vstack([start, between(start, goal)])
            if is_free(straight):
                return straight
        for goal in goals:
            corners = self._rrt_connect.connect(
                start,
                goal,
                self._limits,
                lambda posture: is_free(posture[None]),
                int(rng.integers(1, 2**31)),
            )
            if corners is None:
                continue
            legs = [between(a, b) for a, b in itertools.pairwise(corners)]
            around = np.vstack([start, *legs])
            if is_free(around):
                return around
        return None

    def _goals(
        self, start: FloatArray, pose: FloatArray, rng: np.random.Generator
    ) -> list[FloatArray]:
        """Different joint positions that take the pose, the nearest first."""
        nearby = start + rng.normal(0.0, _NEARBY, (STARTS // 2, 7))
        distant = rng.uniform(*self._limits, (STARTS - len(nearby), 7))
        starts = np.clip(np.vstack([start, nearby, distant]), *self._limits)
        solutions, reached = self._inverse.solve(starts, pose, start)
        found = solutions[reached]
        order = np.argsort(np.abs(found - start).max(axis=1), kind="stable")
        goals: list[FloatArray] = []
        for goal in found[order]:
            if all(np.abs(goal - other).max() > _SAME for other in goals):
                goals.append(goal)
        return goals[:MAX_GOALS]


def _rrt_connect() -> Any:
    """The module that needs OMPL.

    Raises:
      MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module(_RRT)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "ompl":
            raise
        raise MissingDependencyError(
            "ompl", "Planning with collision_checking", "planning"
        ) from error
