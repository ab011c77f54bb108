"""What the first numbers of an action mean to the stand-in."""

import enum
import time
from typing import Any

import numpy as np
from pyrep.backend import standin as sim

from rlbench.backend.exceptions import InvalidActionError


class RelativeFrame(enum.Enum):
    """Frame of relative poses."""

    WORLD = 0
    EE = 1


class _ArmMode:
    """Checks the shape, then moves the joints."""

    def size(self, scene: Any) -> int:
        return scene.dof

    def set_control_mode(self, robot: Any) -> None:
        """Nothing: these joints have no control loop."""

    def action(self, scene: Any, action: np.ndarray) -> None:
        if np.shape(action) != (self.size(scene),):
            raise InvalidActionError(f"wrong shape {np.shape(action)}")
        self.move(scene, action)
        scene.step()
        sim.simulator.velocities[:] = 0.0

    def move(self, scene: Any, action: np.ndarray) -> None:
        sim.simulator.velocities[:] = action


class JointVelocity(_ArmMode):
    """Velocities."""


class JointTorque(_ArmMode):
    """Torques, which this arm takes for velocities."""


class JointPosition(_ArmMode):
    """Positions, reached within the step."""

    def __init__(self, absolute_mode: bool = True) -> None:
        self._absolute = absolute_mode

    def move(self, scene: Any, action: np.ndarray) -> None:
        start = 0.0 if self._absolute else sim.simulator.q
        sim.simulator.q = start + action


class _PoseMode(_ArmMode):
    """Poses; the arm can go down by 3 cm at most."""

    def __init__(
        self,
        absolute_mode: bool = True,
        frame: RelativeFrame = RelativeFrame.WORLD,
        collision_checking: bool = False,
    ) -> None:
        self._absolute = absolute_mode

    def size(self, scene: Any) -> int:
        return 7

    def move(self, scene: Any, action: np.ndarray) -> None:
        if not np.isclose(np.linalg.norm(action[3:7]), 1.0):
            raise InvalidActionError("Action contained non unit quaternion!")
        start = scene.tip()[:3] if self._absolute else np.zeros(3)
        move = action[:3] - start
        if move[2] < -0.03:
            raise InvalidActionError("Could not perform IK via Jacobian.")
        sim.simulator.q[:3] += 10 * move


class EndEffectorPoseViaIK(_PoseMode):
    """By inverse kinematics."""


class EndEffectorPoseViaPlanning(_PoseMode):
    """By a planner, which takes its time."""

    def move(self, scene: Any, action: np.ndarray) -> None:
        super().move(scene, action)
        time.sleep(0.001 * np.random.rand())  # noqa: NPY002 - as RLBench does


class ERJointViaIK(_PoseMode):
    """A pose, and the positions of some joints."""

    def __init__(
        self,
        absolute_mode: bool = True,
        frame: RelativeFrame = RelativeFrame.WORLD,
        collision_checking: bool = False,
        commanded_joints: tuple[int, ...] | list[int] = (0,),
    ) -> None:
        super().__init__(absolute_mode)
        self._joints = list(commanded_joints)

    def size(self, scene: Any) -> int:
        return 7 + len(self._joints)

    def move(self, scene: Any, action: np.ndarray) -> None:
        super().move(scene, action[:7])
        start = 0.0 if self._absolute else sim.simulator.q[self._joints]
        sim.simulator.q[self._joints] = start + action[7:]
