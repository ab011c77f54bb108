"""Actions that take many control steps: the arm goes, then the gripper."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.base import EnvIds
from rlbench_puffer.engines.builtin.controllers import ARM, FINGERS, RobotController
from rlbench_puffer.engines.builtin.pose_targets import PoseTargets
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.errors import unreachable_pose

FloatArray = NDArray[np.float64]

ARRIVED = 0.01
"""A joint this near to its goal has arrived [rad], RLBench's rule."""

STUCK = 0.001
"""An arm none of whose joints moves farther in a control step is stuck [rad],
RLBench's rule."""

MAX_ARM_STEPS = 100
"""Control steps that one action may move the arm, after a planned way's own: 5 s,
twice what the slowest joint needs from limit to limit."""

FINGERS_ARRIVED = 5e-4
"""A finger this near to its goal has arrived [m]."""

FINGERS_STUCK = 1e-4
"""Fingers that move less in a control step hold something [m]."""

MAX_GRIPPER_STEPS = 20
"""Control steps that one action may move the gripper: it opens in 4."""


class PoseMoves:
    """Carries out pose actions as RLBench does, many sub-envs at once.

    The arm goes along its way, and then until every joint has arrived or it is stuck,
    while the gripper keeps to what it was last told. On a planned way it stops as soon
    as the task is done. Then, if the action tells it something new, the
    gripper goes until it has arrived or holds something. Sub-envs that are ready wait,
    unsimulated, for the others.

    Args:
      config: names the modes and what follows an invalid action.
      scene: the simulations.
      targets: resolves actions.
      controller: sets the motors' targets.
      finger_goals: (num_envs,) where the controller last sent the fingers [m].
      control_step: simulates one control step of some sub-envs.
      succeeded: the task's success rule, (num_envs,).
      faults: text by sub-env whose simulation failed; it moves no more.
    """

    def __init__(
        self,
        config: EnvConfig,
        scene: Scene,
        targets: PoseTargets,
        controller: RobotController,
        finger_goals: FloatArray,
        control_step: Callable[[EnvIds], None],
        succeeded: Callable[[], NDArray[np.bool_]],
        faults: dict[int, str],
    ) -> None:
        qpos = scene.batch.bind("qpos")
        self._positions = qpos[:, ARM]
        self._fingers = qpos[:, FINGERS]
        self._finger_goals = finger_goals
        self._targets = targets
        self._succeeded = succeeded
        self._stops_at_success = config.arm_action_mode == "ee_pose_planning"
        self._controller = controller
        self._control_step = control_step
        self._faults = faults
        self._policy = config.on_invalid

    def run(
        self, env_ids: EnvIds, actions: FloatArray, first_env_id: int
    ) -> dict[int, str]:
        """Carry out one action of some sub-envs.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, 8) in physical units.
          first_env_id: number of sub-env 0, for messages.

        Returns:
          Why actions could not be carried out, by sub-env. Under the policy
          ``"noop_penalty"`` these stood still for one control step.

        Raises:
          InvalidActionError: there are such actions and the policy is ``"raise"``.
        """
        present = self._positions[env_ids]
        ways, lengths, problems = self._targets.resolve(
            env_ids, actions[:, :7], present
        )
        invalid = {int(env_ids[row]): text for row, text in problems.items()}
        if invalid and self._policy == "raise":
            env_id, text = min(invalid.items())
            raise unreachable_pose(first_env_id + env_id, text)
        valid = np.ones(len(env_ids), bool)
        valid[list(problems)] = False
        moving = valid | (self._policy == "noop_penalty")
        self._move_arms(env_ids[moving], ways[moving], lengths[moving], valid[moving])
        self._move_grippers(env_ids[valid], actions[valid, 7])
        return invalid

    def _move_arms(
        self,
        env_ids: EnvIds,
        ways: FloatArray,
        lengths: NDArray[np.intp],
        valid: NDArray[np.bool_],
    ) -> None:
        """Simulate until all have arrived or are stuck; one step of those not valid."""
        rows = np.arange(len(env_ids))
        for step in range(ways.shape[1] - 1 + MAX_ARM_STEPS):
            if not env_ids.size:
                return
            last = lengths[rows] - 1
            goals = ways[rows, np.minimum(step, last)]
            self._controller.aim(env_ids, goals)
            self._controller.drive_fingers(env_ids)
            before = self._positions[env_ids]
            self._control_step(env_ids)
            now = self._positions[env_ids]
            going = (np.abs(now - goals) > ARRIVED).any(axis=1)
            if step:
                going &= (np.abs(now - before) > STUCK).any(axis=1)
            going = (going | (step < last)) & valid[rows] & self._sound(env_ids)
            if self._stops_at_success:
                going &= ~self._succeeded()[env_ids]
            env_ids, rows = env_ids[going], rows[going]

    def _move_grippers(self, env_ids: EnvIds, commands: FloatArray) -> None:
        """Send the gripper where it was not sent already, until it is there."""
        goals = self._controller.finger_goal(commands)
        going = np.abs(goals - self._finger_goals[env_ids]) > FINGERS_ARRIVED
        going &= self._sound(env_ids)
        env_ids, goals = env_ids[going], goals[going]
        self._controller.command_gripper(env_ids, commands[going])
        for _ in range(MAX_GRIPPER_STEPS):
            if not env_ids.size:
                return
            self._controller.drive_fingers(env_ids)
            before = self._fingers[env_ids]
            self._control_step(env_ids)
            now = self._fingers[env_ids]
            going = (np.abs(now - goals[:, None]) > FINGERS_ARRIVED).any(axis=1)
            going &= (np.abs(now - before) > FINGERS_STUCK).any(axis=1)
            going &= self._sound(env_ids)
            env_ids, goals = env_ids[going], goals[going]

    def _sound(self, env_ids: EnvIds) -> NDArray[np.bool_]:
        """Which simulations have not failed, (k,)."""
        if not self._faults:
            return np.ones(len(env_ids), bool)
        return np.array([int(env_id) not in self._faults for env_id in env_ids], bool)
