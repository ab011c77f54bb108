"""What the physics does with masses, joints and motors that files describe."""

import dataclasses
import struct

import mujoco
import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape
from scene.levers import FLOOR, MOTOR, POOL, arm, scene_of


def test_a_box_falls_and_comes_to_rest_on_the_floor() -> None:
    scene = scene_of(FLOOR, w.box("box", 1, position=(0, 0, 0.5)))
    box = scene.tree.node("box")
    scene.step(20)
    # 0.1 s of free fall, as MuJoCo's integrator has it.
    fallen = 9.81 * 0.005**2 * 20 * 21 / 2
    assert scene.frame_w(box).position[2] == pytest.approx(0.5 - fallen)
    scene.step(400)
    assert scene.frame_w(box).position[2] == pytest.approx(0.05, abs=1e-3)
    assert abs(scene.data.qvel).max() < 1e-3


def test_what_overlaps_is_parted_without_being_thrown() -> None:
    scene = scene_of(FLOOR, w.box("box", 1, position=(0, 0, 0.03)))
    box = scene.tree.node("box")
    speeds = []
    for _ in range(300):
        scene.step(1)
        speeds.append(scene.data.qvel[2])
    # 2 cm deep at 2 cm/s.
    assert 0.015 < max(speeds) < 0.025
    assert scene.frame_w(box).position[2] == pytest.approx(0.05, abs=1e-3)


def test_a_speck_turns_as_easily_as_its_file_says() -> None:
    scene = scene_of(w.box("speck", 1, mass=5e-7))
    inertia = scene.model.body("speck").inertia
    assert inertia == pytest.approx(5e-7 * 0.01)


def test_mass_and_inertia_are_those_of_the_file() -> None:
    scene = scene_of(w.box("box", 1, mass=3.0))
    body = scene.model.body("box")
    assert body.mass[0] == pytest.approx(3)
    # The file has 0.01 m^2 per unit of mass.
    np.testing.assert_allclose(body.inertia, 0.03, rtol=1e-5)


def test_a_mass_of_zero_is_coppeliasims_least() -> None:
    scene = scene_of(w.box("box", 1, mass=0.0))
    assert scene.model.body("box").mass[0] == pytest.approx(0.001)


def test_a_joint_stands_where_the_file_says_and_stays_in_its_limits() -> None:
    scene = arm(position=0.25, minimum=-0.5)
    hinge = scene.tree.node("hinge")
    assert scene.joint_position(hinge) == pytest.approx(0.25)
    tree_place = scene.tree.node("weight").frame_w
    assert scene.frame_w(scene.tree.node("weight")).position == pytest.approx(
        tree_place.position
    )
    scene.step(600)
    # Gravity turns it about +y, down to the upper limit: -0.5 + 2.
    assert scene.joint_position(hinge) == pytest.approx(1.5, abs=0.02)


def test_a_limit_does_not_give_way_to_a_load() -> None:
    scene = arm(mass=5.0, minimum=-2.0)
    scene.step(10)
    # 25 Nm press it on its upper limit: -2 + 2.
    assert scene.joint_position(scene.tree.node("hinge")) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("of_box", "of_floor"), [(0.4, 1.0), (0.5, 0.5), (1.2, 0.2)])
def test_friction_is_the_product_of_both_coefficients(
    of_box: float, of_floor: float
) -> None:
    floor = w.box(
        *("floor", 90),
        index=1,
        size=(4.0, 4.0, 0.1),
        dynamic=False,
        position=(0, 0, -0.05),
        friction=of_floor,
    )
    scene = scene_of(floor, w.box("box", 1, position=(0, 0, 0.05), friction=of_box))
    box = scene.tree.node("box")

    def friction_against(force: float) -> float:
        """What holds it back for 0.25 s; both as shares of its weight."""
        scene.put_free(box, frame((0, 0, 0.05), (1, 0, 0, 0)))
        scene.data.qfrc_applied[0] = force * 9.81
        scene.step(50)
        return force - scene.data.qvel[0] / 0.25 / 9.81

    product = of_box * of_floor
    for force in 0.9 * product, 1.5 * product:
        assert friction_against(force) == pytest.approx(min(force, product), rel=0.1)
    assert isinstance(box.source, Shape)
    material = dataclasses.replace(box.source.material, friction=1.5 * of_box)
    box.source = dataclasses.replace(box.source, material=material)
    scene.rub(box)
    product *= 1.5
    for force in 0.9 * product, 1.5 * product:
        assert friction_against(force) == pytest.approx(min(force, product), rel=0.1)


def test_a_ball_joint_keeps_what_hangs_on_it_together() -> None:
    scene = arm(kind=12, flags=0x01)
    scene.step(300)
    post, weight = (scene.frame_w(scene.tree.node(n)) for n in ("post", "weight"))
    way = np.subtract(weight.position, post.position)
    assert np.linalg.norm(way) == pytest.approx(0.5)
    assert abs(way[0]) < 0.5


def test_linked_dummies_close_a_loop() -> None:
    """Two levers and a bar; the bar's far end is held by nothing but the link."""
    parts = [w.box("post", 1, dynamic=False, position=(0, 0, 3))]
    for number, side in enumerate((-0.5, 0.5)):
        hinge, lever = 10 * number + 10, 10 * number + 11
        turned = (np.sqrt(0.5), -np.sqrt(0.5), 0, 0)
        head = w.base(
            f"hinge{number}", hinge, 1, position=(side, 0, 0), quat_wxyz=turned
        )
        parts += [
            w.joint(head, flags=0x01),
            w.box(f"lever{number}", lever, hinge, respondable=False),
        ]
    parts += [
        w.joint(w.base("elbow", 30, 11, position=(0, 1, 0)), flags=0x01),
        w.box("bar", 31, 30, respondable=False),
        w.dummy(w.base("end", 32, 31, position=(1, 0, 0)), linked=33),
        w.dummy(w.base("eye", 33, 21, position=(0, 1, 0)), linked=32),
    ]
    scene = scene_of(*parts)
    scene.data.joint("hinge0").qvel[0] = scene.data.joint("hinge1").qvel[0] = 1.0
    scene.data.joint("elbow").qvel[0] = -1.0
    scene.step(300)
    places = [scene.frame_w(scene.tree.node(name)).position for name in ("end", "eye")]
    assert places[0] == pytest.approx(places[1], abs=1e-3)
    # The levers stay parallel, and they did move.
    angles = [scene.joint_position(scene.tree.node(f"hinge{n}")) for n in (0, 1)]
    assert angles[0] == pytest.approx(angles[1], abs=1e-3)
    assert abs(angles[0]) > 0.1


def test_a_cut_force_sensor_lets_go() -> None:
    sensor = w.chunk(
        "FSE",
        w.base("glue", 2, 1),
        w.chunk("Vab", b"\0"),
        w.chunk("Tri", 1.0, 1.0, 1),
        w.chunk("Siz", 0.01),
        b"EOO",
    )
    scene = scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        sensor,
        w.box("cork", 3, 2, position=(0, 0, -0.2)),
    )
    cork = scene.tree.node("cork")
    scene.step(50)
    assert scene.frame_w(cork).position[2] == pytest.approx(1.8)
    scene.hang(cork, None)
    assert scene.frame_w(cork).position[2] == pytest.approx(1.8)
    scene.step(50)
    assert scene.frame_w(cork).position[2] < 1.6


def test_physics_that_blows_up_is_an_error_that_names_the_object() -> None:
    scene = scene_of(w.box("box", 1))
    scene.data.qvel[0] = np.nan
    with pytest.raises(SceneError, match="'box' moves at a speed"):
        scene.step()


def test_a_height_field_that_should_make_contacts_is_an_error() -> None:
    field = w.mesh("Gst", 0, (1, 1, 1), primitive=7)
    scene = Scene()
    with pytest.raises(SceneError, match="'hills' is a height field"):
        scene.load(read_model(w.file(POOL, w.shape(w.base("hills", 1), field))))
    assert len(scene.tree) == 0


@pytest.mark.parametrize("tilt", [0.0, 0.5])
def test_a_flat_mesh_makes_contacts_however_it_lies_in_its_frame(tilt: float) -> None:
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    corners = [(x * np.cos(tilt), y, x * np.sin(tilt)) for x, y in square]
    pool = w.section(
        "VIN",
        w.chunk("Ver", b"".join(struct.pack("<3f", *corner) for corner in corners)),
        w.chunk("Ver", w.box_corners((0.1, 0.1, 0.1))),
        w.chunk("Ind", struct.pack("<6i", 0, 1, 2, 0, 2, 3)),
        w.chunk("Ind", w.box_indices()),
        w.chunk("Nor", struct.pack("<18f", *(0, 0, 1) * 6)),
        w.chunk("Nor", struct.pack("<108f", *(0, 0, 1) * 36)),
    )
    # Turned back about y, so that the sheet lies level in the world.
    head = w.base("sheet", 1, quat_wxyz=(np.cos(tilt / 2), 0, np.sin(tilt / 2), 0))
    sheet = w.mesh("Gst", 0, (1, 1, 1), primitive=0)
    scene = Scene()
    scene.load(
        read_model(
            w.file(
                pool,
                w.shape(head, sheet, dynamic=False),
                w.box("box", 2, index=1, position=(0.3, 0.2, 0.1)),
            )
        )
    )
    scene.step(300)
    place = scene.frame_w(scene.tree.node("box")).position
    assert place == pytest.approx((0.3, 0.2, 0.05), abs=2e-3)


def test_putting_an_object_somewhere_takes_its_tree_along() -> None:
    scene = arm(flags=MOTOR, max_force=20.0)
    post, weight = scene.tree.node("post"), scene.tree.node("weight")
    scene.step(10)
    before = np.subtract(scene.frame_w(weight).position, scene.frame_w(post).position)
    scene.place(post, frame((1, 2, 3), (1, 0, 0, 0)))
    assert scene.frame_w(post).position == pytest.approx((1, 2, 3))
    after = np.subtract(scene.frame_w(weight).position, (1, 2, 3))
    np.testing.assert_allclose(after, before, atol=1e-9)
    mujoco.mj_forward(scene.model, scene.data)
    scene.step(10)
    assert scene.frame_w(post).position == pytest.approx((1, 2, 3))
