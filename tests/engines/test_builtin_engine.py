"""The builtin engine keeps the engine contract on every task, and its own rules."""

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from contract.engine_contract import CONTRACT, MakeEnv, random_actions, trajectory
from rlbench_puffer.config import make_config
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import CallOrderError, InvalidActionError
from rlbench_puffer.tasks.registry import TASK_NAMES


def _make(task: str, num_envs: int, **options: Any) -> BatchEnv:
    return make_batch_env(make_config(task, **options), num_envs)


@pytest.mark.parametrize("task", TASK_NAMES)
@pytest.mark.parametrize("law", CONTRACT, ids=lambda law: law.__name__)
def test_contract(task: str, law: Any) -> None:
    make_env: MakeEnv = lambda num_envs: _make(task, num_envs)  # noqa: E731
    law(make_env)


def test_threads_change_nothing() -> None:
    actions = random_actions(30, 5)
    told = []
    for num_threads in (1, 2):
        env = _make("push_button", 5, num_threads=num_threads)
        env.reset(seed=[1, 2, 3, 4, 5])
        told.append(trajectory(env, actions))
    assert told[0] == told[1]


def test_a_control_step_is_ten_physics_steps_of_5_ms() -> None:
    env = _make("reach_target", 2)
    env.reset(seed=[1, 2])
    assert isinstance(env.engine, BuiltinEngine)
    time = env.engine.scene.batch.bind("time")
    assert time.tolist() == [0.0, 0.0]
    env.step(random_actions(1, 2)[0])
    np.testing.assert_allclose(time, 0.05)


def test_a_joint_position_is_approached_as_by_coppeliasims_loop() -> None:
    """CoppeliaSim asks for 20/s times the error: 63 % of it is gone in one step."""
    env = _make(
        "reach_target", 1, arm_action_mode="joint_position", normalize_actions=False
    )
    env.reset(seed=[0])
    assert isinstance(env.engine, BuiltinEngine)
    qpos = env.engine.scene.batch.bind("qpos")
    home = qpos[0, :7].copy()
    target = home + np.array([0.03, -0.03, 0.03, -0.03, 0.03, -0.03, 0.03])
    action = np.append(target, 1.0).astype(np.float32)[None]
    env.step(action)
    covered = (qpos[0, :7] - home) / (target - home)
    assert np.all((covered > 0.3) & (covered < 1.0))
    for _ in range(15):
        env.step(action)
    np.testing.assert_allclose(qpos[0, :7], target, atol=0.001)


def test_a_far_joint_position_is_approached_at_the_velocity_limit() -> None:
    env = _make(
        "reach_target", 1, arm_action_mode="joint_position", normalize_actions=False
    )
    env.reset(seed=[0])
    assert isinstance(env.engine, BuiltinEngine)
    qvel = env.engine.scene.batch.bind("qvel")
    far = np.array([[2.5, 0.17, 0.0, -0.87, 0.0, 1.22, -2.5, 1.0]], np.float32)
    for _ in range(8):
        env.step(far)
        assert np.all(np.abs(qvel[0, :7]) < limits.JOINT_VELOCITY_LIMIT * 1.05)
    assert qvel[0, 0] > 0.8 * limits.JOINT_VELOCITY_LIMIT[0]
    assert qvel[0, 6] < -0.8 * limits.JOINT_VELOCITY_LIMIT[6]


def test_repeated_deltas_add_up() -> None:
    env = _make(
        "reach_target",
        1,
        arm_action_mode="delta_joint_position",
        normalize_actions=False,
    )
    env.reset(seed=[0])
    assert isinstance(env.engine, BuiltinEngine)
    qpos = env.engine.scene.batch.bind("qpos")
    start = qpos[0, 0]
    for _ in range(10):
        env.step(np.array([[0.02, 0, 0, 0, 0, 0, 0, 1]], np.float32))
    assert 0.5 * 0.2 < qpos[0, 0] - start < 1.5 * 0.2


def test_an_invalid_action_stops_before_the_simulation() -> None:
    env = _make("reach_target", 2)
    env.reset(seed=[1, 2])
    before = env.get_state(0)["engine"]["physics"]
    bad = np.zeros((2, 8), np.float32)
    bad[1, 3] = np.nan
    with pytest.raises(InvalidActionError, match=r"sub-env 1: component 3 is nan"):
        env.step(bad)
    np.testing.assert_array_equal(env.get_state(0)["engine"]["physics"], before)


def test_an_unstable_simulation_ends_truncated_with_a_fault_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = _make("reach_target", 3)
    env.reset(seed=[1, 2, 3])
    assert isinstance(env.engine, BuiltinEngine)
    env.engine.scene.batch.bind("qvel")[1, 0] = 1e12
    _, rewards, terminals, truncations, infos = env.step(np.zeros((3, 8), np.float32))
    assert truncations.tolist() == [False, True, False]
    assert terminals.tolist() == [False, False, False]
    assert rewards[1] == 0.0
    assert [info["env_id"] for info in infos] == [1]
    assert "unstable" in infos[0]["fault"]
    observations, _, _, truncations, infos = env.step(np.zeros((3, 8), np.float32))
    assert np.isfinite(observations).all()
    assert not truncations.any()
    assert "descriptions" in infos[0]
    assert list(tmp_path.iterdir()) == []


def test_stepping_before_reset_is_an_error() -> None:
    with pytest.raises(CallOrderError, match="reset"):
        _make("reach_target", 1).step(np.zeros((1, 8), np.float32))


def test_the_models_own_robot_links_do_not_collide_with_each_other() -> None:
    env = _make("reach_target", 1)
    assert isinstance(env.engine, BuiltinEngine)
    model = env.engine.scene.model
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    names = [model.body(int(b)).name for b in model.geom_bodyid]
    for _ in range(50):
        data.qpos[:7] = rng.uniform(*model.jnt_range[:7].T)
        mujoco.mj_forward(model, data)
        for contact in data.contact:
            assert not all(names[g].startswith("panda") for g in contact.geom)


def test_each_sub_env_is_truncated_at_its_own_limit() -> None:
    env = _make("reach_target", 3, episode_length=6)
    env.reset(seed=[1, 2, 3])
    actions = np.zeros((3, 8), np.float32)
    for _ in range(3):
        env.step(actions)
    late = env.get_state(0)
    env.reset(seed=[4, 5, 6])
    env.step(actions)
    env.set_state(1, late)  # After three of its six steps; the others after one.
    seen = [env.step(actions)[3].tolist() for _ in range(9)]
    ends = [[step for step, row in enumerate(seen) if row[i]] for i in range(3)]
    assert ends == [[4], [2], [4]]


def test_a_pose_has_the_same_bits_among_any_number_of_sub_envs() -> None:
    """BLAS rounded differently for another number of columns."""
    env, alone = _make("reach_target", 8), _make("reach_target", 1)
    env.reset(seed=list(range(8)))
    for actions in random_actions(20, 8):
        env.step(actions)
    assert isinstance(env.engine, BuiltinEngine)
    assert isinstance(alone.engine, BuiltinEngine)
    quats = env.engine._robot._tip_quat_xyzw()
    for i in range(8):
        alone.set_state(0, env.get_state(i))
        one = alone.engine._robot._tip_quat_xyzw()
        assert one[:, 0].tobytes() == quats[:, i].tobytes()
