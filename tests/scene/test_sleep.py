"""Bodies that lie still sleep, and wake when anything changes for them."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import Frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.shapes import Shape
from scene.levers import FLOOR, MOTOR, scene_of

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
    scenes[1].compiled.sleep.forbid()
    for scene in scenes:
        scene.step(400)
    assert [asleep(scene) for scene in scenes] == [1, 0]
    assert height(scenes[0]) == pytest.approx(height(scenes[1]), abs=1e-5)


def test_what_sleeps_does_not_blur_the_forces_on_the_rest() -> None:
    """MuJoCo reckons anew in the step in which something falls asleep."""
    turning = (
        w.box("post", 3, dynamic=False, position=(2, 0, 2)),
        w.joint(
            w.base("hinge", 4, 3, quat_wxyz=(np.sqrt(0.5), -np.sqrt(0.5), 0, 0)),
            flags=MOTOR,
            target_velocity=0.5,
            max_force=50.0,
        ),
        w.box("weight", 5, 4, position=(0.5, 0, 0)),
    )
    told = []
    for sleeps in (True, False):
        scene = scene_of(FLOOR, SHELF, BOX, *turning)
        if not sleeps:
            scene.compiled.sleep.forbid()
        forces = []
        for _ in range(100):
            scene.step(1)
            forces.append(scene.joint_force(scene.tree.node("hinge")))
        told.append(forces)
        assert asleep(scene) == sleeps
    # Forces that are reckoned anew are those of half a degree further.
    np.testing.assert_allclose(told[0], told[1], atol=0.05)
