"""Joint positions that take a pose, from anywhere: random starts, many at once."""

from collections.abc import Sequence

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.poses import rotation_vectors
from pyrep_mujoco.sim.ik_paths import collision_check
from pyrep_mujoco.sim.ik_problem import Problem, group, ik_joint, ik_target, problem
from pyrep_mujoco.sim.simulation import Simulation, current

DRAWN = 768
"""Starts that are drawn at once."""

MOST_DRAWN = 8 * DRAWN
"""Starts after which a pose that none led to counts as out of reach. PyRep asks up to
300 times all the same. Of the starts for a random pose within the Panda's reach, every
fiftieth leads to it."""

MOST_COLLIDING_DRAWN = 32 * DRAWN
"""Starts after which a pose counts as one that collides, if all that led to it do."""

_METRIC = (1.0, 1.0, 1.0, 0.1)
"""Weights of x, y and z [m] and of the angle [rad] in the distance of a tip from its
target, as CoppeliaSim's are unless it is told others."""

_WHOLE_TURN = 2 * np.pi
"""How far from 0 starts of cyclic joints may be [rad]."""


class Configurations:
    """Solutions of the pose that was asked for last, found and not yet given.

    They are forgotten when time goes on: else the first question of an episode may be
    the last one of the episode before, and what is drawn from then on another.
    """

    def __init__(self, simulation: Simulation) -> None:
        simulation.after_step.append(self.close)
        self._asked: tuple[object, ...] = ()
        self.waiting: list[FloatArray] = []
        """(m,) each; the next to give is the last, and the nearest."""
        self.drawn = 0
        """How many starts were drawn since a solution was given."""
        self.collided = False
        """Whether some of them led to solutions that collide."""

    @property
    def hopeless(self) -> bool:
        """Whether no more starts are worth while."""
        return self.drawn >= (MOST_COLLIDING_DRAWN if self.collided else MOST_DRAWN)

    def give(self) -> list[float]:
        """The next solution."""
        self.drawn = 0
        return self.waiting.pop().tolist()

    def begin(self, asked: tuple[object, ...]) -> None:
        """Forget what was found, unless the same is asked again."""
        if asked != self._asked:
            self._asked, self.waiting = asked, []
            self.drawn, self.collided = 0, False

    def close(self) -> None:
        """Forget all."""
        self.begin(())


def simGetConfigForTipPose(
    ikGroupHandle: int,
    jointHandles: Sequence[int],
    thresholdDist: float,
    maxTimeInMs: int,
    metric: Sequence[float] | None,
    collisionPairs: Sequence[int],
    jointOptions: Sequence[int] | None,
    lowLimits: Sequence[float],
    ranges: Sequence[float],
) -> list[float]:
    """Joint positions that take a group's tips to their targets; nothing moves.

    As CoppeliaSim does it: random starts whose tips are near enough, and from there
    the few whole steps that the group's settings allow. What comes of it is seldom at
    a joint's limit; what a more patient solver finds is for some poses in two cases of
    three, and few paths go on from there.

    Every call for the same pose gives another solution. Starts are drawn from numpy's
    global generator, as RLBench's own draws are; how many are made depends on no
    clock, so that the same seed gives the same solutions.

    Args:
      ikGroupHandle: the group.
      jointHandles: joints that may move.
      thresholdDist: greatest distance [m] from which a start goes on, by the metric.
      maxTimeInMs: not used, as said above.
      metric: weights of the distance along x, y and z and of the angle [m an rad];
        None for 1, 1, 1 and 0.1.
      collisionPairs: entities two by two that may not collide.
      jointOptions: must be None; CoppeliaSim's dependent joints are not there.
      lowLimits: not used: starts are within the joints' own limits, as PyRep's
        arguments are, too.
      ranges: not used.

    Returns:
      a position of each joint; nothing if none was found.

    Raises:
      RuntimeError: there is no such group, joint or entity.
    """
    kept = current().part(Configurations)
    weights = _METRIC if metric is None else tuple(metric)
    asking = (thresholdDist, *weights)
    kept.begin(_question(ikGroupHandle, jointHandles, collisionPairs, asking))
    if kept.waiting:
        return kept.give()
    asked = None if kept.hopeless else problem(ikGroupHandle, jointHandles)
    if asked is None:
        return []
    check = collision_check(jointHandles, collisionPairs)
    if asked.is_beyond_reach():
        # As many numbers are drawn as in vain: what is drawn next depends on no bound.
        np.random.random_sample((MOST_DRAWN, len(asked.start)))  # noqa: NPY002
        kept.drawn = MOST_DRAWN
        return []
    while not kept.hopeless:
        kept.drawn += DRAWN
        starts = _starts(asked)
        found = _solutions(asked, starts, thresholdDist, weights)
        if check is not None and len(found):
            collides = check(found)
            kept.collided = kept.collided or bool(collides.any())
            found = found[~collides]
        if len(found):
            away = np.linalg.norm(found - asked.start, axis=1)
            kept.waiting = list(found[np.argsort(-away, kind="stable")])
            return kept.give()
    return []


def _starts(asked: Problem) -> FloatArray:
    """Random joint positions (n, m)."""
    lower = np.maximum(asked.limits[0], -_WHOLE_TURN)
    upper = np.minimum(asked.limits[1], _WHOLE_TURN)
    # Numpy's own generator: see simGetConfigForTipPose.
    return np.random.uniform(  # noqa: NPY002
        lower, upper, (DRAWN, len(asked.start))
    )


def _solutions(
    asked: Problem, starts: FloatArray, farthest: float, metric: Sequence[float]
) -> FloatArray:
    """Solutions (n, m) from those of some starts that are near enough."""
    away = np.zeros(len(starts))
    for reach, target in zip(asked.reaches, asked.targets, strict=True):
        tip = reach.chain.tip(starts)
        line = (tip[:, :3, 3] - target[:3, 3]) @ reach.axes * metric[:3]
        turn = rotation_vectors(target[:3, :3] @ tip[:, :3, :3].transpose(0, 2, 1))
        away += np.hypot(
            np.linalg.norm(line, axis=1), metric[3] * np.linalg.norm(turn, axis=1)
        )
    found, reached = asked.solve(starts[away <= farthest], asked.targets)
    return found[reached]


def _question(
    handle: int, joints: Sequence[int], pairs: Sequence[int], asking: Sequence[float]
) -> tuple[object, ...]:
    """All that the answer depends on."""
    scene = current().scene
    settings, find = group(handle), scene.tree.find_handle
    # Asked a hundred times where there is no answer; `ik_joint` only complains.
    moved = [find(one) or ik_joint(one) for one in joints]
    fixed = [
        find(base)
        for one in settings.elements
        for base in (one.base, one.constraint_base)
    ]
    targets = [ik_target(element) for element in settings.elements]
    in_the_way: tuple[bytes, ...] = ()
    if pairs:
        # Where everything is that may be.
        data, model = scene.data, scene.model
        in_the_way = (
            data.qpos.tobytes(),
            model.body_pos.tobytes(),
            model.body_quat.tobytes(),
        )
    return (
        *(handle, settings, tuple(joints), tuple(pairs), tuple(asking), in_the_way),
        [scene.joint_position(joint) for joint in moved],
        [
            scene.frame_w(node)
            for node in (*moved, *fixed, *targets)
            if node is not None
        ],
    )
