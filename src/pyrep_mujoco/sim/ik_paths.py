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

BLOCK = 10
"""Points of a line that are solved together, from the last point before them: a line's
points are near each other, and all at once cost hardly more than one."""

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
    count = len(lines[0])
    for first in range(0, count, block):
        part = [line[first : first + block] for line in lines]
        starts = np.repeat(last[None], len(part[0]), axis=0)
        points, reached = solve(reaches, starts, part, limits)
        steps = np.abs(np.diff(points, axis=0, prepend=last[None]))
        if not reached.all() or steps.max() > LARGEST_STEP:
            # Where points far from the start fail, one after the other may do.
            again = _one_by_one(reaches, last, part, limits)
            if again is None:
                return None
            points = again
        if collide is not None and collide(points).any():
            return None
        path.append(points)
        last = points[-1]
    return np.concatenate(path)


def _one_by_one(
    reaches: Sequence[Reach],
    start: FloatArray,
    lines: Sequence[FloatArray],
    limits: Limits,
) -> FloatArray | None:
    points: list[FloatArray] = []
    last = start
    for place in range(len(lines[0])):
        targets = [line[place : place + 1] for line in lines]
        found, reached = solve(reaches, last[None], targets, limits)
        if not reached[0] or np.abs(found[0] - last).max() > LARGEST_STEP:
            return None
        last = found[0]
        points.append(last)
    return np.stack(points)


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
