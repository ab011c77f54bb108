"""What slides is slowed by its friction alone, and stays down."""

import math

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.scene import Scene
from scene.levers import FLOOR, MOTOR, scene_of
from ttm_sensors import force_sensor

DT, GRAVITY = 0.005, 9.81
FRICTION = 0.7**2
"""The product of both coefficients."""
ALONG_X = (math.sqrt(0.5), 0, math.sqrt(0.5), 0)
"""Turns a joint's z axis along the world's x axis."""

SLIDE = (
    w.box("post", 1, dynamic=False, respondable=False, position=(-1, 0, 0.055)),
    w.joint(
        w.base("slide", 2, 1, quat_wxyz=ALONG_X),
        kind=11,
        flags=MOTOR,
        max_force=500.0,
        target_velocity=0.4,
    ),
    w.box("hand", 3, 2, mass=2.0),
)
"""A hand that a motor drives along the floor at 0.4 m/s."""


def send(scene: Scene, name: str, velocity: float) -> None:
    dofs = scene.compiled.places[scene.tree.node(name)].dofs
    scene.data.qvel[dofs.start] = velocity


def height(scene: Scene, name: str = "box") -> float:
    return scene.frame_w(scene.tree.node(name)).position[2]


def speed(scene: Scene, name: str = "box") -> float:
    return scene.velocity_w(scene.tree.node(name))[0][0]


def heights(scene: Scene, steps: int) -> list[float]:
    told = []
    for _ in range(steps):
        scene.step(1)
        told.append(height(scene))
    return told


@pytest.mark.parametrize("mass", [1e-3, 1.0, 50.0])
def test_what_slides_is_slowed_by_its_friction_and_stays_down(mass: float) -> None:
    scene = scene_of(FLOOR, w.box("box", 1, mass=mass, position=(0, 0, 0.05)))
    scene.step(100)
    before, start = 1.0, height(scene)
    send(scene, "box", before)
    for _ in range(38):
        scene.step(1)
        now = speed(scene)
        assert before - now == pytest.approx(FRICTION * GRAVITY * DT, rel=0.01)
        assert height(scene) == pytest.approx(start, abs=1e-5)
        before = now
    scene.step(40)
    assert abs(speed(scene)) < 1e-4
    way = scene.frame_w(scene.tree.node("box")).position[0]
    assert way == pytest.approx(1.0 / (2 * FRICTION * GRAVITY), rel=0.03)


@pytest.mark.parametrize("coefficient", [0.2, 1.0])
def test_its_friction_may_be_any(coefficient: float) -> None:
    box = w.box("box", 1, position=(0, 0, 0.05), friction=coefficient / 0.7)
    scene = scene_of(FLOOR, box)
    scene.step(100)
    send(scene, "box", 1.0)
    scene.step(10)
    slowed = 10 * coefficient * GRAVITY * DT
    assert 1.0 - speed(scene) == pytest.approx(slowed, rel=0.01)


def test_what_slides_down_a_slope_goes_as_coulomb_says() -> None:
    angle = 0.8
    turn = (math.cos(angle / 2), 0, math.sin(angle / 2), 0)
    sine, cosine = math.sin(angle), math.cos(angle)
    slope = w.box("slope", 1, index=1, size=(4, 4, 0.1), dynamic=False, quat_wxyz=turn)
    place = (0.1 * sine, 0, 0.1 * cosine)
    scene = scene_of(slope, w.box("box", 2, position=place, quat_wxyz=turn))
    scene.step(80)
    (x, _, z), _ = scene.velocity_w(scene.tree.node("box"))
    down = GRAVITY * (sine - FRICTION * cosine) * 80 * DT
    assert math.hypot(x, z) == pytest.approx(down, rel=0.02)


def test_what_lies_still_stays() -> None:
    scene = scene_of(FLOOR, w.box("box", 1, position=(0, 0, 0.05)))
    scene.step(100)
    start = scene.frame_w(scene.tree.node("box")).position
    scene.step(200)
    now = scene.frame_w(scene.tree.node("box")).position
    np.testing.assert_allclose(now, start, atol=1e-6)


@pytest.mark.parametrize("mass", [1e-3, 0.5])
def test_what_is_struck_is_not_thrown_up(mass: float) -> None:
    scene = scene_of(
        FLOOR,
        w.box("box", 1, mass=mass, position=(0, 0, 0.05)),
        w.box("puck", 2, mass=20.0, position=(-0.105, 0, 0.05)),
    )
    scene.step(100)
    start = height(scene)
    send(scene, "puck", 0.7)
    assert heights(scene, 60) == pytest.approx([start] * 60, abs=1e-3)
    assert scene.frame_w(scene.tree.node("box")).position[0] > 0.02


def test_what_a_hand_pushes_stays_down() -> None:
    scene = scene_of(FLOOR, *SLIDE, w.box("box", 4, position=(-0.88, 0, 0.05)))
    start = height(scene)
    assert heights(scene, 200) == pytest.approx([start] * 200, abs=1e-3)
    assert speed(scene) == pytest.approx(0.4, abs=0.05)


def test_what_stands_on_what_slides_stays_on_it() -> None:
    scene = scene_of(
        FLOOR,
        w.box("low", 1, position=(0, 0, 0.05)),
        w.box("box", 2, mass=0.01, position=(0, 0, 0.15), friction=1.2),
    )
    scene.step(100)
    start = height(scene)
    for name in ("low", "box"):
        send(scene, name, 1.0)
    assert heights(scene, 60) == pytest.approx([start] * 60, abs=1e-3)
    low, box = (scene.frame_w(scene.tree.node(name)) for name in ("low", "box"))
    assert box.position[0] == pytest.approx(low.position[0], abs=2e-3)
    assert low.position[0] == pytest.approx(1.0 / (2 * FRICTION * GRAVITY), rel=0.05)


def leave_out(scene: Scene, *names: str) -> None:
    compiled = scene.compiled
    bodies = [compiled.bodies[scene.tree.node(name)] for name in names]
    compiled.velocity_motors.sliding.leave_out(bodies)


def test_contacts_of_robots_are_left_as_they_are() -> None:
    """What is wedged between a robot and a hole would stay so."""
    scene = scene_of(FLOOR, w.box("box", 1, position=(0, 0, 0.05)))
    scene.step(100)
    leave_out(scene, "box")
    start = height(scene)
    send(scene, "box", 1.0)
    assert max(heights(scene, 10)) > start + 5e-3


def dragged(*left_out: str) -> list[float]:
    """Heights of a box that a hand holds and drags over the floor."""
    sensor = force_sensor(w.base("attach", 4, 3), breaks=False)
    box = w.box("box", 5, position=(-0.88, 0, 0.0499))
    scene = scene_of(FLOOR, *SLIDE, sensor, box)
    scene.hang(scene.tree.node("box"), scene.tree.node("attach"))
    scene.step(1)
    leave_out(scene, *left_out)
    return heights(scene, 20)


def test_contacts_of_what_robots_hold_are_left_as_they_are() -> None:
    as_they_were = dragged("hand", "box")
    assert dragged("hand") == as_they_were
    assert dragged() != as_they_were


def test_what_is_lighter_than_air_is_left_as_it_is() -> None:
    scene = scene_of(FLOOR, w.box("box", 1, mass=5e-7, position=(0, 0, 0.05)))
    scene.step(100)
    start = height(scene)
    send(scene, "box", 1.0)
    assert max(heights(scene, 10)) > start + 5e-3
