"""Tasks that move things which stand free on the table: rules, ways, states."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.poses import quat_from_euler_z, wxyz_to_xyzw
from rlbench_puffer.tasks import (
    pick_and_lift,
    slide_block_to_target,
    sweep_to_dustpan,
)
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.colors import COLORS
from ways import walk

FREE_BODY_TASKS = ("slide_block_to_target", "pick_and_lift", "sweep_to_dustpan")


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
    resting = np.array([*target[:2], slide_block_to_target.BLOCK_HEIGHT])
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


def test_pick_and_lift_succeeds_once_the_held_block_reaches_into_the_ball() -> None:
    env = _make("pick_and_lift")
    ball = _scene(env).body_position("ball")[0].copy()
    reach = pick_and_lift.VOLUME_RADIUS + pick_and_lift.BLOCK_HALF_SIZE
    quat = quat_from_euler_z(0.4)
    axes = np.array([[np.cos(0.4), np.sin(0.4), 0], [0, 0, 1]])
    near = [ball + sign * (reach - 1e-3) * axis for axis in axes for sign in (1, -1)]
    far = [ball + sign * (reach + 1e-3) * axis for axis in axes for sign in (1, -1)]
    for position in near:
        _put(env, "target_block", position, quat)
        assert not _succeeds(env)
    _scene(env).grasped("target_block")[0] = 1
    for position in near:
        _put(env, "target_block", position, quat)
        assert _succeeds(env)
    for position in far:
        _put(env, "target_block", position, quat)
        assert not _succeeds(env)


def test_pick_and_lift_pays_for_the_grasp() -> None:
    env = make_batch_env(make_config("pick_and_lift", reward="shaped"), 1)
    env.reset(seed=[0])
    walk(env, 1)
    before = _task(env).potential()[0]
    env.reset(seed=[0])
    walk(env, 2)
    assert _scene(env).grasped("target_block")[0]
    assert _task(env).potential()[0] > before + pick_and_lift.POTENTIAL_GRASPED


def test_pick_and_lift_scatters_blocks_of_three_colors() -> None:
    env = make_batch_env(make_config("pick_and_lift"), 100)
    env.reset(seed=0)
    scene = _scene(env)
    names = ("target_block", "distractor0", "distractor1")
    positions = np.stack([scene.body_position(name) for name in names])
    colors = np.stack([scene.geom_color(name) for name in names])
    for first, second in ((0, 1), (0, 2), (1, 2)):
        gaps = np.linalg.norm(positions[first] - positions[second], axis=1)
        assert gaps.min() >= pick_and_lift.MIN_SEPARATION
        assert np.any(colors[first] != colors[second], axis=1).all()
    named = np.array([COLORS[variation][1] for variation in env.engine.variations])
    np.testing.assert_allclose(colors[0, :, :3], named, rtol=1e-6)


def test_sweep_succeeds_only_with_all_five_pieces_in_the_volume() -> None:
    env = _make("sweep_to_dustpan")
    scene = _scene(env)
    pan = scene.body_position("dustpan")[0].copy()
    matrix = scene.body_matrix("dustpan")[0].copy()
    half_x, half_y = sweep_to_dustpan.VOLUME_HALF_SIZE
    corner = np.array([half_x, half_y, sweep_to_dustpan.VOLUME_HEIGHT])
    inside = [0.05 * i - 0.1 for i in range(5)]
    for i, x in enumerate(inside):
        assert not _succeeds(env)
        _put(env, f"dirt{i}", pan + matrix @ [x, 0.0, 0.005])
    assert _succeeds(env)
    for i, x in enumerate(inside):
        for sign in ([1, 1, 1], [-1, -1, 1]):
            edge = corner * sign
            for axis in range(3):
                just_in = np.array([x, 0.0, 0.005])
                just_in[axis] = edge[axis] - np.sign(edge[axis]) * 1e-3
                just_out = just_in.copy()
                just_out[axis] = edge[axis] + np.sign(edge[axis]) * 1e-3
                _put(env, f"dirt{i}", pan + matrix @ just_out)
                assert not _succeeds(env)
                _put(env, f"dirt{i}", pan + matrix @ just_in)
                assert _succeeds(env)
        _put(env, f"dirt{i}", pan + matrix @ [x, 0.0, 0.005])


def test_a_piece_of_dirt_that_was_pushed_soon_rests() -> None:
    env = _make("sweep_to_dustpan")
    scene = _scene(env)
    dirt = scene.body_position("dirt0")
    start = dirt[0].copy()
    address = scene.model.jnt_dofadr[scene.id_of("joint", "dirt0")]
    speed = scene.batch.bind("qvel")[0, address : address + 3]
    speed[:] = [0.3, 0.0, 0.0]
    still = np.array([[0.0] * 7 + [1.0]], np.float32)
    for _ in range(10):
        env.step(still)
    assert 0.002 < np.linalg.norm(dirt[0] - start) < 0.03
    assert np.abs(speed).max() < 1e-4


def test_sweep_pays_for_the_broom_and_for_each_piece() -> None:
    env = _make("sweep_to_dustpan")
    pan = _scene(env).body_position("dustpan")[0].copy()
    potentials = [_task(env).potential()[0]]
    for i in range(5):
        _put(env, f"dirt{i}", pan + [0.0, 0.0, 0.005])
        potentials.append(_task(env).potential()[0])
    assert np.diff(potentials).min() > 2.0
    env.reset(seed=[0])
    walk(env, 1)
    before = _task(env).potential()[0]
    env.reset(seed=[0])
    walk(env, 2)
    assert _scene(env).grasped("broom")[0]
    assert _task(env).potential()[0] > before + sweep_to_dustpan.POTENTIAL_GRASPED


def test_sweep_tells_the_poses_of_everything_and_sweeps_both_ways() -> None:
    env = make_batch_env(make_config("sweep_to_dustpan"), 20)
    env.reset(seed=0)
    scene = _scene(env)
    told = env.structured["task_low_dim_state"].reshape(20, 7, 7)
    names = ("broom", *(f"dirt{i}" for i in range(5)), "dustpan")
    for column, name in enumerate(names):
        position = scene.body_position(name)
        quat = wxyz_to_xyzw(scene.body_quat_wxyz(name))
        np.testing.assert_allclose(told[:, column, :3], position, rtol=1e-6)
        np.testing.assert_allclose(told[:, column, 3:], quat, atol=1e-6)
    assert set(np.sign(told[:, -1, 1])) == {-1.0, 1.0}
