"""Tasks that move things which stand free on the table: rules, ways, states."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.poses import quat_from_euler_z
from rlbench_puffer.tasks import slide_block_to_target
from rlbench_puffer.tasks.base import Task
from ways import walk

FREE_BODY_TASKS = ("slide_block_to_target",)


def _make(task: str, seed: int = 0) -> BatchEnv:
    env = make_batch_env(make_config(task), 1)
    env.reset(seed=[seed])
    return env


def _scene(env: BatchEnv) -> Scene:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine.scene


def _task(env: BatchEnv) -> Task:
    assert isinstance(env.engine, BuiltinEngine)
    assert isinstance(env.engine.task, Task)
    return env.engine.task


def _put(
    env: BatchEnv,
    body: str,
    position: ArrayLike,
    quat: ArrayLike = (0.0, 0.0, 0.0, 1.0),
) -> None:
    """Set a body of sub-env 0 somewhere else, at once."""
    Placement(_scene(env), 0).set_pose(body, position, quat)
    _scene(env).forward(np.array([0]))


def _succeeds(env: BatchEnv) -> bool:
    return bool(_task(env).success()[0])


@pytest.mark.parametrize("name", FREE_BODY_TASKS)
def test_a_state_saved_on_the_way_replays_bit_for_bit(name: str) -> None:
    env = _make(name)
    walk(env, len(_task(env).waypoints(0)) - 1)
    assert not env.terminals[0]
    state = env.get_state(0)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.5, 0.5, (20, 1, 8)).astype(np.float32)
    actions[:, :, 7] = -1.0
    expected = [env.step(action)[0].tobytes() for action in actions]
    other = _make(name, seed=1)
    other.set_state(0, state)
    assert [other.step(action)[0].tobytes() for action in actions] == expected


@pytest.mark.parametrize("yaw", [0.0, 0.7])
def test_slide_block_succeeds_once_it_reaches_into_the_targets_middle(
    yaw: float,
) -> None:
    env = _make("slide_block_to_target")
    target = _scene(env).body_position("target")[0].copy()
    quat = quat_from_euler_z(yaw)
    border = (
        slide_block_to_target.BLOCK_HALF_SIZE + slide_block_to_target.VOLUME_HALF_SIZE
    )
    axes = np.array([[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0]])
    resting = np.array([*target[:2], 0.77813])
    for axis in (*axes, *-axes):
        _put(env, "block", resting + (border - 1e-3) * axis, quat)
        assert _succeeds(env)
        _put(env, "block", resting + (border + 1e-3) * axis, quat)
        assert not _succeeds(env)
    _put(env, "block", resting + [0.0, 0.0, 0.05], quat)
    assert not _succeeds(env)


def test_slide_block_is_paid_for_the_block_coming_nearer() -> None:
    env = _make("slide_block_to_target")
    task, scene = _task(env), _scene(env)
    block = scene.body_position("block")[0].copy()
    target = scene.body_position("target")[0].copy()
    before = task.potential()[0]
    _put(env, "block", block + 0.5 * (target - block) * [1, 1, 0])
    assert task.potential()[0] > before + 1.0
