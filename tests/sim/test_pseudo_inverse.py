"""A few whole steps of inverse kinematics, many starts at once."""

from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest

from pyrep_mujoco.scene.pseudo_inverse import step_to_targets
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.ik_groups import simGetIkGroupHandle
from pyrep_mujoco.sim.ik_problem import Problem, problem
from sim.arms import panda


@pytest.fixture
def asked() -> Iterator[Problem]:
    """What PyRep's Panda's group asks."""
    _, joints = panda()
    found = problem(simGetIkGroupHandle("Panda_ik"), joints)
    assert found is not None
    yield found
    simulation.end()


RECORDED = Path(__file__).parents[1] / "data" / "delta_ee_ik.npz"
"""Moves of a Panda in CoppeliaSim: joints and tip before, the move, and what came."""

READY = np.array([0.0, 0.2, 0.0, -1.8, 0.0, 2.0, 0.79])


def test_each_start_comes_to_its_own_target(asked: Problem) -> None:
    away = np.random.default_rng(0).normal(0, 0.1, (5, 7))
    targets = asked.reaches[0].chain.tip(READY + away)
    starts = np.tile(READY, (5, 1))
    ends, reached = step_to_targets(
        asked.reaches, starts, [targets], asked.limits, iterations=6
    )
    assert reached.all()
    tips = asked.reaches[0].chain.tip(ends)
    np.testing.assert_allclose(tips[:, :3, 3], targets[:, :3, 3], atol=5e-4)
    assert np.all(starts == READY)


def test_one_target_is_all_starts_whatever_their_number(asked: Problem) -> None:
    """Four starts and one target of four rows are no four targets."""
    starts = READY + np.random.default_rng(1).normal(0, 0.1, (4, 7))
    target = asked.reaches[0].chain.tip(READY[None])[0]
    ends, reached = asked.solve(starts, [target])
    alone = [asked.solve(start[None], [target]) for start in starts]
    assert np.all(ends == np.concatenate([end for end, _ in alone]))
    assert np.all(reached == np.concatenate([there for _, there in alone]))


def test_steps_are_whole_and_few(asked: Problem) -> None:
    target = asked.reaches[0].chain.tip(READY[None] + 0.5)[0]
    for iterations, expected in ((0, False), (1, False), (6, True)):
        _, reached = step_to_targets(
            *(asked.reaches, READY[None], [target], asked.limits),
            iterations=iterations,
        )
        assert reached[0] == expected


def test_joints_stop_at_their_limits(asked: Problem) -> None:
    lower, upper = READY - 0.1, READY + 0.1
    target = asked.reaches[0].chain.tip(READY[None] + 0.3)[0]
    ends, reached = step_to_targets(
        asked.reaches, READY[None], [target], (lower, upper), iterations=6
    )
    assert not reached[0]
    assert np.all((ends >= lower) & (ends <= upper))
    assert np.any((ends == lower) | (ends == upper))


def test_damping_shortens_steps(asked: Problem) -> None:
    target = asked.reaches[0].chain.tip(READY[None] + 0.2)[0]
    moves = [
        step_to_targets(
            *(asked.reaches, READY[None], [target], asked.limits),
            iterations=1,
            damping=damping,
        )[0][0]
        - READY
        for damping in (0.0, 1.0)
    ]
    assert np.linalg.norm(moves[1]) < 0.9 * np.linalg.norm(moves[0])


def rotation(quat_xyzw: np.ndarray) -> np.ndarray:
    """Of a quaternion (4,), as a matrix (3, 3)."""
    found = np.empty(9)
    mujoco.mju_quat2Mat(found, np.roll(quat_xyzw, 1))
    return found.reshape(3, 3)


def test_steps_come_as_far_as_coppeliasims_do(asked: Problem) -> None:
    """A patient solver does one of the moves that it gives up, row 6."""
    reached = []
    rows = np.load(RECORDED)["rows"]
    for row in rows:
        start = row[None, :7]
        # The recorded robot stood elsewhere: the move as its tip saw it.
        tip, move = np.eye(4), np.eye(4)
        tip[:3, :3] = rotation(row[10:14])
        move[:3, :3] = rotation(row[17:21])
        seen = tip.T @ move @ tip
        seen[:3, 3] = tip[:3, :3].T @ row[14:17]
        target = asked.reaches[0].chain.tip(start)[0] @ seen
        ends, there = asked.solve(start, [target])
        reached.append(bool(there[0]))
        if there[0]:
            # The recorded robot came there by physics.
            np.testing.assert_allclose(ends[0], row[23:30], atol=0.01)
    assert reached == (rows[:, 21] == 1).tolist()


def test_a_first_step_is_made_even_within_the_precision(asked: Problem) -> None:
    target = asked.reaches[0].chain.tip(READY[None])[0]
    target[:3, 3] += (3e-4, 0.0, 0.0)
    ends, reached = asked.solve(READY[None], [target])
    assert reached[0]
    left = asked.reaches[0].chain.tip(ends)[0, :3, 3] - target[:3, 3]
    assert np.linalg.norm(left) < 1e-6
