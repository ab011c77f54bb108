"""Actions that are poses of the tip: carried out as RLBench does, or told why not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.config import BUILTIN_ARM_MODES, POSE_MODES, make_config
from rlbench_puffer.engines import workspace
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.pose_moves import MAX_ARM_STEPS
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidActionError
from rlbench_puffer.poses import quat_conjugate, quat_multiply, rotate
from rlbench_puffer.tasks.registry import TASK_NAMES

FloatArray = NDArray[np.float64]

RECORDED = np.load(Path(__file__).parents[1] / "data" / "delta_ee_ik.npz")["rows"]

OUT_OF_REACH = [1, 2, 4, 10]
"""See test_inverse_kinematics.py."""

NO_TURN = [0.0, 0.0, 0.0, 1.0]
NO_QUAT = [0.0, 0.0, 0.0, 0.0]


def _make(mode: str, num_envs: int = 1, **options: Any) -> BatchEnv:
    options = {"normalize_actions": False, "episode_length": 50, **options}
    config = make_config("reach_target", arm_action_mode=mode, **options)
    env = make_batch_env(config, num_envs)
    env.reset(seed=list(range(num_envs)))
    return env


def _engine(env: BatchEnv) -> BuiltinEngine:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine


def _tips(env: BatchEnv) -> FloatArray:
    """Poses of the tips, (num_envs, 7)."""
    scene = _engine(env).scene
    return ArmKinematics(scene.model).tip_pose(scene.batch.bind("qpos")[:, :7])


def _control_steps(env: BatchEnv) -> NDArray[np.int64]:
    """Control steps since the reset, (num_envs,)."""
    times = _engine(env).scene.batch.bind("time")
    return np.rint(times / 0.05).astype(np.int64)


def _angle(first: FloatArray, second: FloatArray) -> float:
    turn = quat_multiply(first, quat_conjugate(second))
    return float(2 * np.arctan2(np.linalg.norm(turn[:3]), abs(turn[3])))


def _action(move: Any, quat: Any, gripper: float = 1.0) -> NDArray[np.float32]:
    return np.array([*move, *quat, gripper], np.float32)


@pytest.mark.parametrize("gripper", ["discrete", "joint_position"])
@pytest.mark.parametrize(
    "mode", [mode for mode in POSE_MODES if mode in BUILTIN_ARM_MODES]
)
@pytest.mark.parametrize("task", TASK_NAMES)
def test_every_task_runs_in_every_mode(task: str, mode: str, gripper: str) -> None:
    config = make_config(task, arm_action_mode=mode, gripper_action_mode=gripper)
    env = make_batch_env(config, 2)
    env.reset(seed=[1, 2])
    rng = np.random.default_rng(0)
    for _ in range(4):
        observations, rewards, *_ = env.step(rng.uniform(-1, 1, (2, 8)))
        assert np.isfinite(observations).all()
        assert np.isfinite(rewards).all()


def test_recorded_moves_within_reach_end_where_they_should() -> None:
    """RLBench's own arm ends up to 12 mm from the goal: joints arrive at 0.01 rad."""
    rows = [row for row in range(len(RECORDED)) if row not in OUT_OF_REACH]
    env = _make("delta_ee_pose_ik", len(rows))
    qpos = _engine(env).scene.batch.bind("qpos")
    qpos[:, :7] = RECORDED[rows, :7]
    before = _tips(env)
    moves = RECORDED[rows, 14:21]
    actions = np.stack([_action(move[:3], move[3:]) for move in moves])
    infos = env.step(actions)[4]
    assert not infos
    tips = _tips(env)
    for row, move in enumerate(moves):
        missed = tips[row, :3] - (before[row, :3] + move[:3])
        assert np.linalg.norm(missed) < 0.012
        goal = quat_multiply(move[3:], before[row, 3:])
        assert _angle(tips[row, 3:], goal) < 0.03
    assert np.all(_control_steps(env) <= 12)
    # Sub-envs stop one by one: RLBench needs 4 to 7 control steps for these.
    assert len(set(_control_steps(env))) > 1


def test_recorded_moves_out_of_reach_are_marked_and_nothing_moves() -> None:
    env = _make("delta_ee_pose_ik", len(OUT_OF_REACH))
    qpos = _engine(env).scene.batch.bind("qpos")
    qpos[:, :7] = RECORDED[OUT_OF_REACH, :7]
    before = qpos[:, :7].copy()
    moves = RECORDED[OUT_OF_REACH, 14:21]
    infos = env.step(np.stack([_action(move[:3], move[3:]) for move in moves]))[4]
    assert [info["env_id"] for info in infos] == [0, 1, 2, 3]
    assert all("cannot take the tip" in info["invalid_action"] for info in infos)
    np.testing.assert_allclose(qpos[:, :7], before, atol=1e-6)
    assert _control_steps(env).tolist() == [1, 1, 1, 1]


def test_a_pose_is_reached_wherever_the_arm_is() -> None:
    env = _make("ee_pose_ik", 3)
    positions = [[0.3, 0.2, 1.0], [0.1, -0.3, 0.9], [0.4, 0.0, 1.2]]
    # Twice the length is the same orientation.
    actions = [_action(p, [0.0, 1.0, 0.0, 0.0]) for p in positions]
    assert not env.step(np.stack(actions))[4]
    tips = _tips(env)
    assert np.linalg.norm(tips[:, :3] - positions, axis=1).max() < 0.015
    for tip in tips:
        assert _angle(tip[3:], np.array([0.0, 1.0, 0.0, 0.0])) < 0.03


def test_quaternions_need_not_have_length_1() -> None:
    ends = []
    for length in (1.0, 0.3):
        env = _make("ee_pose_ik")
        env.step(_action([0.3, 0.1, 1.1], [0.0, length, 0.0, 0.0])[None])
        ends.append(_tips(env))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)


def test_a_move_is_along_the_axes_of_its_frame() -> None:
    move = np.array([0.0, 0.0, 0.04])
    for frame in ("world", "end_effector"):
        env = _make("delta_ee_pose_ik", delta_frame=frame)
        # Bent enough to move freely; the tip points down and aside.
        _engine(env).scene.batch.bind("qpos")[0, :7] = [0.3, 0, 0.2, -1.8, 0.3, 1.5, 0]
        before = _tips(env)[0]
        env.step(_action(move, NO_TURN)[None])
        moved = _tips(env)[0, :3] - before[:3]
        along = move if frame == "world" else rotate(before[3:], move)
        assert np.linalg.norm(moved - along) < 0.01


def test_a_turn_is_about_the_axes_of_its_frame_and_never_too_far() -> None:
    turn = np.array([np.sin(0.1), 0.0, 0.0, np.cos(0.1)])
    far = np.array([np.sin(0.9), 0.0, 0.0, np.cos(0.9)])
    limit = workspace.TIP_TURN / 2
    shortened = np.array([np.sin(limit), 0.0, 0.0, np.cos(limit)])
    for frame in ("world", "end_effector"):
        for asked, made in ((turn, turn), (far, shortened), (-far, shortened)):
            env = _make("delta_ee_pose_ik", delta_frame=frame)
            qpos = _engine(env).scene.batch.bind("qpos")
            qpos[0, :7] = [0.3, 0, 0.2, -1.8, 0.3, 1.5, 0]
            before = _tips(env)[0, 3:]
            env.step(_action([0, 0, 0], asked)[None])
            pair = (made, before) if frame == "world" else (before, made)
            assert _angle(_tips(env)[0, 3:], quat_multiply(*pair)) < 0.03


def test_an_arm_against_the_table_is_stuck_and_stops() -> None:
    env = _make("ee_pose_ik")
    lying = [0.0, np.sqrt(0.5), 0.0, np.sqrt(0.5)]
    assert not env.step(_action([0.45, 0.0, 0.9], lying)[None])[4]
    before = _control_steps(env)[0]
    # The hand is thicker than that.
    assert not env.step(_action([0.45, 0.0, 0.753], lying)[None])[4]
    assert _tips(env)[0, 2] > 0.77
    assert _control_steps(env)[0] - before < MAX_ARM_STEPS / 2


def test_the_gripper_goes_after_the_arm_and_only_when_told_something_new() -> None:
    env = _make("ee_pose_ik")
    fingers = _engine(env).scene.batch.bind("qpos")[0, 7:9]
    place = ([0.3, 0.1, 1.1], [0.0, 1.0, 0.0, 0.0])
    env.step(_action(*place)[None])
    steps = []
    for gripper, position in ((1.0, 0.04), (0.0, 0.0), (0.0, 0.0), (1.0, 0.04)):
        before = _control_steps(env)[0]
        env.step(_action(*place, gripper)[None])
        steps.append(_control_steps(env)[0] - before)
        np.testing.assert_allclose(fingers, position, atol=0.001)
    # Standing still takes the arm one control step.
    assert steps[0] == steps[2] == 1
    assert 4 <= steps[1] <= 7
    assert 4 <= steps[3] <= 10


def test_a_partial_gripper_position_is_held() -> None:
    env = _make("delta_ee_pose_ik", gripper_action_mode="joint_position")
    fingers = _engine(env).scene.batch.bind("qpos")[0, 7:9]
    for move in (0.0, -0.03, 0.02):
        env.step(_action([0, 0, move], NO_TURN, 0.015)[None])
        np.testing.assert_allclose(fingers, 0.015, atol=0.001)


def test_an_invalid_action_costs_a_control_step_and_a_penalty() -> None:
    env = _make("delta_ee_pose_ik", 2, episode_length=3)
    invalid, fine = _action([0, 0, 0], NO_QUAT), _action([0, 0, -0.02], NO_TURN)
    _, rewards, _, truncations, infos = env.step(np.stack([fine, invalid]))
    np.testing.assert_allclose(rewards, [0.0, -0.01])
    assert [info["env_id"] for info in infos] == [1]
    assert "shorter than" in infos[0]["invalid_action"]
    assert not truncations.any()
    assert not env.step(np.stack([fine, fine]))[4]
    infos = env.step(np.stack([fine, invalid]))[4]
    assert [info["invalid_actions"] for info in infos] == [0, 2]
    assert "invalid_action" not in infos[0]
    assert "invalid_action" in infos[1]
    assert infos[1]["episode"]["r"] == pytest.approx(-0.02)
    # The next episode begins with clean books.
    assert not any("invalid_action" in i for i in env.step(np.stack([fine] * 2))[4])
    assert not env.step(np.stack([fine, fine]))[4]


def test_the_penalty_is_the_configurations() -> None:
    env = _make("delta_ee_pose_ik", invalid_penalty=0.5, reward="shaped")
    # Standing still, the shaped reward itself is nearly nothing.
    rewards = env.step(_action([0, 0, 0], NO_QUAT)[None])[1]
    assert rewards[0] == pytest.approx(-0.5, abs=1e-3)


def test_an_invalid_action_can_end_the_episode() -> None:
    env = _make("delta_ee_pose_ik", 2, on_invalid="truncate")
    invalid, fine = _action([0, 0, 0], NO_QUAT), _action([0, 0, -0.02], NO_TURN)
    _, rewards, terminals, truncations, infos = env.step(np.stack([fine, invalid]))
    assert truncations.tolist() == [False, True]
    assert not terminals.any()
    assert rewards.tolist() == [0.0, 0.0]
    assert infos[0]["env_id"] == 1
    assert infos[0]["invalid_actions"] == 1
    assert "invalid_action" in infos[0]
    assert _control_steps(env)[1] == 0
    _, _, _, truncations, infos = env.step(np.stack([fine, fine]))
    assert not truncations.any()
    assert "descriptions" in infos[0]


def test_an_invalid_action_can_raise_before_anything_is_simulated() -> None:
    config = make_config(
        "reach_target",
        arm_action_mode="ee_pose_ik",
        on_invalid="raise",
        normalize_actions=False,
    )
    env = make_batch_env(config, 2, first_env_id=10)
    env.reset(seed=[1, 2])
    far = _action([-0.2, 0.6, 1.7], [1.0, 0.0, 0.0, 0.0])
    near = _action([0.3, 0.1, 1.1], [0.0, 1.0, 0.0, 0.0])
    with pytest.raises(InvalidActionError, match=r"sub-env 11 .* \(-0.200, 0.600, 1.7"):
        env.step(np.stack([near, far]))
    assert _control_steps(env).tolist() == [0, 0]
    env.step(np.stack([near, near]))


def test_a_saved_state_keeps_the_count_and_the_grippers_goal() -> None:
    env = _make("delta_ee_pose_ik", episode_length=3)
    env.step(_action([0, 0, 0], NO_QUAT)[None])
    env.step(_action([0, 0, -0.02], NO_TURN, 0.0)[None])
    other = _make("delta_ee_pose_ik", episode_length=3)
    other.set_state(0, env.get_state(0))
    for one in (env, other):
        infos = one.step(_action([0, 0, -0.02], NO_TURN, 0.0)[None])[4]
        assert infos[0]["invalid_actions"] == 1
    assert other.observations.tobytes() == env.observations.tobytes()
