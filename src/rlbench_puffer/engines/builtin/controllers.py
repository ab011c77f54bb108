"""What actions do to the motors: arm modes, gripper modes, all sub-envs at once."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.base import EnvIds, rows_of

ARM = slice(0, 7)
"""The arm's joints, both in qpos and in ctrl: the robot is the scene's first."""

FINGERS = slice(7, 9)
"""The fingers' joints, likewise."""

Rows = EnvIds | slice
"""What indexes the rows of some sub-envs; see :func:`rows_of`."""

POSITION_RATE = 20.0
"""Velocity asked for per distance to a position target [1/s]. CoppeliaSim's position
loop multiplies the error by P = 0.1 in each 5 ms physics step: 0.1 / 0.005 s."""


class RobotController:
    """Writes motor targets, which are velocities, of a control step.

    ``joint_velocity``: the action [rad/s] is held for the control step.
    ``joint_position``: the arm moves towards the action [rad], in every physics step
    at 20/s times what is left and at the velocity limit at most, as CoppeliaSim's
    position loop does. ``delta_joint_position``: likewise towards the present
    position plus the action, within the joint limits. The modes of poses set such
    goals through :meth:`aim`, for as many control steps as they need.

    Args:
      config: names the two action modes.
      qpos: (num_envs, nq) live positions.
      ctrl: (num_envs, nu) live motor targets, written here.
      finger_goals: (num_envs,) where the fingers were last sent [m], written here.

    Attributes:
      closing: (num_envs,) bool, whether the gripper was last told to close; always
        False in the gripper mode ``joint_position``.
      follows_positions: whether :meth:`follow` must be called before each physics
        step.
    """

    def __init__(
        self,
        config: EnvConfig,
        qpos: NDArray[np.float64],
        ctrl: NDArray[np.float64],
        finger_goals: NDArray[np.float64],
    ) -> None:
        self.follows_positions = config.arm_action_mode != "joint_velocity"
        self._relative = config.arm_action_mode == "delta_joint_position"
        self._discrete_gripper = config.gripper_action_mode == "discrete"
        self._arm_positions = qpos[:, ARM]
        self._arm_targets = ctrl[:, ARM]
        # Finger by finger: columns of n make quicker operands than rows of two.
        self._finger_positions = qpos[:, FINGERS].T
        self._finger_targets = ctrl[:, FINGERS].T
        self._finger_goals = finger_goals
        self._goals = np.zeros((len(qpos), 7))
        self.closing = np.zeros(len(qpos), bool)

    def reset(self, rows: Rows) -> None:
        """Forget what some sub-envs were told; their gripper is open."""
        self.closing[rows] = False
        self._finger_goals[rows] = limits.FINGER_TRAVEL

    def apply(self, env_ids: EnvIds, actions: NDArray[np.float64]) -> None:
        """Set the targets of one control step in a mode of joints.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, 8) in physical units.
        """
        rows = rows_of(env_ids, len(self.closing))
        self.command_gripper(rows, actions[:, 7])
        self.drive_fingers(rows)
        arm = actions[:, :7]
        if not self.follows_positions:
            self._arm_targets[rows] = arm
        elif self._relative:
            goals = self._arm_positions[rows] + arm
            np.minimum(goals, limits.JOINT_UPPER, out=goals)
            self._goals[rows] = np.maximum(goals, limits.JOINT_LOWER)
        else:
            self._goals[rows] = arm

    def finger_goal(self, commands: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where gripper commands (k,) send the fingers, (k,) [m]."""
        if self._discrete_gripper:
            goals = (commands > 0.5).astype(np.float64)
            goals *= limits.FINGER_TRAVEL
            return goals
        return commands

    def command_gripper(self, rows: Rows, commands: NDArray[np.float64]) -> None:
        """Tell the gripper of some sub-envs where to go; (k,) in physical units."""
        if self._discrete_gripper:
            self.closing[rows] = commands <= 0.5
        self._finger_goals[rows] = self.finger_goal(commands)

    def drive_fingers(self, rows: Rows) -> None:
        """Set the fingers' targets of one control step towards where they were told.

        A finger's speed is limited, not its force: it runs until it arrives or
        something stops it, and then presses.
        """
        # Copied first: arithmetic on memory of its own is several times as quick.
        speed = self._finger_positions[:, rows].copy()
        np.subtract(self._finger_goals[rows], speed, out=speed)
        speed /= CONTROL_DT
        np.minimum(speed, limits.FINGER_SPEED, out=speed)
        np.maximum(speed, -limits.FINGER_SPEED, out=speed)
        self._finger_targets[:, rows] = speed

    def aim(self, rows: Rows, goals: NDArray[np.float64]) -> None:
        """Send the arms of some sub-envs to joint positions, (k, 7) [rad]."""
        self._goals[rows] = goals

    def follow(self) -> None:
        """Velocities towards the position goals, for the next physics step."""
        velocities = (self._goals - self._arm_positions) * POSITION_RATE
        np.minimum(velocities, limits.JOINT_VELOCITY_LIMIT, out=velocities)
        np.maximum(velocities, -limits.JOINT_VELOCITY_LIMIT, out=velocities)
        self._arm_targets[...] = velocities
