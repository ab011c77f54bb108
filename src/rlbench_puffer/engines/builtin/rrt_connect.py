"""RRT-Connect from the OMPL library, in the joint space of the arm."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ompl import base, geometric, util

FloatArray = NDArray[np.float64]

RANGE = 0.6
"""Longest edge of the trees [rad]."""

RESOLUTION = 0.04
"""Distance of the postures of an edge that are tried [rad]."""

MAX_CHECKS = 20_000
"""Postures tried before a search is given up: counted, not timed, so that its outcome
depends on the seed and nothing else."""


def connect(
    start: FloatArray,
    goal: FloatArray,
    limits: tuple[FloatArray, FloatArray],
    is_free: Callable[[FloatArray], bool],
    seed: int,
) -> FloatArray | None:
    """Corners of a free path from one posture to another.

    Args:
      start: (7,) joint positions [rad].
      goal: (7,) likewise.
      limits: lower and upper joint limits, (7,) each [rad].
      is_free: whether a posture (7,) touches nothing.
      seed: of the search, at least 1; OMPL's generators belong to the whole process
        and are seeded anew here.

    Returns:
      (k, 7) [rad], start and goal included; None if none was found.
    """
    size = len(start)
    space = base.RealVectorStateSpace(size)
    bounds = base.RealVectorBounds(size)
    for joint in range(size):
        bounds.setLow(joint, float(limits[0][joint]))
        bounds.setHigh(joint, float(limits[1][joint]))
    space.setBounds(bounds)
    checks = 0

    # OMPL's stubs know neither a state's numbers nor which path a planner gives.
    def is_valid(state: Any) -> bool:
        nonlocal checks
        checks += 1
        return bool(is_free(_numbers(state, size)))

    with _seeded(seed):
        information = base.SpaceInformation(space)
        information.setStateValidityChecker(is_valid)
        fraction = RESOLUTION / space.getMaximumExtent()
        information.setStateValidityCheckingResolution(fraction)
        information.setup()
        problem = base.ProblemDefinition(information)
        problem.setStartAndGoalStates(_state(space, start), _state(space, goal))
        planner = geometric.RRTConnect(information)
        planner.setProblemDefinition(problem)
        planner.setRange(RANGE)
        planner.setup()
        given_up = base.PlannerTerminationCondition(lambda: checks >= MAX_CHECKS)
        planner.solve(given_up)
        if not problem.hasExactSolution():
            return None
        path: Any = problem.getSolutionPath()
        geometric.PathSimplifier(information).reduceVertices(path)
        geometric.PathSimplifier(information).partialShortcutPath(path)
        return np.array([_numbers(state, size) for state in path.getStates()])


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed OMPL, which says aloud that it has been used before; it is kept quiet."""
    level = util.getLogLevel()
    util.setLogLevel(util.LogLevel.LOG_NONE)
    try:
        # Every generator made from here on is seeded by this one's draws.
        util.RNG.setSeed(seed)
        yield
    finally:
        util.setLogLevel(level)


def _state(space: base.RealVectorStateSpace, posture: FloatArray) -> Any:
    state: Any = space.allocState()
    for joint, position in enumerate(posture):
        state[joint] = float(position)
    return state


def _numbers(state: Any, size: int) -> FloatArray:
    return np.array([state[joint] for joint in range(size)])
