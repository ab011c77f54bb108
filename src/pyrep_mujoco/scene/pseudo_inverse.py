"""Inverse kinematics by the pseudo inverse in a few steps, as CoppeliaSim's is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import Reach

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
    posture: what CoppeliaSim's random search finds is among them.

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
    goals = [np.broadcast_to(one, (len(starts), 4, 4)) for one in targets]
    positions = starts.copy()
    reached = np.zeros(len(starts), bool)
    rows = np.arange(len(starts))
    for iteration in range(iterations + 1):
        error, jacobian, worst = _stacked(
            reaches, positions[rows], [goal[rows] for goal in goals]
        )
        reached[rows] = worst <= 1.0
        going = worst > 1.0
        rows, error, jacobian = rows[going], error[going], jacobian[going]
        if iteration == iterations or not rows.size:
            break
        gram = jacobian @ jacobian.transpose(0, 2, 1)
        size = range(error.shape[1])
        gram[:, size, size] += damping**2 + _REGULARISATION
        across = np.linalg.solve(gram, error[..., None])
        move = (jacobian.transpose(0, 2, 1) @ across)[..., 0]
        positions[rows] = np.clip(positions[rows] + move, lower, upper)
    return positions, reached


def _stacked(
    reaches: Sequence[Reach], positions: FloatArray, goals: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Errors and Jacobian of all reaches, and the worst error by precision."""
    errors: list[FloatArray] = []
    jacobians: list[FloatArray] = []
    worst = np.zeros(len(positions))
    for reach, goal in zip(reaches, goals, strict=True):
        error, jacobian, linear = reach.errors(positions, goal)
        for part, precision in (
            (error[:, :linear], reach.linear_precision),
            (error[:, linear:], reach.angular_precision),
        ):
            np.maximum(worst, np.linalg.norm(part, axis=1) / precision, out=worst)
        errors.append(error)
        jacobians.append(jacobian)
    return np.concatenate(errors, axis=1), np.concatenate(jacobians, axis=1), worst
