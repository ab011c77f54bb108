"""Bodies held and let go of without compiling anew, and what must be the same then."""

import dataclasses

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import frame, relative
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape
from ttm_sensors import force_sensor

POOL = w.box_pool((0.1, 0.1, 0.1), (4.0, 4.0, 0.1))
FLOOR = w.box(
    "floor", 90, index=1, size=(4.0, 4.0, 0.1), dynamic=False, position=(0, 0, -0.05)
)
MOTOR, CYCLIC = 0x10, 0x01
LEVEL = (np.sqrt(0.5), -np.sqrt(0.5), 0, 0)
"""Turns a joint's z axis along the world's y axis."""


def scene_of(*chunks: bytes) -> Scene:
    scene = Scene()
    scene.load(read_model(w.file(POOL, *chunks)))
    return scene


def gripper(*more: bytes) -> Scene:
    """A hand on a motor that turns about the vertical, with a force sensor, a cube."""
    return scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        w.joint(
            w.base("wrist", 2, 1), flags=MOTOR, max_force=50.0, minimum=-3, reach=6
        ),
        w.box("hand", 3, 2, position=(0.5, 0, 0), mass=2.0, respondable=False),
        force_sensor(w.base("attach", 4, 3), breaks=False),
        w.box("cube", 5, position=(0.5, 0, 1.8), mass=0.2),
        *more,
    )


def set_dynamic(scene: Scene, node: Node, dynamic: bool) -> None:
    assert isinstance(node.source, Shape)
    node.source = dataclasses.replace(node.source, dynamic=dynamic)
    scene.unsettle()


def test_what_is_grasped_moves_with_the_hand_and_falls_when_released() -> None:
    scene = gripper()
    model = scene.model
    cube, hand, wrist = (scene.tree.node(name) for name in ("cube", "hand", "wrist"))
    scene.hang(cube, scene.tree.node("attach"))
    assert wrist.drive is not None
    wrist.drive.target_velocity = 1.0
    scene.redrive(wrist)
    before = relative(scene.frame_w(cube), scene.frame_w(hand))
    scene.step(200)
    after = relative(scene.frame_w(cube), scene.frame_w(hand))
    assert scene.joint_position(wrist) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(after.position, before.position, atol=2e-4)
    scene.hang(cube, None)
    height = scene.frame_w(cube).position[2]
    scene.step(50)
    assert scene.frame_w(cube).position[2] < height - 0.2
    assert scene.model is model, "grasping and releasing need no compilation"


def test_a_grasped_shape_goes_along_when_the_joint_is_put_elsewhere() -> None:
    scene = gripper()
    cube, hand, wrist = (scene.tree.node(name) for name in ("cube", "hand", "wrist"))
    scene.hang(cube, scene.tree.node("attach"))
    before = relative(scene.frame_w(cube), scene.frame_w(hand))
    scene.set_joint_position(wrist, 1.2)
    after = relative(scene.frame_w(cube), scene.frame_w(hand))
    np.testing.assert_allclose(after.position, before.position, atol=1e-9)
    scene.step(20)
    after = relative(scene.frame_w(cube), scene.frame_w(hand))
    np.testing.assert_allclose(after.position, before.position, atol=2e-4)


def test_a_shape_that_stops_being_dynamic_stands_still_and_still_stops_others() -> None:
    scene = scene_of(
        FLOOR,
        w.box("box", 1, position=(0, 0, 0.5)),
        w.box("top", 2, position=(0, 0, 1)),
    )
    box, top = scene.tree.node("box"), scene.tree.node("top")
    scene.step(10)
    model, place = scene.model, scene.frame_w(box)
    set_dynamic(scene, box, False)
    scene.step(300)
    assert scene.frame_w(box) == place
    assert scene.frame_w(top).position[2] == pytest.approx(
        place.position[2] + 0.1, abs=2e-3
    )
    set_dynamic(scene, box, True)
    scene.step(300)
    assert scene.frame_w(box).position[2] == pytest.approx(0.05, abs=2e-3)
    assert scene.model is model


def test_a_joint_whose_shape_stops_being_dynamic_stands_where_it_is_put() -> None:
    scene = scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        w.joint(w.base("hinge", 2, 1, quat_wxyz=LEVEL), flags=CYCLIC),
        w.box("weight", 3, 2, position=(0.5, 0, 0)),
    )
    weight, hinge = scene.tree.node("weight"), scene.tree.node("hinge")
    scene.step(20)
    model = scene.model
    set_dynamic(scene, weight, False)
    scene.set_joint_position(hinge, 0.3)
    scene.step(50)
    assert scene.joint_position(hinge) == 0.3
    assert scene.joint_velocity(hinge) == 0.0
    set_dynamic(scene, weight, True)
    scene.step(50)
    assert scene.joint_position(hinge) > 0.4
    assert scene.model is model


def test_static_shapes_hung_elsewhere_or_removed_need_no_compilation() -> None:
    scene = scene_of(
        FLOOR,
        w.box("spot", 1, dynamic=False, position=(0, 0, 0.1)),
        w.box("box", 2, position=(0, 0, 0.5)),
    )
    spot, floor = scene.tree.node("spot"), scene.tree.node("floor")
    model, place = scene.model, scene.frame_w(spot)
    scene.hang(spot, floor)
    assert np.allclose(scene.frame_w(spot).position, place.position)
    scene.place(floor, frame((1, 0, -0.05), (1, 0, 0, 0)))
    assert scene.frame_w(spot).position == pytest.approx((1, 0, 0.1))
    scene.place(floor, frame((0, 0, -0.05), (1, 0, 0, 0)))
    scene.remove([spot])
    scene.step(300)
    assert scene.model is model
    # It fell through where the removed shape was.
    box = scene.tree.node("box")
    assert scene.frame_w(box).position[2] == pytest.approx(0.05, abs=2e-3)


def test_what_compiles_anew_keeps_what_is_held() -> None:
    scene = gripper()
    cube, hand = scene.tree.node("cube"), scene.tree.node("hand")
    scene.hang(cube, scene.tree.node("attach"))
    before = relative(scene.frame_w(cube), scene.frame_w(hand))
    scene.step(5)
    scene.load(read_model(w.file(POOL, w.box("more", 1, position=(2, 2, 2)))))
    scene.step(50)
    after = relative(scene.frame_w(cube), scene.frame_w(hand))
    np.testing.assert_allclose(after.position, before.position, atol=2e-4)


def test_a_shape_hung_on_a_joint_becomes_what_the_joint_moves() -> None:
    scene = scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        w.joint(w.base("hinge", 2, 1, quat_wxyz=LEVEL), flags=CYCLIC),
        w.box("weight", 3, position=(0.5, 0, 2)),
    )
    weight, hinge = scene.tree.node("weight"), scene.tree.node("hinge")
    scene.step(10)
    place = scene.frame_w(weight)
    scene.hang(weight, hinge)
    assert np.allclose(scene.frame_w(weight).position, place.position)
    scene.step(40)
    way = np.subtract(scene.frame_w(weight).position, (0, 0, 2))
    assert np.linalg.norm(way) == pytest.approx(
        np.linalg.norm(np.subtract(place.position, (0, 0, 2))), abs=1e-6
    )
    assert scene.joint_position(hinge) > 0.05


def test_a_copy_stands_where_the_object_is_and_is_another() -> None:
    scene = gripper()
    cube = scene.tree.node("cube")
    scene.step(10)
    (twin,) = scene.copy([cube]).values()
    assert twin.name == "cube#0"
    assert twin.handle != cube.handle
    assert np.allclose(scene.frame_w(twin).position, scene.frame_w(cube).position)
    scene.place(twin, frame((1, 1, 1), (1, 0, 0, 0)))
    scene.step(20)
    assert scene.frame_w(twin).position[2] < 1
    assert scene.frame_w(cube).position[0] == pytest.approx(0.5)


def test_a_spherical_joint_is_read_and_put_in_its_own_frame() -> None:
    turn = (np.cos(0.3), 0.0, np.sin(0.3), 0.0)
    scene = scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        w.joint(
            w.base("ball", 2, 1, quat_wxyz=LEVEL), kind=12, flags=1, quat_wxyz=turn
        ),
        w.box("weight", 3, 2, position=(0.5, 0, 0), quat_wxyz=LEVEL),
    )
    ball, weight = scene.tree.node("ball"), scene.tree.node("weight")
    assert scene.joint_turn(ball) == pytest.approx(turn)
    assert scene.frame_w(weight).position == pytest.approx(
        weight.frame_w.position, abs=1e-9
    )
    other = (np.cos(0.5), np.sin(0.5), 0.0, 0.0)
    scene.set_joint_turn(ball, other)
    assert scene.joint_turn(ball) == pytest.approx(other)
    assert scene.frame_w(weight).quat_wxyz == pytest.approx(
        weight.frame_w.quat_wxyz, abs=1e-9
    )


def locked_hinge() -> Scene:
    """A weight of 1 kg on a lever of 0.5 m; the motor holds 0.1 Nm, its lock more."""
    return scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        w.joint(
            w.base("hinge", 2, 1, quat_wxyz=LEVEL),
            flags=CYCLIC | MOTOR,
            max_force=0.1,
            locked=True,
        ),
        w.box("weight", 3, 2, position=(0.5, 0, 0)),
    )


def test_a_motor_locked_at_zero_velocity_holds_with_more_than_its_force() -> None:
    scene = locked_hinge()
    hinge, model = scene.tree.node("hinge"), scene.model
    scene.step(100)
    assert scene.joint_position(hinge) == pytest.approx(0, abs=1e-5)
    assert hinge.drive is not None
    hinge.drive.target_velocity = -0.1
    scene.redrive(hinge)
    scene.step(20)
    given_way = scene.joint_position(hinge)
    assert given_way > 0.02
    scene.data.qvel[:] = 0
    hinge.drive.target_velocity = 0.0
    scene.redrive(hinge)
    scene.step(100)
    assert scene.joint_position(hinge) == pytest.approx(given_way, abs=1e-5)
    assert scene.model is model


def test_a_lock_holds_against_1000_newton_metres() -> None:
    scene = locked_hinge()
    hinge = scene.tree.node("hinge")
    scene.step(1)
    scene.data.qfrc_applied[:] = 1000
    scene.step(20)
    assert scene.joint_position(hinge) == pytest.approx(0, abs=2e-3)
    scene.data.qfrc_applied[:] = 0
    scene.step(200)
    assert scene.joint_position(hinge) == pytest.approx(0, abs=1e-5)


def test_a_lock_holds_a_joint_where_it_was_put() -> None:
    scene = locked_hinge()
    hinge = scene.tree.node("hinge")
    scene.step(1)
    scene.set_joint_position(hinge, 0.7)
    scene.step(100)
    assert scene.joint_position(hinge) == pytest.approx(0.7, abs=1e-5)


def test_what_stands_still_does_not_blur_the_forces_on_the_rest() -> None:
    """MuJoCo's tolerance is one of forces times the mean inertia."""
    scene = scene_of(FLOOR, w.box("still", 1), w.box("light", 2, position=(2, 0, 1)))
    usual = scene.model.opt.tolerance * float(np.mean(scene.model.dof_M0))
    set_dynamic(scene, scene.tree.node("still"), False)
    scene.step()
    now = scene.model.opt.tolerance * float(np.mean(scene.model.dof_M0))
    assert usual < now < 1e-7
