"""What an action of RLBench's may hold, by arm and gripper action mode."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines import workspace
from rlbench_puffer.engines.robot_facts import RobotFacts
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.simulator import Simulator

FloatArray = NDArray[np.float64]

POSE_SIZE = 7
"""Numbers of a pose: position [m], then quaternion xyzw."""

FINGER_LIMIT = 0.04
"""Largest gripper joint position that RLBench's GripperJointPosition names."""

_QUAT = np.ones(4)


def simulated_bounds(
    config: EnvConfig, robot: RobotFacts
) -> tuple[FloatArray, FloatArray]:
    """Bounds of an action in physical units, arm first, gripper last.

    Joint modes: the arm's limits [rad], [rad/s], [N m]. Poses: the box in which
    RLBench's planner accepts targets [m], or a step of 5 cm along each axis; then a
    quaternion's components. Joints after the pose: their limits [rad].

    Returns:
      low, high: (action_dim,) each.

    Raises:
      InvalidOptionError: torques of an arm whose limits nobody says.
    """
    low, high = _arm_bounds(config, robot)
    gripper = 1.0 if config.gripper_action_mode == "discrete" else FINGER_LIMIT
    return np.append(low, 0.0), np.append(high, gripper)


def normalize_quat(action: FloatArray) -> str:
    """Give a pose's quaternion length 1, in place; why it cannot be, or nothing.

    Args:
      action: a pose, and what follows it; (action_dim,).
    """
    quat = action[3:POSE_SIZE]
    length = float(np.linalg.norm(quat))
    if length < workspace.LEAST_QUAT_LENGTH:
        return f"The quaternion has length {length:g}, expected more than 0."
    quat /= length
    return ""


def _arm_bounds(config: EnvConfig, robot: RobotFacts) -> tuple[FloatArray, FloatArray]:
    mode = config.arm_action_mode
    speed = robot.joint_velocity_limit
    if mode == "joint_velocity":
        return -speed, speed
    if mode == "delta_joint_position":
        return -speed * CONTROL_DT, speed * CONTROL_DT
    if mode == "joint_position":
        return _joint_limits(robot)
    if mode == "joint_torque":
        if robot.joint_torque_limit is None:
            raise InvalidOptionError(
                "arm_action_mode",
                mode,
                "another mode, for only the Panda's torque limits are known",
            )
        return -robot.joint_torque_limit, robot.joint_torque_limit
    if mode.startswith("delta_"):
        high = np.append(np.full(3, workspace.TIP_STEP), _QUAT)
        low = -high
    else:
        low = np.append(workspace.TIP_LOWER, -_QUAT)
        high = np.append(workspace.TIP_UPPER, _QUAT)
    if mode.endswith("er_joint_ik"):
        joints = list((config.simulator or Simulator()).commanded_joints)
        if mode.startswith("delta_"):
            step = (speed * CONTROL_DT)[joints]
            low, high = np.append(low, -step), np.append(high, step)
        else:
            least, most = _joint_limits(robot)
            low, high = np.append(low, least[joints]), np.append(high, most[joints])
    return low, high


def _joint_limits(robot: RobotFacts) -> tuple[FloatArray, FloatArray]:
    """A joint that turns for ever is sent to any angle once around."""
    low = np.where(np.isfinite(robot.joint_lower), robot.joint_lower, -np.pi)
    high = np.where(np.isfinite(robot.joint_upper), robot.joint_upper, np.pi)
    return low, high
