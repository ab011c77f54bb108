"""What a pose action asks of the arm: the pose, and joint positions that take it."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines import workspace
from rlbench_puffer.engines.builtin.inverse_kinematics import InverseKinematics
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.poses import quat_multiply, rotate

FloatArray = NDArray[np.float64]

POSITION_TOLERANCE = 1e-3
"""How far from an action's position the tip may be taken to be there [m]: less than
what joints that count as arrived (see ``pose_moves``) leave."""

ROTATION_TOLERANCE = 1e-2
"""How far it may stay turned then [rad]."""

_STARTS_SEED = 0
"""Of the further starts of the inverse kinematics: the same for every action, so that
an action's outcome depends on the state and the action alone."""


class PoseTargets:
    """Resolves pose actions of many sub-envs at once.

    ``ee_pose_ik``: position (3) [m] and quaternion ``xyzw`` (4) of the tip, world.
    ``delta_ee_pose_ik``: a move (3) [m] and a turn (4) against the present pose, along
    and about the world's axes or the tip's own. Quaternions are given length 1 here;
    a turn of more than ``workspace.TIP_TURN`` is made that far only.

    A relative action is solved from around the present joint positions, so that a
    small move of the tip is one of the arm. An absolute one is solved from anywhere.

    Args:
      config: names the mode and the frame.
      arm: the arm's kinematics.
    """

    def __init__(self, config: EnvConfig, arm: ArmKinematics) -> None:
        self._relative = config.arm_action_mode == "delta_ee_pose_ik"
        self._in_tip_frame = config.delta_frame == "end_effector"
        self._arm = arm
        self._inverse = InverseKinematics(arm, POSITION_TOLERANCE, ROTATION_TOLERANCE)

    def poses(
        self, actions: FloatArray, joint_positions: FloatArray
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The poses that actions ask for.

        Args:
          actions: (k, 7) in physical units.
          joint_positions: (k, 7) present ones [rad].

        Returns:
          poses (k, 7) of the tip in the world, and oriented (k,) bool: whether the
          action's quaternion is long enough to say anything.
        """
        moves, quats = actions[:, :3], actions[:, 3:7]
        lengths = np.sqrt((quats * quats).sum(axis=1))
        oriented = lengths >= workspace.LEAST_QUAT_LENGTH
        safe = np.where(oriented, lengths, 1.0)[:, None]
        quats = np.where(oriented[:, None], quats / safe, [0.0, 0.0, 0.0, 1.0])
        if not self._relative:
            return np.concatenate([moves, quats], axis=1), oriented
        tips = self._arm.tip_pose(joint_positions)
        turns = _shortened(quats)
        poses = np.empty((len(actions), 7))
        if self._in_tip_frame:
            poses[:, :3] = tips[:, :3] + rotate(tips[:, 3:], moves)
            poses[:, 3:] = quat_multiply(tips[:, 3:], turns)
        else:
            poses[:, :3] = tips[:, :3] + moves
            poses[:, 3:] = quat_multiply(turns, tips[:, 3:])
        return poses, oriented

    def resolve(
        self, actions: FloatArray, joint_positions: FloatArray
    ) -> tuple[FloatArray, dict[int, str]]:
        """Joint positions for actions, as near to the present ones as was found.

        Args:
          actions: (k, 7) in physical units.
          joint_positions: (k, 7) present ones [rad].

        Returns:
          (k, 7) joint positions [rad] within the limits, and why rows cannot be had,
          as sentences by row.
        """
        poses, oriented = self.poses(actions, joint_positions)
        starts = np.clip(joint_positions, self._arm.lower, self._arm.upper)
        solutions, reached = starts.copy(), np.zeros(len(starts), bool)
        solutions[oriented], reached[oriented] = self._inverse.solve_anywhere(
            starts[oriented],
            poses[oriented],
            np.random.default_rng(_STARTS_SEED),
            **({"distant": 0} if self._relative else {}),
        )
        problems = {
            int(row): _unreachable(poses[row]) for row in np.flatnonzero(~reached)
        }
        for row in np.flatnonzero(~oriented):
            problems[int(row)] = (
                f"Its quaternion {_listed(actions[row, 3:7])} is shorter than "
                f"{workspace.LEAST_QUAT_LENGTH:g} and gives no orientation."
            )
        return solutions, problems


def _shortened(turns: FloatArray) -> FloatArray:
    """Unit quaternions (k, 4) of turns by ``TIP_TURN`` at most, about the same axes."""
    turns = turns * np.copysign(1.0, turns[:, 3:])
    sine = np.sqrt((turns[:, :3] ** 2).sum(axis=1))
    half = np.minimum(np.arctan2(sine, turns[:, 3]), workspace.TIP_TURN / 2)
    shortened = np.empty_like(turns)
    scale = np.where(sine > 0, np.sin(half) / np.where(sine > 0, sine, 1.0), 0.0)
    shortened[:, :3] = turns[:, :3] * scale[:, None]
    shortened[:, 3] = np.cos(half)
    return shortened


def _unreachable(pose: FloatArray) -> str:
    return (
        f"The arm cannot take the tip to position {_listed(pose[:3])} m with "
        f"quaternion xyzw {_listed(pose[3:])} within its joint limits."
    )


def _listed(numbers: FloatArray) -> str:
    return f"({', '.join(f'{number:.3f}' for number in numbers)})"
