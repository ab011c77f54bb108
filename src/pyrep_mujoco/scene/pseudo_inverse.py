"""Inverse kinematics by the pseudo inverse in a few steps, as CoppeliaSim's is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import Reach, errors_of_all, jacobian_of_all

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
    kinematics routines 4.1.0, ``ikGroup.cpp``), a first step is made even where the tip
    is within the precision: what followed a line without that stood still until it was
    a precision behind, and its path had points of no distance. What is left to turn is
    a rotation vector; CoppeliaSim tells it in three angles. With those, tried on all
    tasks, 225 of 267 scripted demos succeeded, and 236 without.

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
    shape = (len(starts), 4, 4)
    goals = [
        one if one.shape == shape else np.broadcast_to(one, shape) for one in targets
    ]
    ends = starts.copy()
    reached = np.zeros(len(starts), bool)
    # Only what is still going is looked at: its numbers in `ends`, and the rest.
    rows, positions = np.arange(len(starts)), ends
    for iteration in range(iterations + 1):
        error, worst, frames = errors_of_all(reaches, positions, goals)
        reached[rows] = worst <= 1.0
        going = (worst > 1.0) | (iteration == 0)
        count = np.count_nonzero(going)
        if iteration == iterations or not count:
            break
        if count < len(going):
            rows, positions = rows[going], positions[going]
            error, frames = error[going], [one[:, going] for one in frames]
            goals = [goal[going] for goal in goals]
        jacobian = jacobian_of_all(reaches, frames, len(lower))
        transposed = jacobian.transpose(0, 2, 1)
        gram = jacobian @ transposed
        # All diagonals, as a view.
        gram.reshape(len(gram), -1)[:, :: error.shape[1] + 1] += ridge
        move = (transposed @ np.linalg.solve(gram, error[..., None]))[..., 0]
        positions = np.minimum(np.maximum(positions + move, lower), upper)
        ends[rows] = positions
    return ends, reached
