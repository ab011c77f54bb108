"""Straight lines of tips as paths of joints; joint positions for poses anywhere."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.chain import chain, limits
from pyrep_mujoco.scene.frames import compose, frame
from pyrep_mujoco.scene.poses import between
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.ik_groups import simGetIkGroupHandle, simSetIkGroupProperties
from pyrep_mujoco.sim.ik_paths import generateIkPath
from pyrep_mujoco.sim.ik_problem import problem
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.sim.tip_configurations import MOST_DRAWN, simGetConfigForTipPose
from pyrep_mujoco.ttm.read import read_model
from sim.arms import panda

READY = [0.0, 0.2, 0.0, -1.8, 0.0, 2.0, 0.79]


@pytest.fixture
def arm() -> Iterator["Arm"]:
    yield Arm()
    simulation.end()


class Arm:
    """PyRep's Panda, ready, and questions about it."""

    def __init__(self) -> None:
        self.launched, self.joints = panda()
        self.scene, tree = self.launched.scene, self.launched.scene.tree
        self.nodes = [self.launched.node(handle) for handle in self.joints]
        for node, position in zip(self.nodes, READY, strict=True):
            self.scene.set_joint_position(node, position)
        self.group = simGetIkGroupHandle("Panda_ik")
        (self.collection,) = tree.collections
        self.tip, self.target = tree.node("Panda_tip"), tree.node("Panda_target")
        self.chain = chain(self.scene, self.nodes, self.tip, tree.node("Panda"))

    def aim(self, move: tuple[float, float, float], turn: Any = (1, 0, 0, 0)) -> None:
        """Put the target somewhere as seen from the tip."""
        place = compose(self.scene.frame_w(self.tip), frame(move, turn))
        self.scene.place(self.target, place)

    def line(self, points: int, *, collisions: bool = False) -> np.ndarray:
        pairs = [self.collection, -2] if collisions else []
        path = generateIkPath(self.group, self.joints, points, pairs, None)
        return np.reshape(path, (-1, 7))

    def anywhere(
        self, *, collisions: bool = False, farthest: float = 0.65
    ) -> list[float]:
        pairs = [self.collection, -2] if collisions else []
        lower, upper = limits(self.nodes)
        return simGetConfigForTipPose(
            *(self.group, self.joints, farthest, 10, None, pairs, None),
            *(lower.tolist(), upper.tolist()),
        )

    def errors(self, positions: np.ndarray) -> np.ndarray:
        """Distances of the tip from the target [m]."""
        there = self.chain.tip(np.atleast_2d(positions))[:, :3, 3]
        target = self.scene.frame_w(self.target).position
        return np.linalg.norm(there - target, axis=1)


def put_box(
    launched: Simulation, position: tuple[float, float, float], edge: float
) -> None:
    size = (edge, edge, edge)
    box = w.box("box", 1, dynamic=False, size=size, position=position)
    launched.scene.load(read_model(w.file(w.box_pool(size), box)))


def test_a_line_is_straight_and_even_and_ends_at_the_target(arm: Arm) -> None:
    arm.aim((0.1, 0.1, -0.05), (0.98, 0.0, 0.2, 0.0))
    path = arm.line(25)
    np.testing.assert_allclose(path[0], READY, atol=1e-3)
    assert arm.errors(path[-1])[0] <= 5e-4
    tips = arm.chain.tip(path)[:, :3, 3]
    way = tips[-1] - tips[0]
    np.testing.assert_allclose(
        np.diff(tips, axis=0), np.tile(way / 24, (24, 1)), atol=1e-3
    )
    assert np.abs(np.diff(path, axis=0)).max() < 0.1


def test_points_of_a_short_line_differ(arm: Arm) -> None:
    """What PyRep divides by is the distance between points; it got NaN of 0 by 0."""
    arm.aim((0.001, 0.0, 0.0))
    path = arm.line(50)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.min() > 0.5 * steps.max()


def test_a_line_out_of_reach_is_no_path(arm: Arm) -> None:
    arm.aim((5.0, 0.0, 0.0))
    assert arm.line(50).size == 0
    assert arm.anywhere() == []


def test_a_pose_surely_out_of_reach_costs_as_many_draws_as_any(arm: Arm) -> None:
    """What RLBench draws next may not depend on how the answer was found."""
    arm.aim((5.0, 0.0, 0.0))
    np.random.seed(3)  # noqa: NPY002
    assert arm.anywhere() == []
    after = np.random.uniform()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    np.random.uniform(size=(MOST_DRAWN, 7))  # noqa: NPY002
    assert after == np.random.uniform()  # noqa: NPY002


def seeded(arm: Arm) -> tuple[list[float], float]:
    """A solution, and what is drawn next."""
    np.random.seed(3)  # noqa: NPY002
    return arm.anywhere(), np.random.uniform()  # noqa: NPY002


def test_solutions_not_yet_given_are_forgotten_when_time_goes_on(arm: Arm) -> None:
    """What follows a seed may not depend on what was asked last before it."""
    arm.aim((0.1, 0.1, -0.05))
    positions = [arm.scene.joint_position(node) for node in arm.nodes]
    told = seeded(arm)
    assert seeded(arm) != told  # The next one of those that were found, undrawn.
    arm.launched.step()
    for node, position in zip(arm.nodes, positions, strict=True):
        arm.scene.set_joint_position(node, position)
    assert seeded(arm) == told


def test_a_solution_is_for_where_the_arm_stands_now(arm: Arm) -> None:
    np.random.seed(3)  # noqa: NPY002
    arm.aim((0.1, 0.1, -0.05))
    arm.scene.hang(arm.target, None)
    assert len(arm.anywhere()) == 7
    base = arm.scene.tree.node("Panda")
    elsewhere = frame((0.1, 0.05, 0.0), (1, 0, 0, 0))
    arm.scene.place(base, compose(arm.scene.frame_w(base), elsewhere))
    arm.chain = chain(arm.scene, arm.nodes, arm.tip, base)
    assert arm.errors(np.array(arm.anywhere()))[0] <= 5e-4


def test_a_line_that_meets_something_is_a_path_only_if_that_does_not_matter(
    arm: Arm,
) -> None:
    start = arm.scene.frame_w(arm.tip)
    arm.aim((0.0, 0.3, 0.0))
    assert arm.line(30, collisions=True).size
    put_box(
        arm.launched, compose(start, frame((0, 0.15, 0), (1, 0, 0, 0))).position, 0.06
    )
    assert arm.line(30, collisions=True).size == 0
    assert arm.line(30).size


def test_a_line_of_one_point_is_refused(arm: Arm) -> None:
    with pytest.raises(RuntimeError, match="2 points or more, not 1"):
        arm.line(1)


def test_configurations_for_a_pose_differ_and_all_take_it(arm: Arm) -> None:
    arm.aim((0.1, 0.2, -0.1))
    np.random.seed(3)  # noqa: NPY002
    found = np.array([arm.anywhere() for _ in range(20)])
    assert arm.errors(found).max() <= 5e-4
    lower, upper = limits(arm.nodes)
    assert np.all((found >= lower) & (found <= upper))
    apart = np.linalg.norm(found[:, None] - found, axis=2)
    assert apart[~np.eye(20, dtype=bool)].min() > 1e-6


def test_configurations_found_before_are_not_given_for_other_settings(
    arm: Arm,
) -> None:
    arm.aim((0.1, 0.2, -0.1))
    np.random.seed(3)  # noqa: NPY002
    assert len(arm.anywhere()) == 7
    simSetIkGroupProperties(arm.group, 0, 0, 0.0)
    assert arm.anywhere() == []


def test_numpys_seed_decides_about_configurations(arm: Arm) -> None:
    found = []
    for seed in (3, 3, 4):
        # Another question in between, so that nothing is left of the one before.
        arm.aim((0.3, 0.0, 0.0))
        arm.anywhere()
        for node, position in zip(arm.nodes, READY, strict=True):
            arm.scene.set_joint_position(node, position)
        arm.aim((0.1, 0.2, -0.1))
        np.random.seed(seed)  # noqa: NPY002
        found.append(arm.anywhere())
    assert found[0] == found[1] != found[2]


def test_configurations_are_free_of_collisions_if_asked(arm: Arm) -> None:
    arm.aim((0.0, 0.2, 0.0))
    target = arm.scene.frame_w(arm.target).position
    # Larger than the open hand.
    put_box(arm.launched, target, 0.2)
    assert arm.anywhere(collisions=True) == []
    assert len(arm.anywhere()) == 7


def test_configurations_are_seldom_at_a_limit(arm: Arm) -> None:
    lower, upper = limits(arm.nodes)
    # Of what a patient solver finds for this pose, 64 in 100 are at one.
    arm.aim((0.1, 0.2, -0.1), (0.7, 0.0, -0.7, 0.0))
    np.random.seed(0)  # noqa: NPY002
    found = np.array([arm.anywhere() for _ in range(40)])
    at_limit = ((found < lower + 1e-3) | (found > upper - 1e-3)).any(axis=1)
    assert at_limit.mean() <= 0.1


def test_starts_too_far_away_do_not_count(arm: Arm) -> None:
    arm.aim((0.1, 0.2, -0.1))
    assert arm.anywhere(farthest=0.65)
    assert arm.anywhere(farthest=0.0) == []


def test_a_line_solved_in_blocks_is_the_line_solved_point_by_point(arm: Arm) -> None:
    # Towards a stretched arm, where a joint meets its limit.
    for move in ((0.1, 0.1, -0.05), (-0.25, 0.0, 0.1), (0.0, 0.0, -0.3)):
        arm.aim(move, (0.98, 0.0, 0.2, 0.0))
        asked = problem(arm.group, arm.joints)
        assert asked is not None
        line = between(asked.tips()[0], asked.targets[0], np.linspace(0, 1, 50))
        path, last = [], asked.start[None]
        for pose in line:
            last, reached = asked.solve(last, [pose])
            if not reached[0]:
                break
            path.append(last[0])
        found = arm.line(50)
        if len(path) < 50:
            assert found.size == 0
        else:
            np.testing.assert_allclose(found, path, atol=0.02)
