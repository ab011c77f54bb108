"""What actions do to the motors: arm modes, gripper modes, all sub-envs at once."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines import panda_limits as limits

ARM = slice(0, 7)
"""The arm's joints, both in qpos and in ctrl: the robot is the scene's first."""

FINGERS = slice(7, 9)
"""The fingers' joints, likewise."""


class ArmMode(Protocol):
    """Turns the arm part of actions into joint velocity targets."""

    def __call__(
        self, actions: NDArray[np.float64], joint_positions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Velocity targets (k, 7) [rad/s] of actions (k, 7) at positions (k, 7)."""
        ...


def _joint_velocity(
    actions: NDArray[np.float64], joint_positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The action is the velocity; RLBench holds it for the control step."""
    del joint_positions
    return actions


def _joint_position(
    actions: NDArray[np.float64], joint_positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The velocity that arrives at the target when the control step ends.

    A target further than the velocity limit reaches is approached at that limit,
    as CoppeliaSim's position loop does; nothing is kept for the next step.
    """
    limit = limits.JOINT_VELOCITY_LIMIT
    return np.clip((actions - joint_positions) / CONTROL_DT, -limit, limit)


def _delta_joint_position(
    actions: NDArray[np.float64], joint_positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As ``joint_position``, the target counted from the present position."""
    target = np.clip(
        joint_positions + actions, limits.JOINT_LOWER, limits.JOINT_UPPER
    )
    return _joint_position(target, joint_positions)


ARM_MODES: dict[str, ArmMode] = {
    "joint_velocity": _joint_velocity,
    "joint_position": _joint_position,
    "delta_joint_position": _delta_joint_position,
}


class RobotController:
    """Writes motor targets of a control step.

    Args:
      config: names the two action modes.
      qpos: (num_envs, nq) live positions.
      ctrl: (num_envs, nu) live motor targets, written here.
    """

    def __init__(
        self,
        config: EnvConfig,
        qpos: NDArray[np.float64],
        ctrl: NDArray[np.float64],
    ) -> None:
        self._arm_mode = ARM_MODES[config.arm_action_mode]
        self._discrete_gripper = config.gripper_action_mode == "discrete"
        self._arm_positions = qpos[:, ARM]
        self._finger_positions = qpos[:, FINGERS]
        self._ctrl = ctrl
        self.closing = np.zeros(len(qpos), bool)
        """(num_envs,) whether the gripper was last told to close."""

    def apply(self, env_ids: NDArray[np.intp], actions: NDArray[np.float64]) -> None:
        """Set the targets of one control step.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, 8) in physical units.
        """
        gripper = actions[:, 7]
        if self._discrete_gripper:
            opening = gripper > 0.5
            self.closing[env_ids] = ~opening
            goal = np.where(opening, limits.FINGER_TRAVEL, 0.0)
        else:
            goal = gripper
        # The finger's speed is limited, not its force: it runs until it arrives
        # or something stops it, and then presses.
        error = goal[:, None] - self._finger_positions[env_ids]
        speed = limits.FINGER_SPEED
        self._ctrl[env_ids, FINGERS] = np.clip(error / CONTROL_DT, -speed, speed)
        self._ctrl[env_ids, ARM] = self._arm_mode(
            actions[:, :7], self._arm_positions[env_ids]
        )
