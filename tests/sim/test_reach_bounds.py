"""Poses that are surely out of reach, and that no pose within reach is among them."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from pyrep_mujoco.scene.chain import Chain
from pyrep_mujoco.scene.inverse_kinematics import Reach
from pyrep_mujoco.scene.poses import rotations
from pyrep_mujoco.scene.reach_bounds import is_beyond_reach
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.ik_groups import simGetIkGroupHandle
from pyrep_mujoco.sim.ik_problem import problem
from pyrep_mujoco.ttm.groups import Constraint
from sim.arms import panda

WHOLE = Constraint(31)

UPPER_ARM, FOREARM, WRIST = 0.3266, 0.3928, 0.088
"""Of the Panda, from shoulder to elbow, to wrist, and to the last joint [m]: from the
Denavit-Hartenberg parameters in Franka's documentation."""


@pytest.fixture
def arm() -> Iterator[Reach]:
    _, joints = panda()
    asked = problem(simGetIkGroupHandle("Panda_ik"), joints)
    assert asked is not None
    yield asked.reaches[0]
    simulation.end()


def poses(turns: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(n, 4, 4) of rotation vectors and positions (n, 3)."""
    found = np.tile(np.eye(4), (len(turns), 1, 1))
    found[:, :3, :3], found[:, :3, 3] = rotations(turns), positions
    return found


def reach_of(rigid: np.ndarray, *, slides: bool = False) -> Reach:
    """A chain that begins at the world's origin."""
    count = len(rigid)
    return Reach(
        chain=Chain(
            base=np.eye(4),
            rigid=rigid,
            turns=np.full(count, 0.0 if slides else 1.0),
            rises=np.full(count, 1.0 if slides else 0.0),
            columns=slice(0, count),
            only_turns=not slides,
        ),
        constraints=WHOLE,
        axes=np.eye(3),
        linear_precision=5e-4,
        angular_precision=0.01,
        weights=(1.0, 1.0),
    )


def random_reach(rng: np.random.Generator, joints: int) -> Reach:
    return reach_of(
        poses(rng.normal(0, 2, (joints, 3)), rng.normal(0, 0.3, (joints, 3)))
    )


def within_precision(
    reach: Reach, tips: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Targets that tips are as far from as they may be."""
    shift, turn = rng.normal(size=(2, len(tips), 3))
    shift *= reach.linear_precision / np.linalg.norm(shift, axis=1)[:, None]
    turn *= reach.angular_precision / np.linalg.norm(turn, axis=1)[:, None]
    targets = tips.copy()
    targets[:, :3, :3] = rotations(turn) @ tips[:, :3, :3]
    targets[:, :3, 3] += shift
    return targets


def test_what_the_panda_reaches_is_never_beyond_its_reach(arm: Reach) -> None:
    rng = np.random.default_rng(0)
    positions = rng.uniform(-np.pi, np.pi, (500, 7))
    # Every other one with the elbow where the arm is longest.
    positions[::2, 3] = -(np.arctan(0.0825 / 0.316) + np.arctan(0.0825 / 0.384))
    targets = within_precision(arm, arm.chain.tip(positions), rng)
    assert not any(is_beyond_reach(arm, target) for target in targets)


@pytest.mark.parametrize("joints", [1, 2, 3, 4, 5, 6, 7])
def test_what_any_chain_reaches_is_never_beyond_its_reach(joints: int) -> None:
    rng = np.random.default_rng(joints)
    for _ in range(20):
        reach = random_reach(rng, joints)
        tips = reach.chain.tip(rng.uniform(-np.pi, np.pi, (20, joints)))
        for target in within_precision(reach, tips, rng):
            assert not is_beyond_reach(reach, target)


def test_a_panda_is_as_long_as_its_upper_arm_and_forearm(arm: Reach) -> None:
    """The wrist is put just farther from the shoulder, or just not so far."""
    chain = arm.chain
    shoulder = (chain.base @ chain.rigid[0])[:3, 3]
    hand = np.eye(4)
    # The last joint's axis is upright; the wrist is nearest to the shoulder on x.
    for more, beyond in ((-0.002, False), (0.005, True)):
        away = UPPER_ARM + FOREARM + WRIST + more
        height = np.linalg.inv(chain.rigid[-2])[2, 3]
        hand[:3, 3] = shoulder + (away, 0.0, -height)
        assert is_beyond_reach(arm, hand @ chain.rigid[-1]) == beyond


def test_chains_that_slide_and_poses_that_matter_in_part_are_left_to_the_search() -> (
    None
):
    far = np.eye(4)
    far[:3, 3] = 100.0
    rigid = poses(np.zeros((4, 3)), np.full((4, 3), 0.1))
    turning = reach_of(rigid)
    assert is_beyond_reach(turning, far)
    assert not is_beyond_reach(reach_of(rigid, slides=True), far)
    for bit in Constraint:
        part = dataclasses.replace(turning, constraints=WHOLE & ~bit)
        assert not is_beyond_reach(part, far)
