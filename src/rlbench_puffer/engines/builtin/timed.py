"""Puts times to a path of the arm: where it is to be after each control step."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.poses import quat_conjugate, quat_multiply

FloatArray = NDArray[np.float64]

JOINT_SPEED = 0.6 * limits.JOINT_VELOCITY_LIMIT
"""Of each joint at most [rad/s]. A position controller that covers 65 % of what is
left in a control step keeps up with 65 % of the velocity limit."""

TURN_SPEED = 1.5
"""Of the tip's rotation at most [rad/s]."""

RAMP = 0.25
"""Time to speed up from rest, and to slow down to it [s]."""


def timed(path: FloatArray, tip_poses: FloatArray, tip_speed: float) -> FloatArray:
    """Postures after each control step, from rest to rest.

    As fast as the slowest of tip, its rotation and the joints allows, with even
    ramps at both ends.

    Args:
      path: (k, 7) joint positions [rad], neighbours close together.
      tip_poses: (k, 7) of the tip along it: position [m], unit ``xyzw``.
      tip_speed: of the tip at most [m/s].

    Returns:
      (steps, 7) [rad]; the start is left out, the end is the last. At least one.
    """
    joint_times = (np.abs(np.diff(path, axis=0)) / JOINT_SPEED).max(axis=1)
    distances = np.linalg.norm(np.diff(tip_poses[:, :3], axis=0), axis=1)
    turns = quat_multiply(tip_poses[1:, 3:], quat_conjugate(tip_poses[:-1, 3:]))
    angles = 2 * np.arccos(np.clip(np.abs(turns[:, 3]), 0.0, 1.0))
    times = np.maximum(joint_times, distances / tip_speed)
    times = np.maximum(times, angles / TURN_SPEED)
    # Where the arm would be on time if it could jump to full speed.
    places = np.concatenate([[0.0], np.cumsum(times)])
    whole = places[-1]
    # A ramp covers half of what full speed does; a short way has shorter ramps.
    ramp = min(RAMP, whole)
    duration = whole + ramp
    steps = max(1, int(np.ceil(duration / CONTROL_DT - 1e-9)))
    at = np.minimum(np.arange(1, steps + 1) * CONTROL_DT, duration)
    if ramp > 0.0:
        left = duration - at
        covered = np.where(
            at < ramp,
            at**2 / (2 * ramp),
            np.where(left < ramp, whole - left**2 / (2 * ramp), at - ramp / 2),
        )
    else:
        covered = at
    columns = [np.interp(covered, places, path[:, joint]) for joint in range(7)]
    return np.stack(columns, axis=1)
