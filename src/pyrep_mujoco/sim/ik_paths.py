"""Paths of joint positions that move tips along straight lines."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import UnknownObjectError
from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import Reach, solve
from pyrep_mujoco.scene.poses import between
from pyrep_mujoco.sim.collisions import CollisionChecks
from pyrep_mujoco.sim.ik_problem import problem
from pyrep_mujoco.sim.simulation import current

BLOCK = 17
"""Points of a line that are solved together, from the last point before them: a line's
points are near each other, and all at once cost hardly more than one."""

MOST_ITERATIONS = 15
"""Of a point; one that takes longer is not near the one before."""

LARGEST_STEP = 0.5
"""Of a joint from point to point [rad, m]; a larger one is a jump to another posture,
which no arm can follow."""

Limits = tuple[FloatArray, FloatArray]
Check = Callable[[FloatArray], NDArray[np.bool_]]
"""Which of joint positions (n, m) collide: (n,)."""


def generateIkPath(
    ikGroupHandle: int,
    jointHandles: Sequence[int],
    ptCnt: int,
    collisionPairs: Sequence[int],
    jointOptions: Sequence[int] | None,
) -> list[float]:
    """Joint positions that move a group's tips straight to their targets.

    Nothing moves.

    Args:
      ikGroupHandle: the group.
      jointHandles: joints that may move.
      ptCnt: number of points, the present place and the target's included.
      collisionPairs: entities two by two; none if collisions do not matter.
      jointOptions: must be None; CoppeliaSim's dependent joints are not there.

    Returns:
      ptCnt times a position of each joint, or nothing if a point cannot be reached,
      if a joint would have to jump, or if there are collisions.

    Raises:
      RuntimeError: there is no such group, joint or entity, or fewer than 2 points
        are asked for.
    """
    if ptCnt < 2:
        raise RuntimeError(f"A path needs 2 points or more, not {ptCnt}.")
    asked = problem(ikGroupHandle, jointHandles)
    if asked is None:
        return []
    shares = np.linspace(0.0, 1.0, ptCnt)
    lines = [
        between(tip, target, shares)
        for tip, target in zip(asked.tips(), asked.targets, strict=True)
    ]
    check = collision_check(jointHandles, collisionPairs)
    path = follow(asked.reaches, asked.start, lines, asked.limits, check)
    return [] if path is None else path.ravel().tolist()


def follow(
    reaches: Sequence[Reach],
    start: FloatArray,
    lines: Sequence[FloatArray],
    limits: Limits,
    collide: Check | None = None,
    *,
    block: int = BLOCK,
) -> FloatArray | None:
    """Joint positions that take tips from pose to pose.

    Args:
      reaches: what is to match.
      start: (m,) joint positions before the first pose.
      lines: for each reach (n, 4, 4) poses in the world, near each other.
      limits: of the joints, (m,) each.
      collide: tells which joint positions collide; None if that does not matter.
      block: how many points are solved together.

    Returns:
      (n, m), or None where it cannot be done.
    """
    path: list[FloatArray] = []
    last = start
    first, count = 0, len(lines[0])
    while first < count:
        part = [line[first : first + block] for line in lines]
        starts = np.repeat(last[None], len(part[0]), axis=0)
        points, reached = solve(
            *(reaches, starts, part, limits), max_iterations=MOST_ITERATIONS
        )
        steps = np.abs(np.diff(points, axis=0, prepend=last[None])).max(axis=1)
        failed = np.flatnonzero(~reached | (steps > LARGEST_STEP))
        # What is too far from the start may do from the point before it.
        good = points[: failed[0]] if failed.size else points
        if not len(good) or (collide is not None and collide(good).any()):
            return None
        path.append(good)
        last = good[-1]
        first += len(good)
    return np.concatenate(path)


def collision_check(joints: Sequence[int], pairs: Sequence[int]) -> Check | None:
    """What tells collisions of entities, two by two; None if there are none.

    Raises:
      RuntimeError: there is no such joint or entity.
    """
    if not pairs:
        return None
    couples = list(zip(pairs[::2], pairs[1::2], strict=True))
    try:
        arm = current().part(CollisionChecks).of_arm(list(joints), couples)
    except UnknownObjectError as error:
        raise RuntimeError(str(error)) from error
    return arm.check_all
