"""Frames: places in another frame, as MuJoCo has them (quaternions w x y z)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.values import Pose

FloatArray = NDArray[np.float64]


class Frame(NamedTuple):
    """A frame's place in another frame."""

    position: tuple[float, float, float]
    """Of the origin [m]."""
    quat_wxyz: tuple[float, float, float, float]
    """Unit quaternion from this frame to the other."""


made = tuple.__new__
"""Makes a named tuple without its own constructor, which is Python and slower."""

IDENTITY = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))


def from_pose(pose: Pose) -> Frame:
    """A file's pose."""
    return Frame(pose.position, pose.quat_wxyz)


def frame(position: Sequence[float], quat_wxyz: Sequence[float]) -> Frame:
    """A frame of any two sequences of numbers; the quaternion is normalised."""
    x, y, z = map(float, position)
    w, i, j, k = map(float, quat_wxyz)
    length = math.sqrt(w * w + i * i + j * j + k * k)
    return Frame((x, y, z), (w / length, i / length, j / length, k / length))


def multiply(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """The rotation ``first`` after ``second``."""
    w1, x1, y1, z1 = first
    w2, x2, y2, z2 = second
    return (
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
    )


def rotate(
    quat_wxyz: tuple[float, float, float, float], vector: tuple[float, float, float]
) -> tuple[float, float, float]:
    """A vector turned by a unit quaternion."""
    w, x, y, z = quat_wxyz
    a, b, c = vector
    # Twice the cross product of the axis and the vector.
    p, q, r = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return (
        a + w * p + y * r - z * q,
        b + w * q + z * p - x * r,
        c + w * r + x * q - y * p,
    )


def compose(outer: Frame, inner: Frame) -> Frame:
    """The place of ``inner`` in the frame that ``outer`` is in."""
    # `rotate`, `multiply` and `frame` in one: this is what most of a simulation's
    # questions come down to, and calls take longer than the arithmetic.
    (left, ahead, up), (w1, x1, y1, z1) = outer
    (a, b, c), (w2, x2, y2, z2) = inner
    p, q, r = 2 * (y1 * c - z1 * b), 2 * (z1 * a - x1 * c), 2 * (x1 * b - y1 * a)
    w = w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2
    x = w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2
    y = w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2
    z = w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2
    length = math.sqrt(w * w + x * x + y * y + z * z)
    return made(
        Frame,
        (
            (
                left + (a + w1 * p + y1 * r - z1 * q),
                ahead + (b + w1 * q + z1 * p - x1 * r),
                up + (c + w1 * r + x1 * q - y1 * p),
            ),
            (w / length, x / length, y / length, z / length),
        ),
    )


def shifted(
    outer: Frame, point: tuple[float, float, float]
) -> tuple[float, float, float]:
    """A point of the frame ``outer`` in the frame that this one is in.

    The numbers are those of `compose`, bit for bit.
    """
    (left, ahead, up), (w, x, y, z) = outer
    a, b, c = point
    p, q, r = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return (
        left + (a + w * p + y * r - z * q),
        ahead + (b + w * q + z * p - x * r),
        up + (c + w * r + x * q - y * p),
    )


def inverse(place: Frame) -> Frame:
    """The place of the other frame in this one."""
    position, (w, x, y, z) = place
    back = (w, -x, -y, -z)
    a, b, c = rotate(back, position)
    return made(Frame, ((-a, -b, -c), back))


def relative(place: Frame, base: Frame) -> Frame:
    """``place`` as seen from ``base``, both in one frame."""
    return compose(inverse(base), place)


def about_z(angle: float) -> tuple[float, float, float, float]:
    """The rotation about z by an angle [rad]."""
    return (math.cos(angle / 2), 0.0, 0.0, math.sin(angle / 2))


def transform(place: Frame, points: NDArray) -> FloatArray:
    """Points (n, 3) of a frame as seen from the frame that it is in."""
    return np.asarray(points, np.float64) @ matrix(place).T + place.position


def matrix(place: Frame) -> FloatArray:
    """The rotation of a frame; (3, 3)."""
    columns = [rotate(place.quat_wxyz, axis) for axis in _AXES]
    return np.array(columns).T


_AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
