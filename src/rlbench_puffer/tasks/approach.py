"""How the hand comes to a point that may be far away or near: it leans."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.engines.builtin.panda import BASE_POSITION, TIP_POSITION
from rlbench_puffer.poses import quat_from_euler_z, quat_multiply, rotate

SHOULDER_HEIGHT = 0.333
"""Of joint 2 above the base's origin [m] (Franka's DH table)."""

WRIST_OFFSET = 0.088
"""Of the last joint's axis from joint 6's [m] (Franka's DH table)."""

WRIST_REACH = 0.67
"""From joint 2 to joint 6 at most [m]: the stretched arm has 0.719, and near that it
can hardly move sideways."""

WRIST_NEAR = 0.28
"""From joint 2 to joint 6 at least [m]: the folded arm has 0.225."""

_HAND = TIP_POSITION[2]
_SHOULDER = np.add(BASE_POSITION, (0.0, 0.0, SHOULDER_HEIGHT))
_DOWN = (0.0, 1.0, 0.0, 0.0)
_LEANS = np.radians(sorted(range(-45, 91, 5), key=abs))


def approach_quat(position: ArrayLike) -> NDArray[np.float64]:
    """An orientation of the tip in which the arm reaches a point with ease.

    The fingers point straight down and close across the line from the robot's base to
    the point. Where the wrist would be too far away they lean outwards, where it would
    be too near they lean inwards, by as little as it takes.

    Args:
      position: (3,) of the tip [m], world frame.

    Returns:
      (4,) xyzw, world frame.
    """
    x, y, z = np.asarray(position, np.float64) - _SHOULDER
    sin, cos = np.sin(_LEANS), np.cos(_LEANS)
    # In the upright plane through base and point.
    outwards = np.hypot(x, y) - _HAND * sin - WRIST_OFFSET * cos
    upwards = z + _HAND * cos - WRIST_OFFSET * sin
    distances = np.hypot(outwards, upwards)
    within = (distances >= WRIST_NEAR) & (distances <= WRIST_REACH)
    lean = _LEANS[within.argmax() if within.any() else distances.argmin()]
    leaning = np.array([0.0, -np.sin(lean / 2), 0.0, np.cos(lean / 2)])
    return quat_multiply(
        quat_from_euler_z(np.arctan2(y, x)), quat_multiply(leaning, _DOWN)
    )


def wrist_distance(position: ArrayLike, quat_xyzw: ArrayLike) -> NDArray[np.float64]:
    """How far joint 6 must at least be from joint 2 for poses of the tip.

    The last joint swings joint 6 around the axis of the hand, so it may be anywhere
    on a circle; the point of it nearest to the shoulder counts.

    Args:
      position: (..., 3) of the tip [m], world frame.
      quat_xyzw: (..., 4) of the tip, world frame.

    Returns:
      (...) [m]; the arm reaches what is within ``WRIST_REACH``.
    """
    axis = rotate(quat_xyzw, (0.0, 0.0, 1.0))
    offset = _SHOULDER - (np.asarray(position, np.float64) - _HAND * axis)
    along = (offset * axis).sum(axis=-1)
    across = np.linalg.norm(offset - along[..., None] * axis, axis=-1)
    return np.hypot(along, across - WRIST_OFFSET)
