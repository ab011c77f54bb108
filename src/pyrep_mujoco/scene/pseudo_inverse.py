"""Inverse kinematics by the pseudo inverse in a few steps, as CoppeliaSim's is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import Reach
from pyrep_mujoco.scene.poses import rotation_angles
from pyrep_mujoco.ttm.groups import Constraint

_REGULARISATION = 1e-9
"""Added to what is inverted, so that a singular posture moves on."""


def step_to_targets(
    reaches: Sequence[Reach],
    starts: FloatArray,
    targets: Sequence[FloatArray],
    limits: tuple[FloatArray, FloatArray],
    *,
    iterations: int,
    damping: float = 0.0,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Whole steps from each start towards the targets, cut off at the limits.

    Few starts far away come to the target so, and those that do stay near it in their
    posture: what CoppeliaSim's random search finds is among them. As there (its
    kinematics routines 4.1.0, ``ikGroup.cpp`` and ``ikElement.cpp``), what is left to
    turn is told in angles about the tip's axes, and a first step is made even where the
    tip is within the precision: what followed a line without that stood still until
    it was a precision behind, and its path had points of no distance.

    Args:
      reaches: what is to match; at least one.
      starts: (n, m) joint positions within the limits.
      targets: for each reach (4, 4), or (n, 4, 4) for each start its own, in the
        world.
      limits: least and greatest joint positions, (m,) each.
      iterations: of each start.
      damping: of damped least squares, [m] or [rad] an [rad]; 0 for the pseudo inverse.

    Returns:
      (n, m) where each start ended, and (n,) whether all tips are within their
      precisions there.
    """
    lower, upper = limits
    ridge = damping**2 + _REGULARISATION
    goals = [np.broadcast_to(one, (len(starts), 4, 4)) for one in targets]
    ends = starts.copy()
    reached = np.zeros(len(starts), bool)
    # Only what is still going is looked at: its numbers in `ends`, and the rest.
    rows, positions = np.arange(len(starts)), ends
    for iteration in range(iterations + 1):
        error, jacobian, worst = _equations(reaches, positions, goals)
        reached[rows] = worst <= 1.0
        going = (worst > 1.0) | (iteration == 0)
        if iteration == iterations or not going.any():
            break
        if not going.all():
            rows, positions = rows[going], positions[going]
            error, jacobian = error[going], jacobian[going]
            goals = [goal[going] for goal in goals]
        transposed = jacobian.transpose(0, 2, 1)
        gram = jacobian @ transposed
        # All diagonals, as a view.
        gram.reshape(len(gram), -1)[:, :: error.shape[1] + 1] += ridge
        move = (transposed @ np.linalg.solve(gram, error[..., None]))[..., 0]
        positions = np.minimum(np.maximum(positions + move, lower), upper)
        ends[rows] = positions
    return ends, reached


def _equations(
    reaches: Sequence[Reach], positions: FloatArray, goals: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What is left to the targets, how it changes, and the worst of it by precision.

    Args:
      reaches: what is to match.
      positions: (n, m) of the joints.
      goals: for each reach (n, 4, 4), in the world.

    Returns:
      (n, e) in [m] and [rad], their Jacobian (n, e, m), and (n,): at most 1 where all
      is matched.
    """
    errors: list[FloatArray] = []
    rows: list[FloatArray] = []
    worst = np.zeros(len(positions))
    for reach, goal in zip(reaches, goals, strict=True):
        tip, whole = reach.chain.tip_and_jacobian(positions)
        asked = reach.constraints
        kept = [bit in asked for bit in (Constraint.X, Constraint.Y, Constraint.Z)]
        line = ((goal[:, :3, 3] - tip[:, :3, 3]) @ reach.axes)[:, kept]
        errors.append(line * reach.weights[0])
        rows.append((reach.axes.T @ whole[:, :3])[:, kept])
        if line.size:
            size = np.sqrt(np.einsum("ij,ij->i", line, line))
            np.maximum(worst, size / reach.linear_precision, out=worst)
        kept = [Constraint.ALPHA_BETA in asked] * 2 + [Constraint.GAMMA in asked]
        if not any(kept):
            continue
        seen = tip[:, :3, :3].transpose(0, 2, 1)
        turn = seen @ goal[:, :3, :3]
        errors.append(rotation_angles(turn)[:, kept] * reach.weights[1])
        rows.append((seen @ whole[:, 3:])[:, kept])
        # By how much the z axes differ, and the x axes if a turn about z counts, too.
        cosine = turn[:, 2, 2]
        if Constraint.GAMMA in asked:
            cosine = np.minimum(cosine, turn[:, 0, 0])
        angle = np.arccos(np.minimum(np.maximum(cosine, -1.0), 1.0))
        np.maximum(worst, angle / reach.angular_precision, out=worst)
    return np.concatenate(errors, axis=1), np.concatenate(rows, axis=1), worst
