"""What motors, brakes and springs of joints do."""

import numpy as np
import pytest

from pyrep_mujoco.scene.scene import Scene
from scene.levers import MOTOR, POSITION, SPRING, arm


def test_a_brake_holds_up_to_its_force() -> None:
    """A motor that goes for no velocity: 1 kg at 0.5 m needs 4.9 Nm."""
    strong, weak = arm(flags=MOTOR, max_force=10.0), arm(flags=MOTOR, max_force=2.0)
    for scene in (strong, weak):
        scene.step(200)
    assert abs(strong.joint_position(strong.tree.node("hinge"))) < 2e-3
    assert weak.joint_position(weak.tree.node("hinge")) > 0.5


def test_a_motor_reaches_its_velocity_in_one_physics_step_under_load() -> None:
    scene = arm(
        flags=MOTOR, max_force=50.0, target_velocity=-0.5, minimum=-3.0, reach=6.0
    )
    hinge = scene.tree.node("hinge")
    for _ in range(2):
        scene.step()
        assert scene.joint_velocity(hinge) == pytest.approx(-0.5, abs=2e-3)
    scene.step(98)
    assert scene.joint_position(hinge) == pytest.approx(-0.25, abs=1e-3)
    # 1 kg at 0.5 m, lifted by a quarter of a radian.
    assert scene.joint_force(hinge) == pytest.approx(
        -9.81 * 0.5 * np.cos(0.25), rel=0.01
    )


def test_a_motor_gives_way_to_more_than_its_greatest_force() -> None:
    scene = arm(
        flags=MOTOR, max_force=2.0, target_velocity=-0.5, minimum=-3.0, reach=6.0
    )
    hinge = scene.tree.node("hinge")
    scene.step(10)
    # 0.26 kg m^2 turn by what gravity has over the motor.
    fallen = (9.81 * 0.5 - 2.0) / 0.26 * 0.005 * 10
    assert scene.joint_velocity(hinge) == pytest.approx(fallen, rel=0.02)
    assert scene.joint_force(hinge) == pytest.approx(-2.0)


def test_position_control_has_no_standing_error_under_load() -> None:
    scene = arm(flags=MOTOR | POSITION, max_force=50.0, target_position=-0.75)
    hinge = scene.tree.node("hinge")
    # To lose the share 0.1 of the error in each step of 5 ms it would go by 13 rad/s,
    # but for the file's limit.
    scene.step(10)
    assert scene.joint_velocity(hinge) == pytest.approx(-3.0, abs=0.01)
    scene.step(290)
    assert scene.joint_position(hinge) == pytest.approx(-0.75, abs=1e-4)


def test_a_motor_that_was_switched_off_lets_go() -> None:
    scene = arm(flags=MOTOR | POSITION, max_force=50.0, target_position=0.0)
    hinge = scene.tree.node("hinge")
    scene.step(20)
    assert hinge.drive is not None
    hinge.drive.motor = False
    scene.redrive(hinge)
    scene.step(20)
    assert scene.joint_position(hinge) > 0.02


def sprung(damping: float = 2.0, **of_joint: float) -> Scene:
    """A light weight on a spring of 20 Nm/rad."""
    return arm(
        mass=0.1,
        flags=MOTOR | POSITION | SPRING,
        max_force=50.0,
        spring=(20.0, damping),
        **of_joint,
    )


def assert_hangs_in_its_spring(scene: Scene) -> None:
    """Its weight's moment and the spring's are equal once it has come to rest."""
    scene.step(1000)
    angle = scene.joint_position(scene.tree.node("hinge"))
    assert 20 * angle == pytest.approx(0.1 * 9.81 * 0.5 * np.cos(angle), rel=0.01)


def test_a_spring_gives_way_by_force_over_stiffness() -> None:
    assert_hangs_in_its_spring(sprung(target_velocity=100.0))


def test_a_spring_with_the_target_velocity_0_only_brakes() -> None:
    scene = sprung(damping=0.0, position=0.5)
    hinge = scene.tree.node("hinge")
    # It could hold 10 Nm there.
    scene.step(100)
    assert scene.joint_position(hinge) == pytest.approx(0.5, abs=1e-4)
    scene.set_joint_position(hinge, 0.0)
    scene.step(1000)
    angle = scene.joint_position(hinge)
    # It falls until the force is enough to stop it.
    assert angle > 0.1 * 9.81 * 0.5 * np.cos(angle) / 20
    assert abs(scene.joint_velocity(hinge)) < 1e-4


def test_a_spring_that_brakes_pulls_once_it_is_given_a_velocity() -> None:
    scene = sprung(position=0.5)
    hinge = scene.tree.node("hinge")
    scene.step(100)
    assert hinge.drive is not None
    hinge.drive.target_velocity = 100.0
    scene.retarget(hinge)
    assert_hangs_in_its_spring(scene)
