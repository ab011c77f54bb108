"""Links that never meet are not looked at for contacts, and only those."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

from pyrep_mujoco.scene.apart import MARGIN, candidates, never_meet
from pyrep_mujoco.scene.frames import Frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.read import read_model

PANDA = Path(__file__).parents[1] / "data" / "ttm" / "Panda.ttm"
TURN = 2.0
"""How far each hinge of the folding ruler turns either way [rad]."""

ENDS_OF_JOINT_4 = {
    ("Panda_link2_respondable", "Panda_link4_respondable"),
    ("Panda_link3_respondable", "Panda_link5_respondable"),
}


def ruler(*, last_width: float) -> mujoco.MjModel:
    """Three bars of 0.4 m on top of each other; the last may fold back onto the first.

    The hinges' axes are parallel, 0.4 m from each other; between the first bar and the
    last one there is a gap, which is the less the wider the last bar is.
    """
    return mujoco.MjModel.from_xml_string(f"""
        <mujoco><worldbody>
          <body name="first">
            <geom type="box" size=".2 .02 .02"/>
            <body name="middle" pos=".2 .1 0">
              <joint name="one" axis="0 0 1"/>
              <geom type="box" size=".2 .02 .02" pos=".2 0 0"
                    contype="0" conaffinity="0"/>
              <body name="last" pos=".4 0 0">
                <joint name="two" axis="0 0 1"/>
                <geom type="capsule" fromto="0 0 0 .1 0 0" size="{last_width}"/>
              </body>
            </body>
          </body>
        </worldbody></mujoco>""")


def meets_never(model: mujoco.MjModel, turn: float = TURN) -> bool:
    bodies = model.body("first").id, model.body("last").id
    joints = model.joint("one").id, model.joint("two").id
    return never_meet(model, bodies, joints, [(-turn, turn), (-turn, turn)])


def least_distance(model: mujoco.MjModel, turn: float = TURN) -> float:
    """Between the first bar and the last one, on a fine grid."""
    data = mujoco.MjData(model)
    first, last = model.body("first").geomadr[0], model.body("last").geomadr[0]
    least = np.inf
    for one in np.linspace(-turn, turn, 81):
        for two in np.linspace(-turn, turn, 81):
            data.qpos[:] = one, two
            mujoco.mj_kinematics(model, data)
            distance = mujoco.mj_geomDistance(model, data, first, last, 1.0, None)
            least = min(least, distance)
    return least


@pytest.mark.parametrize("turn", [0.5, 1.5, 2.0, 2.6])
@pytest.mark.parametrize("width", [0.01, 0.05, 0.1, 0.2])
def test_only_what_never_meets_on_a_fine_grid_is_said_to(
    turn: float, width: float
) -> None:
    model = ruler(last_width=width)
    least = least_distance(model, turn)
    assert meets_never(model, turn) == (least > 2e-3)


def panda() -> Scene:
    scene = Scene()
    scene.load(read_model(PANDA.read_bytes()))
    return scene


def spared(scene: Scene) -> set[tuple[str, str]]:
    """Pairs of links two joints from each other of which MuJoCo makes no contacts."""
    compiled = scene.compiled
    left_out = set(compiled.model.exclude_signature.tolist())
    pairs = set()
    for pair in candidates(compiled.links, compiled.robots):
        low, high = sorted(compiled.bodies[link] for link in pair.links)
        if (low << 16) + high in left_out:
            pairs.add((pair.links[0].name, pair.links[1].name))
    return pairs


def test_links_of_the_panda_two_joints_apart_never_meet() -> None:
    """Not one pair in poses all over its limits touches."""
    scene = panda()
    pairs = spared(scene)
    assert {number for _, number in pairs} == {
        f"Panda_link{number}_respondable" for number in range(2, 8)
    }
    model, data = scene.model, scene.data
    rng = np.random.default_rng(0)
    arm = slice(0, 7)
    low, high = model.jnt_range[arm].T
    for _ in range(300):
        data.qpos[arm] = rng.uniform(low, high)
        mujoco.mj_kinematics(model, data)
        for first, second in pairs:
            for one in solid(model, first):
                for other in solid(model, second):
                    assert (
                        mujoco.mj_geomDistance(model, data, one, other, 0.1, None) > 0
                    )


def solid(model: mujoco.MjModel, body: str) -> list[int]:
    """A body's geoms that make contacts."""
    first, count = model.body(body).geomadr[0], model.body(body).geomnum[0]
    return [n for n in range(first, first + count) if model.geom_contype[n]]


def test_a_joint_that_gets_wider_limits_lets_its_links_touch() -> None:
    scene = panda()
    before = spared(scene)
    elbow = scene.tree.node("Panda_joint4")
    assert elbow.drive is not None
    elbow.drive.minimum -= MARGIN
    elbow.drive.range += MARGIN
    scene.redrive(elbow)
    scene.step()
    assert before - spared(scene) == ENDS_OF_JOINT_4
    order = scene.model.exclude_signature.tolist()
    assert order == sorted(order)


def test_a_cyclic_joint_lets_its_links_touch() -> None:
    scene = panda()
    wrist = scene.tree.node("Panda_joint7")
    assert wrist.drive is not None
    wrist.drive.cyclic = True
    scene.redrive(wrist)
    scene.step()
    assert ("Panda_link5_respondable", "Panda_link7_respondable") not in spared(scene)


def test_a_joint_that_stands_elsewhere_lets_its_links_touch() -> None:
    scene = panda()
    before = spared(scene)
    link = scene.tree.node("Panda_link4_respondable")
    place = scene.frame_w(link)
    x, y, z = place.position
    scene.place(link, Frame((x + 0.1, y, z), place.quat_wxyz))
    scene.step()
    assert before - spared(scene) == ENDS_OF_JOINT_4


def test_links_of_two_robots_touch() -> None:
    """What is left out is left out of each robot alone."""
    scene = panda()
    scene.load(read_model(PANDA.read_bytes()))
    scene.step()
    assert len(spared(scene)) == 12
    assert all(("#" in first) == ("#" in second) for first, second in spared(scene))
    touching = {
        tuple(scene.model.body(scene.model.geom_bodyid[geom]).name for geom in pair)
        for pair in scene.data.contact.geom
    }
    assert ("Panda_link4_respondable", "Panda_link3_respondable#0") in touching
