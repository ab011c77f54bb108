"""Bodies that lie still sleep, and wake when anything changes for them."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import Frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape
from scene.levers import FLOOR, MOTOR, arm, scene_of

PANDA = Path(__file__).parents[1] / "data" / "ttm" / "Panda.ttm"
SHELF = w.box("shelf", 1, dynamic=False, position=(0, 0, 0.5))
BOX = w.box("box", 2, position=(0, 0, 0.6), friction=1.0)
"""Touches the shelf it stands on."""
UPRIGHT = (1.0, 0.0, 0.0, 0.0)


def asleep(scene: Scene) -> int:
    """How many trees of bodies sleep."""
    return scene.model.ntree - scene.data.ntree_awake


def sleeping(*more: bytes) -> Scene:
    """A box that has fallen asleep on a fixed shelf."""
    scene = scene_of(FLOOR, SHELF, BOX, *more)
    scene.step(200)
    assert asleep(scene) == 1
    return scene


def height(scene: Scene) -> float:
    return scene.frame_w(scene.tree.node("box")).position[2]


def put_the_shelf_away(scene: Scene) -> None:
    scene.place(scene.tree.node("shelf"), Frame((3.0, 0.0, 0.5), UPRIGHT))


def remove_the_shelf(scene: Scene) -> None:
    scene.remove([scene.tree.node("shelf")])


def let_the_shelf_pass(scene: Scene) -> None:
    shelf = scene.tree.node("shelf")
    assert isinstance(shelf.source, Shape)
    shelf.source = dataclasses.replace(shelf.source, respondable=False)
    scene.unsettle()


def put_the_box_elsewhere(scene: Scene) -> None:
    scene.place(scene.tree.node("box"), Frame((0.0, 1.0, 0.6), UPRIGHT))


@pytest.mark.parametrize(
    "change",
    [
        put_the_shelf_away,
        remove_the_shelf,
        let_the_shelf_pass,
        put_the_box_elsewhere,
    ],
)
def test_what_sleeps_falls_when_nothing_holds_it_any_more(
    change: Callable[[Scene], None],
) -> None:
    scene = sleeping()
    before = height(scene)
    change(scene)
    scene.step(20)
    # 0.1 s of free fall, as MuJoCo's integrator has it.
    fallen = 9.81 * 0.005**2 * 20 * 21 / 2
    assert height(scene) == pytest.approx(before - fallen, abs=1e-3)


def test_what_sleeps_is_pushed_by_what_moves() -> None:
    scene = scene_of(
        FLOOR,
        w.box("box", 1, position=(0, 0, 0.05)),
        w.box("puck", 2, mass=5.0, position=(0.3, 0, 0.05)),
    )
    scene.step(200)
    assert asleep(scene) == 2
    box, puck = scene.tree.node("box"), scene.tree.node("puck")
    scene.data.qvel[scene.compiled.places[puck].dofs.start] = -3.0
    before = scene.frame_w(box).position[0]
    scene.step(1)
    assert asleep(scene) == 1
    scene.step(40)
    assert scene.frame_w(box).position[0] < before - 0.05


def test_what_sleeps_slips_when_its_friction_is_taken() -> None:
    slope = w.box(
        "slope",
        1,
        index=1,
        size=(4.0, 4.0, 0.1),
        dynamic=False,
        quat_wxyz=(np.cos(0.1), 0, np.sin(0.1), 0),
    )
    normal = np.array([np.sin(0.2), 0, np.cos(0.2)])
    on_it = w.box(
        "box",
        2,
        position=tuple(0.1 * normal),
        quat_wxyz=(np.cos(0.1), 0, np.sin(0.1), 0),
        friction=1.0,
    )
    scene = scene_of(slope, on_it)
    scene.step(200)
    assert asleep(scene) == 1
    box = scene.tree.node("box")
    before = scene.frame_w(box).position[0]
    assert isinstance(box.source, Shape)
    smooth = dataclasses.replace(box.source.material, friction=0.0)
    box.source = dataclasses.replace(box.source, material=smooth)
    scene.rub(box)
    scene.step(20)
    assert scene.frame_w(box).position[0] > before + 5e-3


def test_a_box_sleeps_where_it_would_lie_awake() -> None:
    scenes = [scene_of(FLOOR, SHELF, BOX) for _ in range(2)]
    scenes[1].compiled.know_forces()
    for scene in scenes:
        scene.step(400)
    assert [asleep(scene) for scene in scenes] == [1, 0]
    assert height(scenes[0]) == pytest.approx(height(scenes[1]), abs=1e-5)


def lever(handle: int, y: float, *, target_velocity: float) -> list[bytes]:
    """A post, a hinge with a motor, and a weight on it, far from the shelf."""
    turn = (np.sqrt(0.5), -np.sqrt(0.5), 0, 0)
    return [
        w.box(f"post{handle}", handle, dynamic=False, position=(2, y, 2)),
        w.joint(
            w.base(f"hinge{handle}", handle + 1, handle, quat_wxyz=turn),
            flags=MOTOR,
            target_velocity=target_velocity,
            max_force=50.0,
        ),
        w.box(f"weight{handle}", handle + 2, handle + 1, position=(0.5, 0, 0)),
    ]


def test_what_sleeps_does_not_blur_the_forces_on_the_rest() -> None:
    """MuJoCo reckons anew in the step in which something falls asleep."""
    told = []
    for sleeps in (True, False):
        scene = scene_of(FLOOR, SHELF, BOX, *lever(3, 0.0, target_velocity=0.5))
        if not sleeps:
            scene.compiled.know_forces()
        dof = scene.compiled.places[scene.tree.node("hinge3")].dofs.start
        forces = []
        for _ in range(100):
            scene.step(1)
            forces.append(scene.compiled.joint_forces()[dof])
        told.append(forces)
        assert asleep(scene) == sleeps
    # Forces that are reckoned anew are those of half a degree further.
    np.testing.assert_allclose(told[0], told[1], atol=0.05)


def test_a_joint_that_falls_asleep_leaves_the_others_their_velocities() -> None:
    places = []
    for sleeps in (True, False):
        still, moving = (
            lever(n, n, target_velocity=v) for n, v in ((3, 0.0), (6, 0.5))
        )
        scene = scene_of(*still, *moving)
        if not sleeps:
            scene.compiled.know_forces()
        # It falls asleep between the steps for which motors are set.
        scene.step(7)
        scene.step(93)
        assert asleep(scene) == sleeps
        places.append(scene.joint_position(scene.tree.node("hinge6")))
    assert places[0] == pytest.approx(places[1], abs=1e-9)
    assert places[0] == pytest.approx(0.25, abs=5e-3)


def hinged(**of_joint: Any) -> Scene:
    """A weight on a lever that has fallen asleep."""
    scene = arm(**of_joint)
    scene.step(200)
    assert asleep(scene) == 1
    return scene


def test_what_sleeps_on_a_joint_wakes_for_its_motor() -> None:
    # On its limit.
    scene = hinged(minimum=-2.0)
    hinge = scene.tree.node("hinge")
    before = scene.joint_position(hinge)
    assert hinge.drive is not None
    hinge.drive.motor, hinge.drive.max_force = True, 50.0
    hinge.drive.target_velocity = -0.5
    scene.redrive(hinge)
    scene.step(20)
    assert scene.joint_position(hinge) == pytest.approx(before - 0.05, abs=5e-3)
    # A target alone, while it sleeps again.
    hinge.drive.target_velocity = 0.0
    scene.retarget(hinge)
    scene.step(200)
    assert asleep(scene) == 1
    hinge.drive.target_velocity = -0.5
    scene.retarget(hinge)
    scene.step(20)
    assert scene.joint_position(hinge) == pytest.approx(before - 0.1, abs=5e-3)


def test_the_force_of_a_motor_is_told_though_it_slept() -> None:
    scene = hinged(flags=MOTOR, max_force=50.0)
    # 1 kg at 0.5 m.
    force = scene.joint_force(scene.tree.node("hinge"))
    assert abs(force) == pytest.approx(0.5 * 9.81, rel=0.01)
    assert asleep(scene) == 0
    scene.step(200)
    assert asleep(scene) == 0


def test_robots_never_sleep() -> None:
    scene = Scene()
    scene.load(read_model(PANDA.read_bytes()))
    scene.step(200)
    assert asleep(scene) == 0


def test_what_is_put_back_sleeps_again_though_its_forces_were_asked_for() -> None:
    """Else an episode would hang on what was asked in the one before."""
    scene = sleeping()
    box = scene.tree.node("box")
    place = scene.local_frame(box)
    scene.compiled.know_forces()
    scene.step(200)
    assert asleep(scene) == 0
    scene.arrange({box: (place, 0.0, UPRIGHT)})
    scene.step(200)
    assert asleep(scene) == 1
