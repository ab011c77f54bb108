"""Paths of arms and mobile bases around obstacles, as PyRep's script plans them."""

from collections.abc import Callable, Sequence

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray, limits
from pyrep_mujoco.sim.collisions import HANDLE_ALL
from pyrep_mujoco.sim.ik_paths import Check, collision_check
from pyrep_mujoco.sim.ik_problem import ik_joint
from pyrep_mujoco.sim.ompl_search import joint_space, search
from pyrep_mujoco.sim.simulation import current

POINTS = 300
"""Of a path at least, as in PyRep's script."""

RESOLUTION = 0.05
"""Distance of joint positions that are tried while a path is sought [rad]; the points
of the path that was found are all tried again."""

FINER = 0.25
"""By how much nearer they are in a last search, if all paths found touched something
between the positions tried."""

_WHOLE_TURN = 6.28
"""Positions of joints without limits are at most this far from 0 [rad], as in PyRep's
script."""


def nonlinear_path(
    algorithm: str,
    collection: int,
    *,
    ignore_collisions: bool,
    trials: int,
    joints: Sequence[int],
    goals: FloatArray,
) -> FloatArray | None:
    """The shortest path that was found to any of several joint positions.

    The straight one to the nearest goal is shorter than any other, and needs no search
    if it is free. A straight one to another goal competes with what is found: a way
    around something to a near goal may be shorter, and an arm that went far may lack
    room for what it is to do next.

    Args:
      algorithm: PyRep's name of a planner.
      collection: handle of what may not collide with anything else.
      ignore_collisions: whether it may all the same.
      trials: how many searches are made; the shortest path counts.
      joints: handles.
      goals: (n, m) joint positions.

    Returns:
      (300 or more, m), start and goal included; None if none was found.

    Raises:
      RuntimeError: there is no such planner, joint or collection.
      MissingDependencyError: OMPL is needed and not installed.
    """
    scene = current().scene
    nodes = [ik_joint(handle) for handle in joints]
    start = np.array([scene.joint_position(node) for node in nodes])
    order = np.argsort(np.linalg.norm(goals - start, axis=1), kind="stable")
    goals = goals[order]
    if ignore_collisions:
        return even(np.stack([start, goals[0]]), POINTS)
    check = collision_check(joints, [collection, HANDLE_ALL])
    assert check is not None
    if check(start[None])[0]:
        return None
    goals = goals[~check(goals)]
    if not len(goals):
        return None
    shortest: FloatArray | None = None
    for number, goal in enumerate(goals):
        straight = even(np.stack([start, goal]), POINTS)
        # Every tenth first, for most that is in the way is large.
        if not check(straight[::10]).any() and not check(straight).any():
            if number == 0:
                return straight
            shortest = straight
            break
    lower, upper = limits(nodes)
    lower = np.minimum(np.maximum(lower, -_WHOLE_TURN), start)
    upper = np.maximum(np.minimum(upper, _WHOLE_TURN), start)
    space = joint_space(lower, upper)
    touching = False
    for trial in range(trials + 1):
        last = trial == trials
        if last and (shortest is not None or not touching):
            break
        corners = search(
            space,
            start,
            goals,
            _one(check),
            algorithm=algorithm,
            resolution=RESOLUTION * (FINER if last else 1.0),
            seed=draw_seed(),
        )
        if corners is None:
            # It had all the checks that it may have, and the next may need as many. As
            # in PyRep's script they are made all the same, for through a narrow gap
            # only some find a way; not so if there is a path already.
            if shortest is not None:
                break
            continue
        if shortest is None or length(corners) < length(shortest):
            path = even(corners, POINTS)
            if not check(path).any():
                shortest = path
            else:
                touching = True
    return shortest


def length(corners: FloatArray) -> float:
    """Length of a path (k, m)."""
    return float(np.linalg.norm(np.diff(corners, axis=0), axis=1).sum())


def even(corners: FloatArray, count: int) -> FloatArray:
    """At least so many points of a path (k, m), evenly spaced between its corners."""
    legs = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    whole = legs.sum()
    shares = legs / whole if whole > 0 else np.full(len(legs), 1 / len(legs))
    parts = np.maximum(1, np.ceil(shares * (count - 1)).astype(int))
    pieces = [
        first + np.arange(steps)[:, None] / steps * (second - first)
        for first, second, steps in zip(corners[:-1], corners[1:], parts, strict=True)
    ]
    return np.concatenate([*pieces, corners[-1:]])


def _one(check: Check) -> Callable[[FloatArray], bool]:
    return lambda posture: not check(posture[None])[0]


def draw_seed() -> int:
    """Drawn from numpy's global generator, as all that RLBench leaves to chance."""
    return int(np.random.randint(1, 2**31 - 1))  # noqa: NPY002
