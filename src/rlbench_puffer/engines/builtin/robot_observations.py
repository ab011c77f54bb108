"""RLBench's observation fields of the robot, read from n simulations."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.controllers import ARM, FINGERS
from rlbench_puffer.engines.builtin.panda import (
    FINGER_BODY_NAMES,
    TIP_SITE,
    touch_sensor,
)
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.poses import quat_from_matrix

FieldWriter = Callable[[NDArray[np.float32]], None]
"""Writes one field of all sub-envs, (num_envs, size)."""


class RobotObservations:
    """Writers for the robot's fields, by RLBench's names.

    ``joint_forces`` is the torque of each motor [N m], gravity included.
    ``gripper_touch_forces`` is the net contact force on each finger [N] in that
    finger's own frame. ``gripper_open`` is 1 when both fingers are at their ends
    and falls in proportion to their mean position; RLBench's is the discrete state.
    """

    def __init__(self, scene: Scene) -> None:
        batch = scene.batch
        qpos = batch.bind("qpos")
        self._joint_positions = qpos[:, ARM]
        self._finger_positions = qpos[:, FINGERS]
        self._joint_velocities = batch.bind("qvel")[:, ARM]
        # Forces belong to the last physics step, not to the state: they are kept
        # as variables so that a restored state shows what it showed when saved.
        self._motor_forces = batch.bind("qfrc_actuator")[:, ARM]
        self._joint_forces = scene.variable("joint_forces", (7,), np.float64)
        self._touch_forces = scene.variable("touch_forces", (6,), np.float64)
        self._tip_position = scene.site_position(TIP_SITE)
        self._tip_matrix = scene.site_matrix(TIP_SITE)
        adr = [
            scene.model.sensor_adr[scene.id_of("sensor", touch_sensor(finger))]
            for finger in FINGER_BODY_NAMES
        ]
        self._touch_columns = np.add.outer(adr, np.arange(3))
        self._sensordata = batch.bind("sensordata")
        # Both fingers only slide in the hand, so they share its orientation.
        finger = scene.id_of("body", FINGER_BODY_NAMES[0])
        self._finger_matrix = batch.bind("xmat").reshape(scene.num_envs, -1, 3, 3)[
            :, finger
        ]

    def refresh(self, env_ids: NDArray[np.intp]) -> None:
        """Take over the forces of the physics step just made; (k,) sub-envs."""
        self._joint_forces[env_ids] = self._motor_forces[env_ids]
        force = self._sensordata[env_ids[:, None, None], self._touch_columns]
        # Row vectors times the matrix: the inverse rotation of column vectors.
        in_finger = force @ self._finger_matrix[env_ids]
        self._touch_forces[env_ids] = in_finger.reshape(len(env_ids), 6)

    def writers(self) -> dict[str, FieldWriter]:
        """A writer for each field of the robot."""
        return {
            "joint_positions": self._write_joint_positions,
            "joint_velocities": self._write_joint_velocities,
            "joint_forces": self._write_joint_forces,
            "gripper_open": self._write_gripper_open,
            "gripper_pose": self._write_gripper_pose,
            "gripper_joint_positions": self._write_gripper_joint_positions,
            "gripper_touch_forces": self._write_gripper_touch_forces,
        }

    def _write_joint_positions(self, out: NDArray[np.float32]) -> None:
        out[...] = self._joint_positions

    def _write_joint_velocities(self, out: NDArray[np.float32]) -> None:
        out[...] = self._joint_velocities

    def _write_joint_forces(self, out: NDArray[np.float32]) -> None:
        out[...] = self._joint_forces

    def _write_gripper_open(self, out: NDArray[np.float32]) -> None:
        mean = self._finger_positions.mean(axis=1, keepdims=True)
        np.clip(mean / limits.FINGER_TRAVEL, 0.0, 1.0, out=out, casting="same_kind")

    def _write_gripper_pose(self, out: NDArray[np.float32]) -> None:
        out[:, :3] = self._tip_position
        out[:, 3:] = quat_from_matrix(self._tip_matrix.reshape(-1, 3, 3))

    def _write_gripper_joint_positions(self, out: NDArray[np.float32]) -> None:
        np.clip(
            self._finger_positions,
            0.0,
            limits.FINGER_TRAVEL,
            out=out,
            casting="same_kind",
        )

    def _write_gripper_touch_forces(self, out: NDArray[np.float32]) -> None:
        out[...] = self._touch_forces
