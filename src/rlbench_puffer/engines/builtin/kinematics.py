"""Where the arm's tip is, and how it moves, for many joint positions at once."""

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.engines.builtin.panda import JOINT_NAMES, TIP_SITE
from rlbench_puffer.poses import matrix_from_quat, quat_from_matrix, wxyz_to_xyzw

FloatArray = NDArray[np.float64]


class ArmKinematics:
    """Forward kinematics of the tip and its Jacobian, in the world frame.

    All constants are read from a compiled scene, so that what is computed here and
    what MuJoCo simulates are the same arm. Row i of a result depends on row i of the
    input alone, bit for bit, whatever the number of rows.

    Args:
      model: a compiled scene with the robot in it.

    Attributes:
      lower: (7,) lower limits of the joints [rad].
      upper: (7,) upper limits of the joints [rad].
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        joints = [model.joint(name).id for name in JOINT_NAMES]
        links = model.jnt_bodyid[joints]
        self.lower: FloatArray = model.jnt_range[joints, 0].copy()
        self.upper: FloatArray = model.jnt_range[joints, 1].copy()
        # Each joint turns about the z axis at the origin of its link's frame: see
        # panda.py. The arm's base is fixed in the world.
        frames = _transforms(model.body_pos[links], model.body_quat[links])
        base = model.body_parentid[links[0]]
        frames[0] = _transforms(model.body_pos[base], model.body_quat[base]) @ frames[0]
        site = model.site(TIP_SITE).id
        self._frames = frames
        self._tip = _transforms(model.site_pos[site], model.site_quat[site])
        at_zero = self.link_frames(np.zeros((1, 7)))
        self._shoulder: FloatArray = at_zero[1][0, :3, 3]
        self._longest = self._longest_stretch()
        wrist = np.linalg.inv(at_zero[6][0]) @ at_zero[5][0, :, 3]
        self._wrist_circle = (float(np.hypot(wrist[0], wrist[1])), float(wrist[2]))

    def tip_pose(self, joint_positions: ArrayLike) -> FloatArray:
        """Position [m] and quaternion ``xyzw`` with w >= 0 of the tip.

        Args:
          joint_positions: (..., 7) [rad].

        Returns:
          (..., 7).
        """
        rows = np.asarray(joint_positions, np.float64)
        tip = self.link_frames(rows.reshape(-1, 7))[-1] @ self._tip
        quat = quat_from_matrix(tip[:, :3, :3])
        return np.concatenate([tip[:, :3, 3], quat], axis=-1).reshape(rows.shape)

    def tip_and_jacobian(
        self, joint_positions: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The tip, and how it moves with each joint.

        Args:
          joint_positions: (n, 7) [rad].

        Returns:
          position (n, 3) [m], rotation matrix (n, 3, 3) and geometric Jacobian
          (n, 6, 7): velocity of the tip [m/s] above its angular velocity [rad/s],
          both in the world frame, per joint velocity [rad/s].
        """
        frames = self.link_frames(joint_positions)
        tip = frames[-1] @ self._tip
        position = tip[:, :3, 3]
        stacked = np.stack(frames, axis=1)  # (n, 7, 4, 4)
        axes, lever = stacked[:, :, :3, 2], position[:, None] - stacked[:, :, :3, 3]
        jacobian = np.empty((len(position), 6, 7))
        # numpy's cross() takes three times as long as its six products.
        for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            jacobian[:, x] = axes[:, :, y] * lever[:, :, z]
            jacobian[:, x] -= axes[:, :, z] * lever[:, :, y]
        jacobian[:, 3:] = axes.transpose(0, 2, 1)
        return position, tip[:, :3, :3], jacobian

    def overreach(self, poses: FloatArray) -> FloatArray:
        """How much farther than it can be the wrist would be from the shoulder.

        For a given tip the wrist, where the axes of joints 5 and 6 meet, is somewhere
        on a circle about the axis of joint 7; its distance from the shoulder, where
        those of joints 1 and 2 meet, is joint 4's affair alone. What is beyond that
        no arm of these lengths reaches; what is not may still be out of reach.

        Args:
          poses: (n, 7) of the tip: position [m], unit ``xyzw``, world.

        Returns:
          (n,) [m], negative within.
        """
        tip = np.zeros((len(poses), 4, 4))
        tip[:, :3, :3] = matrix_from_quat(poses[:, 3:])
        tip[:, :3, 3] = poses[:, :3]
        tip[:, 3, 3] = 1.0
        last = tip @ np.linalg.inv(self._tip)
        lever = self._shoulder - last[:, :3, 3]
        seen = (last[:, :3, :3].transpose(0, 2, 1) @ lever[..., None])[..., 0]
        radius, height = self._wrist_circle
        aside = np.hypot(seen[:, 0], seen[:, 1]) - radius
        return np.hypot(aside, seen[:, 2] - height) - self._longest

    def _longest_stretch(self) -> float:
        """Longest distance from shoulder to wrist within joint 4's limits [m]."""
        stretches = np.zeros((1000, 7))
        stretches[:, 3] = np.linspace(self.lower[3], self.upper[3], 1000)
        wrists = self.link_frames(stretches)[5][:, :3, 3]
        return float(np.linalg.norm(wrists - self._shoulder, axis=1).max())

    def link_frames(self, joint_positions: FloatArray) -> list[FloatArray]:
        """World frame of each link.

        Args:
          joint_positions: (n, 7) [rad].

        Returns:
          Seven homogeneous matrices (n, 4, 4) [m].
        """
        turned = self._turned(joint_positions)
        frames = [turned[:, 0]]
        for joint in range(1, 7):
            frames.append(frames[-1] @ turned[:, joint])
        return frames

    def _turned(self, joint_positions: FloatArray) -> FloatArray:
        """Each link's frame in its parent's at these positions, (n, 7, 4, 4)."""
        cos = np.cos(joint_positions)[..., None]
        sin = np.sin(joint_positions)[..., None]
        turned = np.empty((*joint_positions.shape, 4, 4))
        turned[...] = self._frames
        x_axis, y_axis = self._frames[:, :, 0], self._frames[:, :, 1]
        turned[..., 0] = cos * x_axis + sin * y_axis
        turned[..., 1] = cos * y_axis - sin * x_axis
        return turned


def _transforms(position: ArrayLike, quat_wxyz: ArrayLike) -> FloatArray:
    """Homogeneous matrices (..., 4, 4) of MuJoCo's positions and quaternions."""
    position = np.asarray(position, np.float64)
    matrices = np.zeros((*position.shape[:-1], 4, 4))
    matrices[..., :3, :3] = matrix_from_quat(wxyz_to_xyzw(quat_wxyz))
    matrices[..., :3, 3] = position
    matrices[..., 3, 3] = 1.0
    return matrices
