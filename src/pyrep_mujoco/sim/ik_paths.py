"""Paths of joint positions that move tips along straight lines."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import UnknownObjectError
from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.poses import between
from pyrep_mujoco.sim.collisions import CollisionChecks
from pyrep_mujoco.sim.ik_problem import Problem, problem
from pyrep_mujoco.sim.simulation import current

BLOCK = 17
"""Points of a line that are solved together, from the last point before them, where the
line is smooth: all at once cost hardly more than one."""

SMOOTH = 0.1
"""Of a joint from point to point [rad, m]; where it moves more, or stands at a limit,
each point is solved from the one before."""

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
      ptCnt times a position of each joint, or nothing if a point cannot be reached
      in the few whole steps that the group's settings allow, or if there are
      collisions.

    Raises:
      RuntimeError: there is no such group, joint or entity, or fewer than 2 points
        are asked for.
    """
    if ptCnt < 2:
        raise RuntimeError(f"A path needs 2 points or more, not {ptCnt}.")
    asked = problem(ikGroupHandle, jointHandles)
    if asked is None:
        return []
    check = collision_check(jointHandles, collisionPairs)
    if asked.is_beyond_reach():
        return []
    shares = np.linspace(0.0, 1.0, ptCnt)
    lines = [
        between(tip, target, shares)
        for tip, target in zip(asked.tips(), asked.targets, strict=True)
    ]
    path = follow(asked, asked.start, lines, check)
    return [] if path is None else path.ravel().tolist()


def follow(
    asked: Problem,
    start: FloatArray,
    lines: Sequence[FloatArray],
    collide: Check | None = None,
) -> FloatArray | None:
    """Joint positions that take tips from pose to pose.

    Args:
      asked: what is to match, by which joints.
      start: (m,) joint positions before the first pose.
      lines: for each reach (n, 4, 4) poses in the world, near each other.
      collide: tells which joint positions collide; None if that does not matter.

    Returns:
      (n, m), or None where it cannot be done.
    """
    path: list[FloatArray] = []
    lower, upper = asked.limits
    last = start
    first, count, block = 0, len(lines[0]), BLOCK
    while first < count:
        part = [line[first : first + block] for line in lines]
        starts = np.repeat(last[None], len(part[0]), axis=0)
        points, reached = asked.solve(starts, part)
        if not reached[0]:
            return None
        before = np.concatenate([last[None], points[:-1]])
        steps = np.abs(points - before).max(axis=1)
        cut = ((points <= lower) | (points >= upper)).any(axis=1)
        (rough,) = (~reached | cut | (steps > SMOOTH)).nonzero()
        # The first is as good as any: it was solved from the one before it.
        good = points[: max(1, rough[0])] if rough.size else points
        if collide is not None and collide(good).any():
            return None
        path.append(good)
        last = good[-1]
        first += len(good)
        block = max(1, block // 4) if rough.size else min(2 * block, BLOCK)
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
