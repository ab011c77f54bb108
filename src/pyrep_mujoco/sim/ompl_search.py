"""Searches for paths by the OMPL library, which CoppeliaSim plans with, too."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyrep_mujoco.extras import package
from pyrep_mujoco.scene.chain import FloatArray

MAX_CHECKS = 20_000
"""States tried before a search is given up: counted, not timed, so that its outcome
depends on the seed and nothing else."""

MOST_POLLS = 1_000_000
"""How often a planner may ask whether it is to give up."""

MAX_CHECKS_OF_IMPROVERS = 3_000
"""The same for planners that go on to shorten what they have found until they are
stopped."""

MOST_ROUNDS = 5
"""Of shortening a path that was found: as many as OMPL's own simplification makes at
most."""

IMPROVERS = ("BITstar", "RRTstar")
"""Such planners."""

RELATIVES = {
    "BiTRRT": "RRTConnect",
    "CForest": "RRTstar",
    "EST": "KPIECE1",
    "LazyPRM": "FMT",
    "LazyPRMstar": "BITstar",
    "LazyRRT": "RRT",
    "LBTRRT": "RRTstar",
    "PDST": "KPIECE1",
    "PRM": "FMT",
    "PRMstar": "BITstar",
    "pRRT": "RRT",
    "pSBL": "LBKPIECE1",
    "SBL": "LBKPIECE1",
    "SPARS": "FMT",
    "SPARStwo": "FMT",
    "STRIDE": "KPIECE1",
    "TRRT": "RRT",
}
"""What stands in for planners that PyRep names and that cannot be had here: OMPL's
Python package (2.0) lacks most of them, and PRM waits for ever for a thread of its own
that waits for Python. It is the nearest relative in how it searches."""

OWN = (
    *("BITstar", "BKPIECE1", "FMT", "KPIECE1", "LBKPIECE1"),
    *("RRT", "RRTConnect", "RRTstar"),
)
"""Planners that PyRep names and that are as named."""

_PURPOSE = "Planning a path around obstacles"


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched: OMPL's space, and how its states become numbers and back."""

    space: Any
    """OMPL's."""
    write: Callable[[Any, FloatArray], None]
    """Sets a state to numbers."""
    read: Callable[[Any], FloatArray]
    """The numbers of a state."""


def joint_space(lower: FloatArray, upper: FloatArray) -> Space:
    """The space of joint positions within limits, (m,) each.

    Raises:
      MissingDependencyError: OMPL is not installed.
    """
    base = package("ompl.base", _PURPOSE)
    size = len(lower)
    space = base.RealVectorStateSpace(size)
    space.setBounds(_bounds(base, lower, upper))

    def write(state: Any, numbers: FloatArray) -> None:
        for place in range(size):
            state[place] = float(numbers[place])

    return Space(
        space, write, lambda state: np.array([state[place] for place in range(size)])
    )


def dubins_space(reach: float, turning_radius: float) -> Space:
    """The space of places of a car that drives ahead and back.

    Args:
      reach: greatest absolute x and y [m].
      turning_radius: [m].

    Raises:
      MissingDependencyError: OMPL is not installed.
    """
    base = package("ompl.base", _PURPOSE)
    space = base.DubinsStateSpace(turning_radius, True)
    square = np.full(2, reach)
    space.setBounds(_bounds(base, -square, square))

    def write(state: Any, numbers: FloatArray) -> None:
        state.setX(float(numbers[0]))
        state.setY(float(numbers[1]))
        state.setYaw(float(numbers[2]))

    return Space(
        space,
        write,
        lambda state: np.array([state.getX(), state.getY(), state.getYaw()]),
    )


def search(
    space: Space,
    start: FloatArray,
    goals: FloatArray,
    is_free: Callable[[FloatArray], bool],
    *,
    algorithm: str,
    resolution: float,
    seed: int,
    points: int = 0,
) -> FloatArray | None:
    """A free path from one state to one of several others.

    Args:
      space: what is searched.
      start: (m,) numbers of the first state.
      goals: (n, m).
      is_free: whether a state (m,) touches nothing.
      algorithm: PyRep's name of a planner.
      resolution: distance of states of an edge that are tried, by the space's measure.
      seed: at least 1; OMPL's generators belong to the whole process and are seeded
        anew here.
      points: as many or more states are returned, along the path; 0 for its corners.

    Returns:
      (k, m), start and goal included; None if none was found.

    Raises:
      RuntimeError: there is no such planner.
      MissingDependencyError: OMPL is not installed.
    """
    base = package("ompl.base", _PURPOSE)
    name = RELATIVES.get(algorithm, algorithm)
    _require(name)
    # Planners wait for ever for a goal that may be.
    goals = np.array([goal for goal in goals if is_free(goal)])
    if not len(goals) or not is_free(start):
        return None
    checks = polls = 0

    def is_valid(state: Any) -> bool:
        nonlocal checks
        checks += 1
        return is_free(space.read(state))

    def is_over() -> bool:
        nonlocal polls
        polls += 1
        # Nor does it go on for ever without a single check.
        return checks >= most or polls >= MOST_POLLS

    most = MAX_CHECKS_OF_IMPROVERS if name in IMPROVERS else MAX_CHECKS
    with _seeded(seed):
        information = base.SpaceInformation(space.space)
        information.setStateValidityChecker(is_valid)
        fraction = resolution / space.space.getMaximumExtent()
        information.setStateValidityCheckingResolution(fraction)
        information.setup()
        problem = base.ProblemDefinition(information)
        problem.addStartState(_state(space, start))
        ends = base.GoalStates(information)
        for goal in goals:
            ends.addState(_state(space, goal))
        problem.setGoal(ends)
        planner = getattr(package("ompl.geometric", _PURPOSE), name)(information)
        planner.setProblemDefinition(problem)
        planner.setup()
        planner.solve(base.PlannerTerminationCondition(is_over))
        if not problem.hasExactSolution():
            return None
        path: Any = problem.getSolutionPath()
        # Given the goals, it also leads the end to a nearer one, as CoppeliaSim's
        # plug-in has it do (simExtOMPL 4.1.0, ``plugin.cpp``).
        simplifier = package("ompl.geometric", _PURPOSE).PathSimplifier(
            information, ends
        )
        simplifier.reduceVertices(path)
        never = base.PlannerTerminationCondition(lambda: False)
        for _ in range(MOST_ROUNDS):
            shorter = simplifier.partialShortcutPath(path)
            nearer = len(goals) > 1 and simplifier.findBetterGoal(path, never)
            if not (shorter or nearer):
                break
        if points:
            path.interpolate(points)
        return np.array([space.read(state) for state in path.getStates()])


def _require(name: str) -> None:
    if name not in OWN:
        known = ", ".join(sorted([*OWN, *RELATIVES]))
        raise RuntimeError(f"There is no planner {name!r}. There are: {known}.")


def _state(space: Space, numbers: FloatArray) -> Any:
    state = space.space.allocState()
    space.write(state, numbers)
    return state


def _bounds(base: Any, lower: FloatArray, upper: FloatArray) -> Any:
    bounds = base.RealVectorBounds(len(lower))
    for place, (low, high) in enumerate(zip(lower, upper, strict=True)):
        bounds.setLow(place, float(low))
        bounds.setHigh(place, float(high))
    return bounds


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed OMPL, which says aloud that it has been used before; it is kept quiet."""
    util = package("ompl.util", _PURPOSE)
    level = util.getLogLevel()
    util.setLogLevel(util.LogLevel.LOG_NONE)
    try:
        # Every generator made from here on is seeded by this one's draws.
        util.RNG.setSeed(seed)
        yield
    finally:
        util.setLogLevel(level)
