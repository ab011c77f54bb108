"""Inverse kinematics: what is reachable is found, within limits, row by row."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.inverse_kinematics import (
    InverseKinematics,
    follow_line,
    straight_line,
)
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.scene_spec import base_scene
from rlbench_puffer.poses import (
    matrix_from_quat,
    quat_conjugate,
    quat_from_euler_z,
    quat_multiply,
    rotate,
)

FloatArray = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "data"

HOME = limits.HOME_JOINT_POSITIONS

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
"""Orientation ``xyzw`` of a tip that points straight down."""

OUT_OF_REACH = [1, 2, 4, 10]
"""Rows of ``delta_ee_ik.npz`` whose goals no arm of these lengths can take; the test
below shows it. RLBench's inverse kinematics fails on these and on row 6."""


@pytest.fixture(scope="module")
def inverse() -> InverseKinematics:
    return InverseKinematics(ArmKinematics(base_scene().compile()))


def _configurations(inverse: InverseKinematics, count: int) -> FloatArray:
    rng = np.random.default_rng(0)
    return rng.uniform(inverse.arm.lower, inverse.arm.upper, (count, 7))


def _errors(
    inverse: InverseKinematics, joints: FloatArray, goals: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Distance [m] and angle [rad] between the tip and its goals."""
    tips = inverse.arm.tip_pose(joints)
    turn = quat_multiply(tips[..., 3:], quat_conjugate(goals[..., 3:]))
    sine = np.linalg.norm(turn[..., :3], axis=-1)
    angle = 2 * np.arctan2(sine, np.abs(turn[..., 3]))
    return np.linalg.norm(tips[..., :3] - goals[..., :3], axis=-1), angle


def _recorded() -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Starts (11, 7), goals (11, 7) and whether RLBench solved them (11,)."""
    rows = np.load(DATA / "delta_ee_ik.npz")["rows"]
    positions = rows[:, 7:10] + rows[:, 14:17]
    quats = quat_multiply(rows[:, 17:21], rows[:, 10:14])
    return rows[:, :7], np.concatenate([positions, quats], axis=1), rows[:, 21] > 0


def test_poses_nearby_are_all_reached_within_the_tolerances(
    inverse: InverseKinematics,
) -> None:
    configurations = _configurations(inverse, 500)
    goals = inverse.arm.tip_pose(configurations)
    moved = configurations + np.random.default_rng(1).normal(0, 0.1, (500, 7))
    starts = np.clip(moved, inverse.arm.lower, inverse.arm.upper)
    solutions, reached = inverse.solve(starts, goals)
    assert reached.all()
    distance, angle = _errors(inverse, solutions, goals)
    assert distance.max() <= 1e-4
    assert angle.max() <= 1e-3
    assert np.all(solutions >= inverse.arm.lower)
    assert np.all(solutions <= inverse.arm.upper)


def test_almost_every_pose_the_arm_can_take_is_found_from_home(
    inverse: InverseKinematics,
) -> None:
    goals = inverse.arm.tip_pose(_configurations(inverse, 300))
    starts = np.tile(HOME, (300, 1))
    solutions, reached = inverse.solve_anywhere(starts, goals, np.random.default_rng(0))
    assert reached.mean() >= 0.98
    distance, _ = _errors(inverse, solutions, goals)
    np.testing.assert_array_equal(distance <= 1e-4, reached)


def test_a_pose_out_of_reach_is_not_reached(inverse: InverseKinematics) -> None:
    goal = np.append([2.0, 0.0, 1.0], DOWN)
    solutions, reached = inverse.solve_anywhere(
        HOME[None], goal, np.random.default_rng(0)
    )
    assert not reached.any()
    assert np.isfinite(solutions).all()


def test_a_start_at_its_goal_is_its_own_solution(inverse: InverseKinematics) -> None:
    configurations = _configurations(inverse, 20)
    goals = inverse.arm.tip_pose(configurations)
    solutions, reached = inverse.solve(configurations, goals, preferred=HOME)
    assert reached.all()
    assert solutions.tobytes() == configurations.tobytes()


def test_a_row_does_not_know_its_neighbours(inverse: InverseKinematics) -> None:
    goals = inverse.arm.tip_pose(_configurations(inverse, 13))
    starts = np.tile(HOME, (13, 1))
    together, _ = inverse.solve_anywhere(starts, goals, np.random.default_rng(3))
    for row in range(13):
        alone, _ = inverse.solve_anywhere(
            starts[:1], goals[row], np.random.default_rng(3)
        )
        assert alone[0].tobytes() == together[row].tobytes()


def test_a_goal_turned_by_exactly_half_a_turn_is_reached(
    inverse: InverseKinematics,
) -> None:
    """Both ways round are as short; one may end at a joint's limit."""
    start = np.array([0.0, 0.1, 0.0, -1.8, 0.0, 1.9, -1.0])
    goal = inverse.arm.tip_pose(start)
    goal[3:] = quat_multiply(goal[3:], quat_from_euler_z(np.pi))
    _, reached = inverse.solve_anywhere(start[None], goal, np.random.default_rng(0))
    assert reached.all()


def test_the_free_joint_leans_towards_the_preferred_posture(
    inverse: InverseKinematics,
) -> None:
    """Two preferred elbows, one goal: both are reached, each on its side."""
    start = np.array([0.0, 0.1, 0.0, -1.8, 0.0, 1.9, 0.8])
    goal = inverse.arm.tip_pose(start) + np.array([0, 0, 0.05, 0, 0, 0, 0])
    elbows = [start + np.array([side, 0, -side, 0, 0, 0, 0]) for side in (0.8, -0.8)]
    solutions, reached = inverse.solve(np.tile(start, (2, 1)), goal, np.stack(elbows))
    assert reached.all()
    assert solutions[0, 0] > 0.1
    assert solutions[1, 0] < -0.1


def test_all_recorded_moves_within_reach_are_solved(
    inverse: InverseKinematics,
) -> None:
    """RLBench solves 6 of the 11; within a millimetre there are 7."""
    starts, goals, solved_by_rlbench = _recorded()
    tolerant = InverseKinematics(inverse.arm, 1e-3, 1e-2)
    solutions, reached = tolerant.solve_anywhere(
        starts, goals, np.random.default_rng(0), distant=0
    )
    assert np.flatnonzero(~reached).tolist() == OUT_OF_REACH
    assert np.all(reached[solved_by_rlbench])
    distance, angle = _errors(inverse, solutions[reached], goals[reached])
    assert distance.max() <= 1e-3
    assert angle.max() <= 1e-2
    assert np.abs(solutions - starts)[reached].max() < 0.6


def test_the_other_recorded_moves_are_too_far_for_an_arm_of_these_lengths(
    inverse: InverseKinematics,
) -> None:
    """The wrist would stand farther from the shoulder than the elbow lets it.

    That distance depends on joint 4 alone; where the wrist is for a given tip
    depends on joint 7 alone.
    """
    arm = inverse.arm
    elbow, last = np.zeros((2000, 7)), np.zeros((2000, 7))
    elbow[:, 3] = np.linspace(arm.lower[3], arm.upper[3], 2000)
    last[:, 6] = np.linspace(arm.lower[6], arm.upper[6], 2000)
    frames = arm.link_frames(elbow)
    shoulder = frames[1][0, :3, 3]
    longest = np.linalg.norm(frames[5][:, :3, 3] - shoulder, axis=1).max()
    frames, tips = arm.link_frames(last), arm.tip_pose(last)
    # The wrist, seen from the tip.
    wrists = rotate(quat_conjugate(tips[:, 3:]), frames[5][:, :3, 3] - tips[:, :3])
    _, goals, _ = _recorded()
    needed = [
        np.linalg.norm(
            goal[:3] + wrists @ matrix_from_quat(goal[3:]).T - shoulder, axis=1
        ).min()
        for goal in goals
    ]
    too_far = np.array(needed) > longest + 1e-3
    assert np.flatnonzero(too_far).tolist() == OUT_OF_REACH


def test_a_line_is_straight_even_and_ends_at_its_goal(
    inverse: InverseKinematics,
) -> None:
    start = np.array([0.0, 0.1, 0.0, -1.8, 0.0, 1.9, 0.8])
    first = inverse.arm.tip_pose(start)
    goal = first + np.array([0.1, 0.15, -0.2, 0, 0, 0, 0])
    goal[3:] = quat_multiply(quat_from_euler_z(0.6), goal[3:])
    path = follow_line(inverse, start, goal, max_step=0.01)
    assert path is not None
    np.testing.assert_array_equal(path[0], start)
    distance, angle = _errors(inverse, path[-1], goal)
    assert distance <= 1e-4
    assert angle <= 1e-3
    tips = inverse.arm.tip_pose(path)[:, :3]
    steps = np.linalg.norm(np.diff(tips, axis=0), axis=1)
    assert steps.max() <= 0.01 + 2e-4
    along = (goal - first)[:3] / np.linalg.norm((goal - first)[:3])
    aside = np.cross(tips - first[:3], along)
    assert np.linalg.norm(aside, axis=1).max() <= 1e-4
    assert np.abs(np.diff(path, axis=0)).max() <= 0.25


def test_a_line_that_leaves_the_arms_reach_is_none(
    inverse: InverseKinematics,
) -> None:
    goal = inverse.arm.tip_pose(HOME) + np.array([1.0, 0, 0, 0, 0, 0, 0])
    assert follow_line(inverse, HOME, goal) is None


def test_a_line_to_where_it_starts_has_one_step(inverse: InverseKinematics) -> None:
    pose = inverse.arm.tip_pose(HOME)
    np.testing.assert_allclose(straight_line(pose, pose, 0.01, 0.05), pose[None])


def test_a_line_turns_the_shorter_way(inverse: InverseKinematics) -> None:
    start = np.append([0.3, 0.0, 1.0], DOWN)
    goal = np.append([0.3, 0.0, 1.0], -quat_multiply(quat_from_euler_z(0.5), DOWN))
    poses = straight_line(start, goal, 0.01, 0.1)
    assert len(poses) == 5
    np.testing.assert_allclose(np.abs(poses[-1, 3:] @ goal[3:]), 1.0)
