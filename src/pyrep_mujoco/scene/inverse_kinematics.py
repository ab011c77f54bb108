"""Joint positions that bring tips to their targets, from many starts at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.chain import Chain
from pyrep_mujoco.scene.poses import rotation_vectors
from pyrep_mujoco.ttm.groups import Constraint

FloatArray = NDArray[np.float64]

MAX_ITERATIONS = 60
"""Of one start. What is not found by then is hardly ever found later."""

PRECISION_SOUGHT = 0.1
"""Share of the precision asked that is iterated to; each iteration near the goal gains
orders of magnitude, so that it costs about one more."""

_PATIENCE = 6
"""Iterations without a hundredth gained after which a start is given up."""

_LEAST_DAMPING = 1e-6
"""Added to the squared error, which is the damping otherwise: Sugihara,
"Solvability-Unconcerned Inverse Kinematics by the Levenberg-Marquardt Method",
IEEE Transactions on Robotics 27(5), 2011, equation 21."""

_LARGEST_MOVE = 0.5
"""Of a joint in one iteration [rad]: beyond it the Jacobian says little."""

_POSITION = (Constraint.X, Constraint.Y, Constraint.Z)

_WHOLE = int(sum(Constraint))
"""All constraints together; numbers are compared faster than flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of one tip's place is to be that of its target."""

    chain: Chain
    """What moves the tip."""
    constraints: Constraint
    """What is to match; positions along ``axes``, parts of the angles by the tip's."""
    axes: FloatArray
    """(3, 3) rotation to the world of the frame that the constraints are in."""
    linear_precision: float
    """[m]."""
    angular_precision: float
    """[rad]."""
    weights: tuple[float, float]
    """Of position and orientation."""

    @property
    def is_whole(self) -> bool:
        """Whether all of the target's pose is to match."""
        return int(self.constraints) & _WHOLE == _WHOLE

    @property
    def rows(self) -> tuple[list[int], list[int]]:
        """Which of three positions and of three angles are to match."""
        asked = self.constraints
        linear = [row for row, bit in enumerate(_POSITION) if bit in asked]
        angular = [0, 1] if Constraint.ALPHA_BETA in asked else []
        return linear, angular + [2] * (Constraint.GAMMA in asked)

    def errors(self, tip: FloatArray, targets: FloatArray) -> tuple[FloatArray, int]:
        """What is left to the targets.

        All of a pose is told along the world's axes, not along those asked for, which
        makes no difference to least squares.

        Args:
          tip: (n, 4, 4) in the world.
          targets: likewise.

        Returns:
          errors (n, e) in [m] and then [rad], and how many of them are in [m].
        """
        turned, turn = tip[:, :3, :3], targets[:, :3, :3]
        away = targets[:, :3, 3] - tip[:, :3, 3]
        if self.is_whole:
            left = rotation_vectors(turn @ turned.transpose(0, 2, 1))
            return np.concatenate([away, left], axis=1), 3
        linear, angular = self.rows
        errors = [(away @ self.axes)[:, linear]]
        if angular == [0, 1]:
            left = _turn_of_axis(turned[:, :, 2], turn[:, :, 2])
            errors.append((turned.transpose(0, 2, 1) @ left[..., None])[:, angular, 0])
        elif angular:
            left = rotation_vectors(turn @ turned.transpose(0, 2, 1))
            if len(angular) == 3:
                # All of the orientation: any axes do.
                errors.append(left @ self.axes)
            else:
                seen = turned.transpose(0, 2, 1)
                errors.append((seen @ left[..., None])[:, angular, 0])
        return np.concatenate(errors, axis=1), len(linear)

    def jacobian(
        self, frames: FloatArray, joints: int, *, any_axes: bool = False
    ) -> FloatArray:
        """How the errors shrink with the joints, (n, e, m).

        Args:
          frames: (k + 1, n, 4, 4) as `Chain.frames` gives them.
          joints: m, the number of all joints.
          any_axes: whether all of a pose may be told along the world's axes, as
            `errors` does.
        """
        whole = self.chain.jacobian(frames, joints)
        if any_axes and self.is_whole:
            return whole
        linear, angular = self.rows
        rows = [(self.axes.T @ whole[:, :3])[:, linear]]
        if len(angular) == 3:
            rows.append(self.axes.T @ whole[:, 3:])
        elif angular:
            seen = frames[-1, :, :3, :3].transpose(0, 2, 1)
            rows.append((seen @ whole[:, 3:])[:, angular])
        return np.concatenate(rows, axis=1)


def solve(
    reaches: Sequence[Reach],
    starts: FloatArray,
    targets: Sequence[FloatArray],
    limits: tuple[FloatArray, FloatArray],
    *,
    max_iterations: int = MAX_ITERATIONS,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The way down from each start: damped least squares within the limits.

    A start that is at its goal already is its own solution. A result depends on its
    own row alone.

    Args:
      reaches: what is to match; at least one.
      starts: (n, m) joint positions; those beyond the limits are brought within.
      targets: for each reach (n, 4, 4) or (1, 4, 4), in the world.
      limits: least and greatest joint positions, (m,) each.
      max_iterations: of each start.

    Returns:
      solutions (n, m) within the limits, and reached (n,): whether all tips are within
      their precisions there. Where not, the solution is the last that was tried.
    """
    lower, upper = limits
    solutions = np.clip(starts, lower, upper)
    count = len(solutions)
    goals = [np.broadcast_to(one, (count, 4, 4)) for one in targets]
    reached = np.zeros(count, bool)
    least, waited = np.full(count, np.inf), np.zeros(count, np.int64)
    # Only what is still going is looked at: its numbers in `solutions`, and the rest.
    rows, positions = np.arange(count), solutions
    for iteration in range(max_iterations + 1):
        error, worst, frames = errors_of_all(reaches, positions, goals)
        reached[rows] = worst <= 1.0
        squared = np.einsum("ij,ij->i", error, error)
        improved = squared < 0.98 * least
        waited = np.where(improved, 0, waited + 1)
        least = np.where(improved, squared, least)
        going = (worst > PRECISION_SOUGHT) & (waited < _PATIENCE)
        if iteration == max_iterations or not going.any():
            break
        if not going.all():
            rows, positions = rows[going], positions[going]
            error, frames = error[going], [one[:, going] for one in frames]
            least, waited = least[going], waited[going]
            goals = [goal[going] for goal in goals]
        jacobian = jacobian_of_all(reaches, frames, len(lower))
        move = _move(positions, jacobian, error, lower, upper)
        positions = np.minimum(np.maximum(positions + move, lower), upper)
        solutions[rows] = positions
    return solutions, reached


def errors_of_all(
    reaches: Sequence[Reach],
    positions: FloatArray,
    goals: Sequence[FloatArray],
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Weighted errors of all reaches, the worst error by precision, and the frames.

    Args:
      reaches: what is to match.
      positions: (n, m) of the joints.
      goals: for each reach (n, 4, 4), in the world.

    Returns:
      (n, e) in [m] and [rad]; (n,), at most 1 where all is matched; and for each reach
      (k + 1, n, 4, 4) as `Chain.frames` gives them, for `jacobian_of_all`.
    """
    errors: list[FloatArray] = []
    frames: list[FloatArray] = []
    worst = np.zeros(len(positions))
    for reach, goal in zip(reaches, goals, strict=True):
        places = reach.chain.frames(positions)
        error, linear = reach.errors(places[-1], goal)
        for part, precision in (
            (error[:, :linear], reach.linear_precision),
            (error[:, linear:], reach.angular_precision),
        ):
            size = np.sqrt(np.einsum("ij,ij->i", part, part))
            np.maximum(worst, size / precision, out=worst)
        if reach.weights != (1.0, 1.0):
            parts = linear, error.shape[1] - linear
            error = error * np.repeat(reach.weights, parts)
        errors.append(error)
        frames.append(places)
    whole = errors[0] if len(errors) == 1 else np.concatenate(errors, axis=1)
    return whole, worst, frames


def jacobian_of_all(
    reaches: Sequence[Reach], frames: Sequence[FloatArray], joints: int
) -> FloatArray:
    """How the weighted errors of all reaches shrink with the joints, (n, e, m).

    Args:
      reaches: what is to match.
      frames: for each reach, as `errors_of_all` gives them.
      joints: m, the number of all joints.
    """
    jacobians: list[FloatArray] = []
    for reach, places in zip(reaches, frames, strict=True):
        jacobian = reach.jacobian(places, joints, any_axes=True)
        if reach.weights != (1.0, 1.0):
            linear = len(reach.rows[0])
            parts = linear, jacobian.shape[1] - linear
            jacobian = jacobian * np.repeat(reach.weights, parts)[:, None]
        jacobians.append(jacobian)
    return jacobians[0] if len(jacobians) == 1 else np.concatenate(jacobians, axis=1)


def _move(
    positions: FloatArray,
    jacobian: FloatArray,
    error: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> FloatArray:
    """One step of every row; joints at a limit do not push against it."""
    move = _damped_step(jacobian, error)
    stopped = (positions >= upper) & (move > 0)
    stopped |= (positions <= lower) & (move < 0)
    rows = np.flatnonzero(stopped.any(axis=1))
    if rows.size:
        free = ~stopped[rows]
        move[rows] = free * _damped_step(jacobian[rows] * free[:, None], error[rows])
    largest = np.abs(move).max(axis=1, keepdims=True)
    return move * (_LARGEST_MOVE / np.maximum(largest, _LARGEST_MOVE))


def _damped_step(jacobian: FloatArray, error: FloatArray) -> FloatArray:
    """Least squares towards the goal, (n, m), of (n, e, m) and (n, e)."""
    damping = 0.5 * np.einsum("ij,ij->i", error, error) + _LEAST_DAMPING
    transposed = jacobian.transpose(0, 2, 1)
    gram = jacobian @ transposed
    # All diagonals, as a view.
    gram.reshape(len(gram), -1)[:, :: error.shape[1] + 1] += damping[:, None]
    return (transposed @ np.linalg.solve(gram, error[..., None]))[..., 0]


def _turn_of_axis(axis: FloatArray, goal: FloatArray) -> FloatArray:
    """Rotation vectors (n, 3) [rad] that bring unit vectors (n, 3) to others."""
    normal = np.cross(axis, goal)
    sine = np.sqrt(np.einsum("ij,ij->i", normal, normal))
    angle = np.arctan2(sine, np.einsum("ij,ij->i", axis, goal))
    # The angle over its sine goes to 1 with the angle.
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)
    turns = normal * scale[:, None]
    opposite = np.flatnonzero((sine <= 1e-9) & (angle > 1.0))
    if opposite.size:
        # Any axis across will do.
        across = np.cross(axis[opposite], np.eye(3)[np.abs(axis[opposite]).argmin(1)])
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        turns[opposite] = np.pi * across
    return turns
