"""RLBench's observation fields of the robot, read from n simulations."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.base import rows_of
from rlbench_puffer.engines.builtin.controllers import ARM, FINGERS
from rlbench_puffer.engines.builtin.panda import (
    FINGER_BODY_NAMES,
    TIP_SITE,
    touch_sensor,
)
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.poses import quat_multiply, wxyz_to_xyzw

FieldWriter = Callable[[NDArray[np.float32]], None]
"""Writes one field of all sub-envs, (num_envs, size)."""


_OPEN_POSITION = 0.9 * limits.FINGER_TRAVEL
"""Position of the first finger [m] beyond which RLBench calls the gripper open."""

_FINGER_TRAVEL = np.float32(limits.FINGER_TRAVEL)


class RobotObservations:
    """Writers for the robot's fields, by RLBench's names.

    ``joint_forces`` is the load that each motor carries [N m], gravity included:
    the negative of its torque, which is the sign that CoppeliaSim reports.
    ``gripper_open`` is 1 while the first finger is more than 90 % open, else 0.
    ``gripper_touch_forces`` is the net contact force on each finger [N] in that
    finger's own frame.
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
        self._tip_quat_xyzw = _TipOrientation(scene)
        # The fingers' two sensors are the scene's first, one behind the other.
        sensor = scene.id_of("sensor", touch_sensor(FINGER_BODY_NAMES[0]))
        start = scene.model.sensor_adr[sensor]
        self._touch = batch.bind("sensordata")[:, start : start + 6]
        # Both fingers only slide in the hand, so they share its orientation.
        finger = scene.id_of("body", FINGER_BODY_NAMES[0])
        self._finger_matrix = batch.bind("xmat").reshape(scene.num_envs, -1, 3, 3)[
            :, finger
        ]

    def refresh(self, env_ids: NDArray[np.intp]) -> None:
        """Take over the forces of the physics step just made; (k,) sub-envs."""
        rows = rows_of(env_ids, len(self._joint_forces))
        # Copied first: arithmetic on memory of its own is several times as quick.
        forces = self._motor_forces[rows].copy()
        self._joint_forces[rows] = np.negative(forces, out=forces)
        touch = self._touch[rows].copy()
        self._touch_forces[rows] = 0.0
        if touch.tobytes() == bytes(touch.nbytes):
            return  # Nothing touches a finger, as in most steps.
        touched = np.flatnonzero(touch.any(axis=1))
        touched_ids = env_ids[touched]
        force = touch[touched].reshape(-1, len(FINGER_BODY_NAMES), 3)
        # Row vectors times the matrix: the inverse rotation of column vectors.
        in_finger = force @ self._finger_matrix[touched_ids]
        self._touch_forces[touched_ids] = in_finger.reshape(-1, 6)

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
        out[:, 0] = self._finger_positions[:, 0] > _OPEN_POSITION

    def _write_gripper_pose(self, out: NDArray[np.float32]) -> None:
        out[:, :3] = self._tip_position
        out[:, 3:].T[...] = self._tip_quat_xyzw()

    def _write_gripper_joint_positions(self, out: NDArray[np.float32]) -> None:
        # In memory of their own: rows of two inside a buffer take twice as long.
        positions = self._finger_positions.astype(np.float32)
        np.minimum(positions, _FINGER_TRAVEL, out=positions)
        np.maximum(positions, 0.0, out=positions)
        out[...] = positions

    def _write_gripper_touch_forces(self, out: NDArray[np.float32]) -> None:
        out[...] = self._touch_forces


class _TipOrientation:
    """The tip's quaternion from that of the body it sits on.

    Multiplying by a constant quaternion is linear, and so is reordering from MuJoCo's
    order: one matrix does both for all sub-envs. BLAS would multiply it with another
    last bit for another number of sub-envs; sums of whole columns do not.
    """

    def __init__(self, scene: Scene) -> None:
        model = scene.model
        site = scene.id_of("site", TIP_SITE)
        on_body_xyzw = wxyz_to_xyzw(model.site_quat[site])
        # Row i: what the i-th unit quaternion, in wxyz, becomes.
        self._matrix = quat_multiply(wxyz_to_xyzw(np.eye(4)), on_body_xyzw)[:, :, None]
        self._body_quats_wxyz = scene.batch.bind("xquat")[:, model.site_bodyid[site]].T

    def __call__(self) -> NDArray[np.float64]:
        """Unit quaternions ``xyzw`` with w >= 0 in columns, (4, num_envs)."""
        of_w, of_x, of_y, of_z = self._matrix * self._body_quats_wxyz.copy()[:, None]
        quats = of_w + of_x
        quats += of_y
        quats += of_z
        quats *= np.copysign(1.0, quats[3])
        return quats
