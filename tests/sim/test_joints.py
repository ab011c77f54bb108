"""Joints of the API: positions, targets, limits, modes, forces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.sim import joints, objects
from pyrep_mujoco.sim.object_parameters import (
    simGetObjectFloatParameter,
    simGetObjectInt32Parameter,
    simSetObjectInt32Parameter,
)
from sim.launched import launched

POOL = w.box_pool((0.1, 0.1, 0.1))
MOTOR, POSITION = 0x10, 0x20


def slide(**of_joint: Any) -> tuple[bytes, ...]:
    """A weight of 1 kg on a vertical slide."""
    return (
        POOL,
        w.box("post", 1, dynamic=False, position=(0, 0, 2), respondable=False),
        w.joint(w.base("slide", 2, 1), kind=11, **of_joint),
        w.box("weight", 3, 2, respondable=False),
        w.dummy(w.base("mark", 4)),
    )


def test_a_position_is_put_within_the_limits() -> None:
    with launched(*slide()):
        handle = objects.simGetObjectHandle("slide")
        assert joints.simGetJointType(handle) == 11
        joints.simSetJointPosition(handle, 0.5)
        assert joints.simGetJointPosition(handle) == 0.5
        joints.simSetJointPosition(handle, 7)
        assert joints.simGetJointPosition(handle) == 1.0
        assert joints.simGetJointMatrix(handle)[3::4] == pytest.approx([0, 0, 1])
        joints.simSetJointInterval(handle, False, [-3, 7])
        assert joints.simGetJointInterval(handle) == (False, [-3, 7])
        joints.simSetJointPosition(handle, 3.5)
        assert joints.simGetJointPosition(handle) == 3.5


def test_a_motor_changes_between_velocity_and_position_while_time_runs() -> None:
    with launched(*slide(flags=MOTOR, max_force=100.0)) as simulation:
        handle = objects.simGetObjectHandle("slide")
        model = simulation.scene.model
        joints.simSetJointTargetVelocity(handle, 0.5)
        simulation.scene.step(100)
        assert joints.simGetJointTargetVelocity(handle) == 0.5
        assert joints.simGetJointPosition(handle) == pytest.approx(0.25, abs=0.02)
        assert simGetObjectFloatParameter(handle, 2012) == pytest.approx(0.5, abs=0.03)
        assert simGetObjectInt32Parameter(handle, 2001) == 0
        simSetObjectInt32Parameter(handle, 2001, 1)
        joints.simSetJointTargetPosition(handle, -0.5)
        simulation.scene.step(400)
        assert joints.simGetJointTargetPosition(handle) == -0.5
        assert joints.simGetJointPosition(handle) == pytest.approx(-0.5, abs=0.02)
        simSetObjectInt32Parameter(handle, 2000, 0)
        simulation.scene.step(50)
        assert joints.simGetJointPosition(handle) < -0.6
        assert simulation.scene.model is model


def test_a_force_is_told_with_the_sign_that_rlbench_turns_back() -> None:
    """1 kg needs 9.81 N upwards, whichever way it goes."""
    with launched(*slide(flags=MOTOR, max_force=100.0)) as simulation:
        handle = objects.simGetObjectHandle("slide")
        for speed, sign in ((0.2, 1), (-0.2, -1)):
            joints.simSetJointTargetVelocity(handle, speed)
            simulation.scene.step(60)
            assert joints.simGetJointForce(handle) == pytest.approx(
                sign * 9.81, rel=0.02
            )
        joints.simSetJointTargetVelocity(handle, 0.0)
        simulation.scene.step(60)
        assert joints.simGetJointForce(handle) == pytest.approx(9.81, rel=0.02)


def test_a_passive_joint_is_moved_by_hand_alone() -> None:
    with launched(*slide()) as simulation:
        handle = objects.simGetObjectHandle("slide")
        simulation.scene.step(10)
        joints.simSetJointMode(handle, 0)
        assert joints.simGetJointMode(handle) == 0
        joints.simSetJointPosition(handle, 0.3)
        simulation.scene.step(50)
        assert joints.simGetJointPosition(handle) == 0.3
        joints.simSetJointMode(handle, 5)
        simulation.scene.step(50)
        assert joints.simGetJointPosition(handle) < 0.2


def test_a_spherical_joint_has_a_matrix_and_no_position() -> None:
    with launched(
        POOL,
        w.box("post", 1, dynamic=False),
        w.joint(w.base("ball", 2, 1), kind=12, flags=1),
        w.box("weight", 3, 2, position=(0.5, 0, 0), respondable=False),
    ):
        handle = objects.simGetObjectHandle("ball")
        matrix = [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
        joints.simSetSphericalJointMatrix(handle, matrix)
        assert joints.simGetJointMatrix(handle) == pytest.approx(matrix, abs=1e-9)
        turned = [
            simGetObjectFloatParameter(handle, number) for number in range(2013, 2017)
        ]
        assert np.abs(turned) == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5])
        # PyRep reads it for all joints of a task, and RLBench needs a number.
        assert joints.simGetJointPosition(handle) == 0
        with pytest.raises(SceneError, match="spherical"):
            joints.simSetJointPosition(handle, 0.1)


def test_what_is_no_joint_or_no_force_is_an_error_that_says_so() -> None:
    with launched(*slide()):
        handle, mark = map(objects.simGetObjectHandle, ("slide", "mark"))
        with pytest.raises(SceneError, match="'mark' is no joint"):
            joints.simGetJointPosition(mark)
        with pytest.raises(SceneError, match="force of -1"):
            joints.simSetJointMaxForce(handle, -1)
        with pytest.raises(SceneError, match="mode 3"):
            joints.simSetJointMode(handle, 3)
        joints.simSetJointMaxForce(handle, 7)
        assert joints.simGetJointMaxForce(handle) == 7


@pytest.mark.parametrize(
    "put",
    [
        joints.simSetJointPosition,
        joints.simSetJointTargetPosition,
        joints.simSetJointTargetVelocity,
    ],
)
def test_what_is_not_finite_is_refused_at_once(put: Callable[..., None]) -> None:
    with launched(*slide()):
        handle = objects.simGetObjectHandle("slide")
        with pytest.raises(SceneError, match=r"'slide' was given the .* nan"):
            put(handle, float("nan"))
        assert joints.simGetJointPosition(handle) == 0
