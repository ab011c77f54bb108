"""Arms and grippers."""

import numpy as np

from pyrep.backend import standin as sim


class Tip:
    """The point between the fingers."""

    def get_pose(self) -> np.ndarray:
        position = np.array([0.28, -0.01, 1.47]) + 0.1 * sim.simulator.q[:3]
        return np.append(position, [0.0, 0.99255, 0.0, 0.12186])


class Arm:
    """An arm of ``dof`` joints."""

    dof = 7

    def __init__(self) -> None:
        if len(sim.simulator.q) != self.dof:
            sim.simulator.reset_robot(self.dof)

    def get_tip(self) -> Tip:
        return Tip()

    def get_joint_positions(self) -> list[float]:
        return sim.simulator.q.tolist()

    def get_joint_forces(self) -> list[float]:
        if not sim.physics_present():
            raise RuntimeError("No value available yet.")
        return [0.5] * self.dof

    def get_joint_upper_velocity_limits(self) -> list[float]:
        return [2.0] * self.dof

    def get_joint_intervals(self) -> tuple[list[bool], list[list[float]]]:
        return [False] * self.dof, [[-3.0, 7.0]] * self.dof


class Panda(Arm):
    """Seven joints."""


class UR5(Arm):
    """Six joints."""

    dof = 6


class Gripper:
    """Two fingers."""

    touch_sensors = 2

    def get_joint_positions(self) -> list[float]:
        return sim.simulator.fingers.tolist()

    def get_joint_intervals(self) -> tuple[list[bool], list[list[float]]]:
        return [False, False], [[0.0, 0.04], [0.0, 0.04]]

    def get_open_amount(self) -> list[float]:
        return (sim.simulator.fingers / 0.04).tolist()

    def get_touch_sensor_forces(self) -> list[list[float]]:
        if not self.touch_sensors:
            raise RuntimeError("No touch sensors for this robot!")
        return [[0.0, 0.0, 0.1]] * self.touch_sensors


class PandaGripper(Gripper):
    """The Panda's."""


class Robotiq85Gripper(Gripper):
    """UR5's, without touch sensors."""

    touch_sensors = 0
