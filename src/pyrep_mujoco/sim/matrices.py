"""Matrices and angles as the API has them.

A matrix is 12 numbers, row by row of 3 x 4: the axes, and the position as the last
column. Angles are alpha, beta, gamma [rad]: R = Rx(alpha) Ry(beta) Rz(gamma).
Quaternions are x y z w here, unlike in frames.
"""

import math
from collections.abc import Sequence

import mujoco
import numpy as np

from pyrep_mujoco.scene.frames import Frame, compose, frame, inverse, matrix, multiply


def from_matrix(numbers: Sequence[float]) -> Frame:
    """The frame of a matrix (12,)."""
    rows = np.asarray(numbers, np.float64).reshape(3, 4)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(rows[:, :3]).reshape(-1))
    return frame(rows[:, 3].tolist(), quat.tolist())


def to_matrix(place: Frame) -> list[float]:
    """The matrix (12,) of a frame."""
    return np.column_stack([matrix(place), place.position]).reshape(-1).tolist()


def from_angles(angles: Sequence[float]) -> tuple[float, float, float, float]:
    """The quaternion (w x y z) of three angles [rad]."""
    alpha, beta, gamma = (float(angle) / 2 for angle in angles)
    turn_x = (math.cos(alpha), math.sin(alpha), 0.0, 0.0)
    turn_y = (math.cos(beta), 0.0, math.sin(beta), 0.0)
    turn_z = (math.cos(gamma), 0.0, 0.0, math.sin(gamma))
    return multiply(multiply(turn_x, turn_y), turn_z)


def to_angles(quat_wxyz: tuple[float, float, float, float]) -> list[float]:
    """The three angles [rad] of a quaternion (w x y z)."""
    w, x, y, z = quat_wxyz
    sine = 2 * (x * z + w * y)
    if abs(sine) >= 1 - 1e-12:
        # Only alpha + gamma, or their difference, is known: all goes to alpha.
        alpha = math.atan2(2 * (y * z + w * x), 1 - 2 * (x * x + z * z))
        return [alpha, math.copysign(math.pi / 2, sine), 0.0]
    return [
        math.atan2(2 * (w * x - y * z), 1 - 2 * (x * x + y * y)),
        math.asin(sine),
        math.atan2(2 * (w * z - x * y), 1 - 2 * (y * y + z * z)),
    ]


def simInvertMatrix(matrix: Sequence[float]) -> list[float]:
    """The inverse of a matrix (12,)."""
    return to_matrix(inverse(from_matrix(matrix)))


def simMultiplyMatrices(
    inMatrix1: Sequence[float], inMatrix2: Sequence[float]
) -> list[float]:
    """The product of two matrices (12,)."""
    return to_matrix(compose(from_matrix(inMatrix1), from_matrix(inMatrix2)))


def simGetEulerAnglesFromMatrix(rotationMatrix: Sequence[float]) -> list[float]:
    """The three angles [rad] of a matrix (12,)."""
    return to_angles(from_matrix(rotationMatrix).quat_wxyz)


def simRotateAroundAxis(
    matrix: Sequence[float],
    axis: Sequence[float],
    axisPos: Sequence[float],
    angle: float,
) -> list[float]:
    """A matrix (12,) turned about an axis through a point, all in one frame.

    Args:
      matrix: what is turned.
      axis: direction of the axis, of any length but 0.
      axisPos: a point on the axis [m].
      angle: by how much [rad].

    Raises:
      RuntimeError: the axis has no length.
    """
    length = math.sqrt(sum(float(part) ** 2 for part in axis))
    if not length > 0:
        raise RuntimeError(f"The axis {list(axis)} has no direction. Give another.")
    sine = math.sin(angle / 2) / length
    x, y, z = (float(part) * sine for part in axis)
    turn = frame((0, 0, 0), (math.cos(angle / 2), x, y, z))
    there = frame(axisPos, (1, 0, 0, 0))
    about = compose(compose(there, turn), inverse(there))
    return to_matrix(compose(about, from_matrix(matrix)))
