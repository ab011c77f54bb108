"""Turns postures to reach into actions of the environment's own action mode."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import (
    CONTROL_DT,
    PHYSICS_DT,
    PHYSICS_STEPS_PER_CONTROL_STEP,
    POSE_MODES,
    EnvConfig,
)
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.controllers import POSITION_RATE
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.envs.actions import ActionScaling
from rlbench_puffer.poses import quat_conjugate, quat_multiply, rotate

FloatArray = NDArray[np.float64]

FEEDBACK = 14.0
"""Velocity against a lag [1/s]: 70 % of it is made up for in one control step."""

COVERED = 1.0 - (1.0 - POSITION_RATE * PHYSICS_DT) ** PHYSICS_STEPS_PER_CONTROL_STEP
"""Part of the distance to its goal that the position loop covers in a control step."""


class ArmCommands:
    """Actions that bring arms to postures by the end of an env step.

    Args:
      config: names the action modes.
      arm: the arm's kinematics.
    """

    def __init__(self, config: EnvConfig, arm: ArmKinematics) -> None:
        self._mode = config.arm_action_mode
        self._in_tip_frame = config.delta_frame == "end_effector"
        self._arm = arm
        self._discrete = config.gripper_action_mode == "discrete"
        self._scaling = ActionScaling(config)

    def actions(
        self,
        posture: FloatArray,
        last: FloatArray,
        aim: FloatArray,
        opened: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """One action for each arm, in the units of the action space.

        Args:
          posture: (n, 7) where the arms are [rad].
          last: (n, 7) where they were to be by now.
          aim: (n, 7) where they are to be next.
          opened: (n,) whether the gripper is to be open.

        Returns:
          (n, 8) float32.
        """
        if self._mode == "joint_velocity":
            arm = (aim - last) / CONTROL_DT + FEEDBACK * (last - posture)
        elif self._mode in POSE_MODES:
            arm = self._tip_moves(posture, self._arm.tip_pose(aim))
        else:
            # So far beyond that what the loop covers of it ends at the aim.
            arm = (aim - posture) / COVERED
            if self._mode == "joint_position":
                arm += posture
        open_value = 1.0 if self._discrete else limits.FINGER_TRAVEL
        gripper = np.where(opened, open_value, 0.0)
        physical = np.concatenate([arm, gripper[:, None]], axis=1)
        return self._scaling.from_physical(physical)

    def _tip_moves(self, posture: FloatArray, goals: FloatArray) -> FloatArray:
        """Pose actions (n, 7) that bring the tips to poses (n, 7)."""
        if self._mode != "delta_ee_pose_ik":
            return goals
        tips = self._arm.tip_pose(posture)
        back = quat_conjugate(tips[:, 3:])
        moves = goals[:, :3] - tips[:, :3]
        if self._in_tip_frame:
            moves, turns = rotate(back, moves), quat_multiply(back, goals[:, 3:])
        else:
            turns = quat_multiply(goals[:, 3:], back)
        return np.concatenate([moves, turns], axis=1)
