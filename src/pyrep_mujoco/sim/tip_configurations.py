"""Joint positions that take a pose, from anywhere: random starts, many at once."""

from collections.abc import Sequence

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import solve
from pyrep_mujoco.sim.ik_paths import collision_check
from pyrep_mujoco.sim.ik_problem import Problem, group, ik_joint, ik_target, problem
from pyrep_mujoco.sim.simulation import Simulation, current

BATCH = 64
"""Starts that are solved at once."""

MOST_STARTS = 128
"""Starts after which a pose that none led to counts as out of reach. PyRep asks up to
300 times all the same. Of random poses within the Panda's reach, every second start
leads to one."""

MOST_COLLIDING_STARTS = 1024
"""Starts after which a pose counts as one that collides, if all that led to it do."""

ENOUGH = 20
"""Solutions after which the other starts of a batch are given up."""

_MOST_ITERATIONS = 16
"""Of a start; what takes longer is seldom a solution, and another start is cheaper."""

_NEARBY_SHARE = 0.5
"""Share of the starts that is drawn around the present joint positions: PyRep prefers
the nearest solutions, and paths to them are the shortest."""

_SPREAD = 0.5
"""Standard deviation of a joint of such a start from its present position [rad, m]."""

_WHOLE_TURN = 2 * np.pi
"""How far from 0 starts of cyclic joints may be [rad]."""


class Configurations:
    """Solutions of the pose that was asked for last, found and not yet given."""

    def __init__(self, simulation: Simulation) -> None:
        self._asked: bytes = b""
        self._asked_then: tuple[object, ...] = ()
        self.waiting: list[FloatArray] = []
        """(m,) each; the next to give is the last, and the nearest."""
        self.starts = 0
        """How many starts were made since a solution was given."""
        self.collided = False
        """Whether some of them led to solutions that collide."""

    @property
    def hopeless(self) -> bool:
        """Whether no more starts are worth while."""
        return self.starts >= (MOST_COLLIDING_STARTS if self.collided else MOST_STARTS)

    def give(self) -> list[float]:
        """The next solution."""
        self.starts = 0
        return self.waiting.pop().tolist()

    def begin(self, handle: int, joints: Sequence[int], pairs: Sequence[int]) -> None:
        """Forget what was found, unless the same is asked again."""
        compiled = current().scene.compiled_last
        then = (compiled, compiled.times_refreshed, group(handle), *joints, *pairs)
        if then == self._asked_then:
            # Nothing moved since: PyRep asks for one pose up to 300 times.
            return
        asked = _question(handle, joints, pairs)
        if asked != self._asked:
            self._asked, self.waiting = asked, []
            self.starts, self.collided = 0, False
        self._asked_then = then

    def close(self) -> None:
        """Forget all."""
        self._asked, self._asked_then, self.waiting = b"", (), []


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

    Every call for the same pose gives another solution. Starts are drawn from numpy's
    global generator, as RLBench's own draws are; how many are made depends on no
    clock, so that the same seed gives the same solutions.

    Args:
      ikGroupHandle: the group.
      jointHandles: joints that may move.
      thresholdDist: not used: solving starts from any distance.
      maxTimeInMs: not used, as said above.
      metric: not used, for there is no distance.
      collisionPairs: entities two by two that may not collide.
      jointOptions: must be None; CoppeliaSim's dependent joints are not there.
      lowLimits: not used: starts are within the joints' own limits. PyRep gives the
        greatest positions where CoppeliaSim expects ranges.
      ranges: not used.

    Returns:
      a position of each joint; nothing if none was found.

    Raises:
      RuntimeError: there is no such group, joint or entity.
    """
    kept = current().part(Configurations)
    kept.begin(ikGroupHandle, jointHandles, collisionPairs)
    if kept.waiting:
        return kept.give()
    asked = None if kept.hopeless else problem(ikGroupHandle, jointHandles)
    if asked is None:
        return []
    check = collision_check(jointHandles, collisionPairs)
    while not kept.hopeless:
        kept.starts += BATCH
        found = _solutions(asked)
        if check is not None and len(found):
            collides = check(found)
            kept.collided = kept.collided or bool(collides.any())
            found = found[~collides]
        if len(found):
            away = np.linalg.norm(found - asked.start, axis=1)
            kept.waiting = list(found[np.argsort(-away, kind="stable")])
            return kept.give()
    return []


def _solutions(asked: Problem) -> FloatArray:
    """Solutions (n, m) from random starts."""
    lower = np.maximum(asked.limits[0], -_WHOLE_TURN)
    upper = np.minimum(asked.limits[1], _WHOLE_TURN)
    nearby = int(BATCH * _NEARBY_SHARE)
    size = len(asked.start)
    # Numpy's own generator: see simGetConfigForTipPose.
    around = asked.start + np.random.normal(0.0, _SPREAD, (nearby, size))  # noqa: NPY002
    anywhere = np.random.uniform(lower, upper, (BATCH - nearby, size))  # noqa: NPY002
    starts = np.concatenate([around, anywhere])
    targets = [target[None] for target in asked.targets]
    found, reached = solve(
        *(asked.reaches, starts, targets, asked.limits),
        max_iterations=_MOST_ITERATIONS,
        enough=ENOUGH,
    )
    return found[reached]


def _question(handle: int, joints: Sequence[int], pairs: Sequence[int]) -> bytes:
    """All that the answer depends on."""
    scene = current().scene
    elements = group(handle).elements
    targets = [ik_target(element) for element in elements]
    places = [scene.frame_w(node) for node in targets if node is not None]
    constraints = [int(element.constraints) for element in elements]
    positions = [scene.joint_position(ik_joint(number)) for number in joints]
    parts: list[np.ndarray] = [
        np.array([handle, *joints, *pairs, *constraints]),
        np.array(
            [*positions, *(number for one in places for part in one for number in part)]
        ),
        # Where everything is that may be in the way.
        scene.data.qpos,
        scene.model.body_pos,
        scene.model.body_quat,
    ]
    return b"".join(part.tobytes() for part in parts)
