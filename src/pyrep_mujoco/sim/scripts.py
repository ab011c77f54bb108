"""The functions of PyRep's add-on script, which PyRep calls by name."""

from collections.abc import Callable, Sequence

import numpy as np

from pyrep_mujoco.scene.frames import frame, matrix
from pyrep_mujoco.scene.poses import between
from pyrep_mujoco.sim.ik_paths import follow
from pyrep_mujoco.sim.ik_problem import problem
from pyrep_mujoco.sim.matrices import from_angles, to_matrix
from pyrep_mujoco.sim.mobile_planning import drivable_path
from pyrep_mujoco.sim.paths import pose_on_path, simInsertPathCtrlPoints
from pyrep_mujoco.sim.planning import nonlinear_path
from pyrep_mujoco.sim.simulation import current

Answer = tuple[list[int], list[float], list[str], str]
"""Integers, numbers, texts and bytes (as text) that a function returns."""

Ints = Sequence[int]
Floats = Sequence[float]
Strings = Sequence[str]

STOP_SHARE = 0.05
"""Share of a path from stop to stop; between stops, tips go straight."""

POINTS_TO_STOP = 20
"""On each of these lines."""

BEZIER_POINTS, BEZIER_SHARE = 20, 0.99
"""Of control points that PyRep inserts."""


def _get_nonlinear_path(ints: Ints, floats: Floats, strings: Strings) -> Answer:
    """Of collection, whether collisions are ignored, trials, joints; goals; planner."""
    collection, ignore, trials, *joints = ints
    path = nonlinear_path(
        strings[0],
        collection,
        ignore_collisions=ignore == 1,
        trials=trials,
        joints=joints,
        goals=np.reshape(np.asarray(floats, np.float64), (-1, len(joints))),
    )
    return _numbers(path)


def _get_path_from_cartesian_path(
    ints: Ints, floats: Floats, strings: Strings
) -> Answer:
    """Of path, IK group, its target, joints; joint positions along the path."""
    path, group, _, *joints = ints
    asked = problem(group, joints)
    if asked is None:
        return _numbers(None)
    shares = np.linspace(0.0, 1.0, POINTS_TO_STOP)
    positions, parts = asked.start, []
    stop = STOP_SHARE
    # Added up as in the script: the last stop is where its sum ends.
    while stop <= 1.0:
        goal = pose_on_path(path, stop)
        lines = [
            between(reach.chain.tip(positions[None])[0], goal, shares)
            for reach in asked.reaches
        ]
        found = follow(asked, positions, lines)
        if found is None:
            return _numbers(None)
        parts.append(found)
        positions = found[-1]
        stop += STOP_SHARE
    return _numbers(np.concatenate(parts))


def _insert_path_control_point(ints: Ints, floats: Floats, strings: Strings) -> Answer:
    """Of path and number of points; a position and three angles for each."""
    handle, count = ints[:2]
    rows = np.reshape(np.asarray(floats, np.float64), (count, 6))
    more = [0.0, 0.0, BEZIER_POINTS, BEZIER_SHARE, BEZIER_SHARE]
    data = np.hstack([rows, np.tile(more, (count, 1))])
    simInsertPathCtrlPoints(handle, 0, 0, count, data.ravel().tolist())
    return _numbers(None)


def _get_box_adjusted_matrix(ints: Ints, floats: Floats, strings: Strings) -> Answer:
    """Of base and target: the matrix (12) at the target that looks along it, and how.

    It looks along that of the target's axes that is most in line with the way from the
    base; the angle is that of a base that faces it.
    """
    scene = current().scene
    base, target = (scene.frame_w(current().node(handle)) for handle in ints[:2])
    way = np.subtract(target.position, base.position)
    axes = matrix(target).T
    scores = axes @ way
    best = int(np.abs(scores).argmax())
    x, y, _ = axes[best] * (-1.0 if scores[best] < 0 else 1.0)
    angle = float(np.arctan2(y, x))
    looking = frame(target.position, from_angles([0.0, 0.0, angle]))
    return [], [*to_matrix(looking), angle - np.pi / 2], [], ""


def _get_nonlinear_path_mobile(ints: Ints, floats: Floats, strings: Strings) -> Answer:
    """Of base, target, collection, whether collisions are ignored, points; reach."""
    base, target, collection, ignore, points = ints
    path = drivable_path(
        strings[0],
        current().node(base),
        current().node(target),
        collection=None if ignore == 1 else collection,
        reach=floats[0],
        points=points,
    )
    return _numbers(path)


def _numbers(path: np.ndarray | None) -> Answer:
    return [], [] if path is None else path.ravel().tolist(), [], ""


FUNCTIONS: dict[str, Callable[[Ints, Floats, Strings], Answer]] = {
    "getBoxAdjustedMatrixAndFacingAngle": _get_box_adjusted_matrix,
    "getNonlinearPath": _get_nonlinear_path,
    "getNonlinearPathMobile": _get_nonlinear_path_mobile,
    "getPathFromCartesianPath": _get_path_from_cartesian_path,
    "insertPathControlPoint": _insert_path_control_point,
}
"""By name."""


def simExtCallScriptFunction(
    functionNameAtScriptName: str,
    scriptHandleOrType: int,
    inputInts: Sequence[int],
    inputFloats: Sequence[float],
    inputStrings: Sequence[str],
    inputBuffer: str,
) -> Answer:
    """Call a function of PyRep's add-on script.

    Args:
      functionNameAtScriptName: its name, with or without ``@PyRep``.
      scriptHandleOrType: not used: there is one script.
      inputInts: what it takes.
      inputFloats: likewise.
      inputStrings: likewise.
      inputBuffer: not used by any of them.

    Returns:
      integers, numbers, texts and bytes.

    Raises:
      NotImplementedError: the script has no such function; no Lua is run here.
      RuntimeError: as the function does.
    """
    name, _, script = functionNameAtScriptName.partition("@")
    if script not in ("", "PyRep") or name not in FUNCTIONS:
        raise NotImplementedError(
            f"pyrep_mujoco runs no scripts and does not know the function "
            f"{functionNameAtScriptName!r}. It answers {', '.join(sorted(FUNCTIONS))} "
            'of PyRep\'s add-on script; use engine="coppeliasim" for others.'
        )
    return FUNCTIONS[name](inputInts, inputFloats, inputStrings)
