"""What a pose action asks of the arm: the pose, and the way of the joints there."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines import workspace
from rlbench_puffer.engines.base import EnvIds
from rlbench_puffer.engines.builtin.inverse_kinematics import InverseKinematics
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.planning import PathPlanner
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.poses import quat_multiply, rotate

FloatArray = NDArray[np.float64]

POSITION_TOLERANCE = 1e-3
"""How far from an action's position the tip may be taken to be there [m]: less than
what joints that count as arrived (see ``pose_moves``) leave."""

ROTATION_TOLERANCE = 1e-2
"""How far it may stay turned then [rad]."""

MAX_WAY_STEPS = 200
"""A planned path takes that many control steps at most, 10 s; longer ones are none."""

_STARTS_SEED = 0
"""Of the further starts of the inverse kinematics: the same for every action, so that
an action's outcome depends on the state and the action alone."""


class PoseTargets:
    """Resolves pose actions of many sub-envs at once.

    ``ee_pose_ik`` and ``ee_pose_planning``: position (3) [m] and quaternion ``xyzw``
    (4) of the tip, world.
    ``delta_ee_pose_ik``: a move (3) [m] and a turn (4) against the present pose, along
    and about the world's axes or the tip's own. Quaternions are given length 1 here;
    a turn of more than ``workspace.TIP_TURN`` is made that far only.

    A relative action is solved from around the present joint positions, so that a
    small move of the tip is one of the arm. An absolute one is solved from anywhere.
    A planned one gets a path of its own, and its chances from the episode's.

    Args:
      config: names the mode, the frame and whether paths must be free.
      scene: the simulations.
      graspable: names of the bodies that the gripper may hold.
      plan_seeds: (num_envs, 2) each episode's seed for plans, drawn at its reset, and
        how many were made, counted here.
    """

    def __init__(
        self,
        config: EnvConfig,
        scene: Scene,
        graspable: tuple[str, ...],
        plan_seeds: NDArray[np.int64],
    ) -> None:
        self._relative = config.arm_action_mode == "delta_ee_pose_ik"
        self._in_tip_frame = config.delta_frame == "end_effector"
        self._arm = ArmKinematics(scene.model)
        self._inverse = InverseKinematics(
            self._arm, POSITION_TOLERANCE, ROTATION_TOLERANCE
        )
        self._plan_seeds = plan_seeds
        self._planner: PathPlanner | None = None
        if config.arm_action_mode == "ee_pose_planning":
            self._planner = PathPlanner(
                scene,
                graspable,
                self._inverse,
                collision_checking=config.collision_checking,
            )

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
        self, env_ids: EnvIds, actions: FloatArray, joint_positions: FloatArray
    ) -> tuple[FloatArray, NDArray[np.intp], dict[int, str]]:
        """The way of the joints for each action.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, 7) in physical units.
          joint_positions: (k, 7) present ones [rad].

        Returns:
          ways (k, steps, 7) [rad] within the limits, where the arm is sent in each
          control step; lengths (k,), how many of a row's steps count, the goal last;
          and why rows have no way, as sentences by row. Theirs is to stand still.
        """
        poses, oriented = self.poses(actions, joint_positions)
        starts = np.clip(joint_positions, self._arm.lower, self._arm.upper)
        if self._planner is None:
            solutions, reached = self._solve(starts, poses, oriented)
            ways, lengths = solutions[:, None], np.ones(len(starts), np.intp)
        else:
            ways, lengths, reached = self._plan(env_ids, starts, poses, oriented)
        problems: dict[int, str] = {}
        for row in np.flatnonzero(~reached):
            ways[row], lengths[row] = joint_positions[row], 1
            problems[int(row)] = self._problem(poses[row], actions[row], oriented[row])
        return ways, lengths, problems

    def _solve(
        self, starts: FloatArray, poses: FloatArray, oriented: NDArray[np.bool_]
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        solutions, reached = starts.copy(), np.zeros(len(starts), bool)
        solutions[oriented], reached[oriented] = self._inverse.solve_anywhere(
            starts[oriented],
            poses[oriented],
            np.random.default_rng(_STARTS_SEED),
            **({"distant": 0} if self._relative else {}),
        )
        return solutions, reached

    def _plan(
        self,
        env_ids: EnvIds,
        starts: FloatArray,
        poses: FloatArray,
        oriented: NDArray[np.bool_],
    ) -> tuple[FloatArray, NDArray[np.intp], NDArray[np.bool_]]:
        assert self._planner is not None
        ways: list[FloatArray] = []
        for row, env_id in enumerate(env_ids):
            way = None
            if oriented[row]:
                words = self._plan_seeds[env_id].tolist()
                self._plan_seeds[env_id, 1] += 1
                seed = int(np.random.SeedSequence(words).generate_state(1)[0])
                way = self._planner.plan(int(env_id), starts[row], poses[row], seed)
            found = way is not None and len(way) <= MAX_WAY_STEPS
            ways.append(way if way is not None and found else np.empty((0, 7)))
        lengths = np.array([len(way) for way in ways], np.intp)
        padded = np.zeros((len(ways), max(1, lengths.max(initial=0)), 7))
        for row, way in enumerate(ways):
            padded[row, : len(way)] = way
        return padded, lengths, lengths > 0

    def _problem(self, pose: FloatArray, action: FloatArray, oriented: np.bool_) -> str:
        if not oriented:
            return (
                f"Its quaternion {_listed(action[3:7])} is shorter than "
                f"{workspace.LEAST_QUAT_LENGTH:g} and gives no orientation."
            )
        target = (
            f"position {_listed(pose[:3])} m with quaternion xyzw {_listed(pose[3:])}"
        )
        if self._planner is not None:
            return f"No path of the arm takes the tip to {target}."
        return f"The arm cannot take the tip to {target} within its joint limits."


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


def _listed(numbers: FloatArray) -> str:
    return f"({', '.join(f'{number:.3f}' for number in numbers)})"
