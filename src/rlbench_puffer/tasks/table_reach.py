"""Where on the table the gripper can work while it points straight down."""

import math

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import BASE_POSITION
from rlbench_puffer.engines.builtin.scene_spec import (
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z, quat_multiply

NEAREST = 0.36
"""Least distance of the tip from the axis of the robot's first joint [m]. Inverse
kinematics on a grid of 8 cm, tip 2 to 23 cm above the table and turned by 0, 45, 90
and -45 deg, found a solution for every point from here to FARTHEST."""

FARTHEST = 0.75
"""Largest such distance [m]."""

TIP_DOWN = np.array([0.0, 1.0, 0.0, 0.0])
"""Orientation of the tip, xyzw: fingers point down and close along world y."""


def within_reach(x: float, y: float) -> bool:
    """Whether the tip can come to a point [m] near the table, world frame."""
    distance = math.hypot(x - BASE_POSITION[0], y - BASE_POSITION[1])
    return NEAREST <= distance <= FARTHEST


def within_workspace(x: float, y: float) -> bool:
    """Whether a point [m] of the world lies over the workspace."""
    return (
        abs(x - WORKSPACE_CENTER[0]) <= WORKSPACE_HALF_SIZE[0]
        and abs(y - WORKSPACE_CENTER[1]) <= WORKSPACE_HALF_SIZE[1]
    )


def tip_down(closing_yaw: float) -> NDArray[np.float64]:
    """Orientation of a tip that points straight down.

    Args:
      closing_yaw: of the direction in which the fingers close, about z, 0 along
        world y [rad].

    Returns:
      (4,) xyzw, world frame.
    """
    return quat_multiply(quat_from_euler_z(closing_yaw), TIP_DOWN)
