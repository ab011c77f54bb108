"""The Franka Panda's published limits, free of any simulator.

Joint and torque limits: Franka Control Interface documentation, "Robot and
interface specifications", table "Limits for Panda". RLBench's Panda moves slower
than the real arm's velocity limit in its last three joints and puts the zero of
joint 4 elsewhere; where the two differ RLBench's measured value stands here and
says so.
"""

import numpy as np

JOINT_LOWER = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
"""Lower joint position limits, (7,) [rad]."""

JOINT_UPPER = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
"""Upper joint position limits, (7,) [rad]."""

JOINT_VELOCITY_LIMIT = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
"""Joint velocity limits, (7,) [rad/s]; those that RLBench 1.2.0 reports."""

JOINT_TORQUE_LIMIT = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])
"""Joint torque limits, (7,) [N m]."""

FINGER_TRAVEL = 0.04
"""Travel of each finger in [m]: 0 closed, 0.04 open (Franka Hand data sheet)."""

FINGER_SPEED = 0.2
"""Speed of each finger in [m/s], as RLBench's Discrete gripper mode drives it."""

FINGER_FORCE_LIMIT = 70.0
"""Continuous grasping force in [N] (Franka Hand data sheet)."""

HOME_JOINT_POSITIONS = np.array(
    [0.0, 0.174533, 0.0, -0.872665, 0.0, 1.221730, 0.785398]
)
"""RLBench's home configuration, (7,) [rad], measured in RLBench 1.2.0."""
