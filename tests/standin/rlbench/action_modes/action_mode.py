"""Arm first, then gripper."""

from typing import Any

import numpy as np


class MoveArmThenGripper:
    """Splits an action between arm and gripper."""

    def __init__(self, arm_action_mode: Any, gripper_action_mode: Any) -> None:
        self.arm_action_mode = arm_action_mode
        self.gripper_action_mode = gripper_action_mode

    def action(self, scene: Any, action: np.ndarray) -> None:
        size = self.arm_action_mode.size(scene)
        self.arm_action_mode.action(scene, action[:size])
        self.gripper_action_mode.action(scene, action[size:])
