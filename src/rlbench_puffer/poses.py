"""Rotations and poses; the only place where ``xyzw`` and MuJoCo's ``wxyz`` meet.

All functions take and return float64 arrays with the components on the last axis
and any leading axes.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Taking by an array costs a fifth of indexing by a list.
_XYZW_IN_WXYZ = np.array([3, 0, 1, 2])
_WXYZ_IN_XYZW = np.array([1, 2, 3, 0])


def xyzw_to_wxyz(quat_xyzw: ArrayLike) -> FloatArray:
    """A quaternion in RLBench's order as MuJoCo's; (..., 4)."""
    return np.asarray(quat_xyzw, np.float64).take(_XYZW_IN_WXYZ, axis=-1)


def wxyz_to_xyzw(quat_wxyz: ArrayLike) -> FloatArray:
    """A quaternion in MuJoCo's order as RLBench's; (..., 4)."""
    return np.asarray(quat_wxyz, np.float64).take(_WXYZ_IN_XYZW, axis=-1)


def quat_from_euler_z(angle: ArrayLike) -> FloatArray:
    """Rotation about z by ``angle`` [rad] as ``xyzw``; (..., 4)."""
    half = np.asarray(angle, np.float64) / 2
    zero = np.zeros_like(half)
    return np.stack([zero, zero, np.sin(half), np.cos(half)], axis=-1)


def quat_from_rotation_vector(vector: ArrayLike) -> FloatArray:
    """Rotation about (..., 3) by its length [rad] as ``xyzw``; (..., 4)."""
    vector = np.asarray(vector, np.float64)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    # np.sinc(x) is sin(pi x) / (pi x), and 1 at 0.
    return np.concatenate(
        [vector / 2 * np.sinc(angle / (2 * np.pi)), np.cos(angle / 2)], axis=-1
    )


def quat_multiply(first_xyzw: ArrayLike, second_xyzw: ArrayLike) -> FloatArray:
    """The rotation ``first`` after ``second``, both ``xyzw``; (..., 4)."""
    x1, y1, z1, w1 = np.moveaxis(np.asarray(first_xyzw, np.float64), -1, 0)
    x2, y2, z2, w2 = np.moveaxis(np.asarray(second_xyzw, np.float64), -1, 0)
    return np.stack(
        [
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        ],
        axis=-1,
    )


def quat_conjugate(quat_xyzw: ArrayLike) -> FloatArray:
    """The inverse of a unit quaternion, ``xyzw``; (..., 4)."""
    return np.asarray(quat_xyzw, np.float64) * np.array([-1.0, -1.0, -1.0, 1.0])


def rotate(quat_xyzw: ArrayLike, vectors: ArrayLike) -> FloatArray:
    """Vectors (..., 3) turned by unit quaternions (..., 4) in ``xyzw``."""
    quat = np.asarray(quat_xyzw, np.float64)
    vectors = np.asarray(vectors, np.float64)
    axis, w = quat[..., :3], quat[..., 3:]
    twice_cross = 2 * np.cross(axis, vectors)
    return vectors + w * twice_cross + np.cross(axis, twice_cross)


def matrix_from_quat(quat_xyzw: ArrayLike) -> FloatArray:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4) in ``xyzw``."""
    quat = np.asarray(quat_xyzw, np.float64)
    columns = [rotate(quat, axis) for axis in np.eye(3)]
    return np.stack(columns, axis=-1)


def quat_from_matrix(matrix: ArrayLike) -> FloatArray:
    """Quaternions ``xyzw`` with w >= 0 of rotation matrices.

    Shepperd's method: the largest of the four components is computed from the
    diagonal, the others from it, so that no division is by a small number.

    Args:
      matrix: (..., 3, 3).

    Returns:
      (..., 4).
    """
    m = np.asarray(matrix, np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Four times the squared components x, y, z, w.
    squares = np.stack(
        [1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz],
        axis=-1,
    )
    # Row i of `products` holds 4 * component_i * (x, y, z, w).
    xy, xz, yz = (
        m[..., 1, 0] + m[..., 0, 1],
        m[..., 0, 2] + m[..., 2, 0],
        m[..., 2, 1] + m[..., 1, 2],
    )
    wx, wy, wz = (
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    )
    products = np.stack(
        [
            np.stack([squares[..., 0], xy, xz, wx], axis=-1),
            np.stack([xy, squares[..., 1], yz, wy], axis=-1),
            np.stack([xz, yz, squares[..., 2], wz], axis=-1),
            np.stack([wx, wy, wz, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    largest = squares.argmax(axis=-1)[..., None, None]
    quat = np.take_along_axis(products, largest, axis=-2)[..., 0, :]
    quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.where(quat[..., 3:] < 0, -quat, quat)
