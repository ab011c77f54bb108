"""Configurations: where objects were, and what follows when they are put back."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import Frame, about_z
from pyrep_mujoco.sim import configurations, joints, simulation
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape
from scene.levers import FLOOR, POOL
from sim.arms import panda

LOOSE = (
    FLOOR,
    w.box("box", 2, position=(0.45, 0.05, 0.05)),
    w.box("other", 3, position=(0.45, 0.05, 0.15)),
    w.joint(w.base("hinge", 4, 5, position=(0.0, 0.4, 0.3)), mode=5),
    w.box("post", 5, dynamic=False, position=(0.1, 0.5, 0.2)),
    w.box("flap", 6, 4, position=(0.2, 0.0, 0.0)),
)


def episode(launched: Simulation, start: list[bytes], seed: int) -> list[bytes]:
    """Positions and velocities as it goes on from where it was put back."""
    for configuration in start:
        configurations.simSetConfigurationTree(configuration)
    rng = np.random.default_rng(seed)
    seen = []
    tree = launched.scene.tree
    for _ in range(6):
        for number in range(1, 8):
            handle = tree.node(f"Panda_joint{number}").handle
            joints.simSetJointTargetVelocity(handle, rng.uniform(-1, 1))
        launched.step()
        data = launched.scene.data
        seen.append(data.qpos.tobytes() + data.qvel.tobytes())
    return seen


def turn_the_robot(launched: Simulation) -> None:
    robot = launched.scene.tree.node("Panda")
    launched.scene.place(robot, Frame((0.3, -0.2, 0.01), about_z(0.7)))


def compile_anew(launched: Simulation) -> None:
    launched.scene.recompile()


def hang_the_box_on_the_hand(launched: Simulation) -> None:
    tree = launched.scene.tree
    box = tree.node("box")
    launched.scene.hang(box, tree.node("Panda_tip"))
    launched.step()
    launched.scene.hang(box, None)


@pytest.mark.parametrize(
    "between", [turn_the_robot, compile_anew, hang_the_box_on_the_hand]
)
def test_the_same_follows_bit_for_bit_whatever_was_before(
    between: Callable[[Simulation], None],
) -> None:
    launched, _ = panda()
    launched.scene.load(read_model(w.file(POOL, *LOOSE)))
    tops = [node for node in launched.scene.tree if node.parent is None]
    start = [configurations.simGetConfigurationTree(top.handle) for top in tops]
    told = episode(launched, start, seed=0)
    assert len(set(told)) == len(told)
    episode(launched, start, seed=1)
    between(launched)
    episode(launched, start, seed=2)
    assert episode(launched, start, seed=0) == told
    compile_anew(launched)
    assert episode(launched, start, seed=0) == told
    simulation.end()


def test_a_robot_that_is_put_back_first_ends_where_it_does_bit_for_bit() -> None:
    """As PyRep puts it: a part of it is not dynamic for two steps; then all else."""
    launched, handles = panda()
    launched.scene.load(read_model(w.file(POOL, *LOOSE)))
    tree = launched.scene.tree
    hand = tree.node("Panda_link7_respondable")
    robot, *rest = [
        configurations.simGetConfigurationTree(top.handle)
        for top in sorted(tree, key=lambda node: node.name != "Panda")
        if top.parent is None
    ]

    def let_move(dynamic: bool) -> None:
        assert isinstance(hand.source, Shape)
        hand.source = dataclasses.replace(hand.source, dynamic=dynamic)
        launched.scene.unsettle()

    def put_back() -> bytes:
        configurations.simSetConfigurationTree(robot)
        for handle in handles:
            joints.simSetJointTargetVelocity(handle, 0.3)
        let_move(False)
        launched.step()
        launched.step()
        let_move(True)
        for configuration in rest:
            configurations.simSetConfigurationTree(configuration)
        launched.step()
        data = launched.scene.data
        return data.qpos.tobytes() + data.qvel.tobytes()

    told = put_back()
    for height in 0.06, 0.3, 1.0:
        elsewhere = Frame((0.45, 0.05, height), about_z(0.3))
        launched.scene.place(tree.node("box"), elsewhere)
        assert put_back() == told
    simulation.end()
