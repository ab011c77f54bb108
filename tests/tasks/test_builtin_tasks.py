"""Every built-in task: placement, variations, rules, rewards, layout."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env, make_spaces
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.tasks import open_drawer, push_button, reach_target
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.registry import TASK_NAMES, find_task
from steering import steer

DOWN = np.array([0.0, 1.0, 0.0, 0.0])
PLACEMENTS = 200


def _scene(env: BatchEnv) -> Scene:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine.scene


def _low_dim_state(env: BatchEnv) -> NDArray[np.float32]:
    """(num_envs, low_dim_size), a view of the observations."""
    assert isinstance(env.engine, BuiltinEngine)
    task = env.engine.task
    assert isinstance(task, Task)
    return env.structured["task_low_dim_state"]


@pytest.mark.parametrize("name", TASK_NAMES)
def test_random_variations_cover_all_of_them(name: str) -> None:
    env = make_batch_env(make_config(name), PLACEMENTS)
    env.reset(seed=0)
    assert set(env.engine.variations) == set(range(find_task(name).variation_count))


@pytest.mark.parametrize("name", TASK_NAMES)
def test_each_variation_has_descriptions_of_its_own(name: str) -> None:
    task = find_task(name)()
    told = [task.descriptions(variation) for variation in range(task.variation_count)]
    assert len(set(told)) == len(told)
    assert all(len(sentences) >= 3 for sentences in told)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_standing_still_earns_no_shaped_reward(name: str) -> None:
    env = make_batch_env(make_config(name, reward="shaped"), 4)
    env.reset(seed=0)
    still = np.tile(np.array([0.0] * 7 + [1.0], np.float32), (4, 1))
    for _ in range(10):
        _, rewards, *_ = env.step(still)
        np.testing.assert_allclose(rewards, 0.0, atol=1e-3)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_shaped_rewards_of_an_episode_sum_to_the_growth_of_the_potential(
    name: str,
) -> None:
    env = make_batch_env(make_config(name, reward="shaped"), 3)
    env.reset(seed=0)
    assert isinstance(env.engine, BuiltinEngine)
    task = env.engine.task
    assert isinstance(task, Task)
    start = task.potential()
    rng = np.random.default_rng(0)
    total = np.zeros(3)
    for _ in range(30):
        _, rewards, terminals, *_ = env.step(
            rng.uniform(-1, 1, (3, 8)).astype(np.float32)
        )
        total += rewards
        assert not terminals.any()
    np.testing.assert_allclose(total, task.potential() - start, atol=1e-3)


def test_a_listed_variation_is_the_only_one_drawn() -> None:
    env = make_batch_env(make_config("reach_target", variation=[3, 5]), 50)
    env.reset(seed=0)
    assert set(env.engine.variations) == {3, 5}


def test_a_variation_the_task_lacks_is_named() -> None:
    with pytest.raises(InvalidOptionError, match="indices below 3"):
        make_batch_env(make_config("open_drawer", variation=3), 1)


def test_an_unknown_task_lists_the_close_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'open_drawer'"):
        make_spaces(make_config("open_drawr"))


def test_reach_target_scatters_spheres_apart_and_inside_its_boundary() -> None:
    env = make_batch_env(make_config("reach_target"), PLACEMENTS)
    env.reset(seed=0)
    scene = _scene(env)
    names = ("target", "distractor0", "distractor1")
    positions = np.stack([scene.body_position(name) for name in names])
    offset = np.abs(positions - reach_target.BOUNDARY_CENTER)
    assert np.all(offset <= reach_target.BOUNDARY_HALF_SIZE)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        gaps = np.linalg.norm(positions[first] - positions[second], axis=1)
        assert gaps.min() >= reach_target.MIN_SEPARATION
    np.testing.assert_allclose(_low_dim_state(env), positions[0], rtol=1e-6)
    colors = np.stack([scene.geom_color(name) for name in names])
    for other in (1, 2):
        assert np.all(np.any(colors[0] != colors[other], axis=1))


def test_reach_target_succeeds_when_the_tip_enters_the_sphere() -> None:
    env = make_batch_env(make_config("reach_target"), 1)
    env.reset(seed=[3])
    target = _scene(env).body_position("target")[0].copy()
    steer(env, target, DOWN, gripper_open=True, steps=100)
    assert env.terminals[0]
    assert env.rewards[0] == 1.0
    distance = np.linalg.norm(_scene(env).site_position("panda_tip")[0] - target)
    assert distance < reach_target.RADIUS


def test_push_button_succeeds_beyond_3_mm_and_turns_green() -> None:
    env = make_batch_env(make_config("push_button"), 1)
    env.reset(seed=[3])
    scene = _scene(env)
    top = scene.site_position("button_top")[0].copy()
    steer(env, top + [0, 0, 0.08], DOWN, gripper_open=False, steps=60)
    assert not env.terminals[0]
    steer(env, top - [0, 0, 0.02], DOWN, gripper_open=False, steps=40, speed=0.2)
    assert env.terminals[0]
    assert scene.joint_position("button")[0] > push_button.PRESSED
    assert tuple(scene.geom_color("button")[0, :3]) == push_button.PRESSED_COLOR
    assert _low_dim_state(env)[0, 7] > push_button.PRESSED


def test_push_button_rests_on_its_spring() -> None:
    env = make_batch_env(make_config("push_button"), 3)
    env.reset(seed=0)
    still = np.tile(np.array([0.0] * 7 + [1.0], np.float32), (3, 1))
    for _ in range(40):
        env.step(still)
    np.testing.assert_allclose(_scene(env).joint_position("button"), 0.0, atol=1e-4)


@pytest.mark.parametrize("variation", range(3))
def test_open_drawer_counts_only_the_named_drawer(variation: int) -> None:
    env = make_batch_env(make_config("open_drawer", variation=variation), 3)
    env.reset(seed=0)
    scene = _scene(env)
    for env_id, drawer in enumerate(open_drawer.DRAWERS):
        scene.joint_position(f"drawer_{drawer}")[env_id] = 0.2
    still = np.tile(np.array([0.0] * 7 + [1.0], np.float32), (3, 1))
    _, _, terminals, _, _ = env.step(still)
    assert np.flatnonzero(terminals).tolist() == [variation]
    openings = _low_dim_state(env)[:, 21:24]
    np.testing.assert_allclose(openings, 0.2 * np.eye(3), atol=0.01)


def test_open_drawer_gives_way_to_a_friction_grip() -> None:
    """Grip the middle handle and pull: no weld holds it, only friction."""
    env = make_batch_env(make_config("open_drawer", episode_length=500), 1)
    env.reset(seed=[14])
    scene = _scene(env)
    handle = _low_dim_state(env)[0, 24:27].astype(float)
    orientation = _low_dim_state(env)[0, 27:31].astype(float)
    approach, outwards = _handle_frame(orientation)
    waypoints = (
        (np.array([-0.15, 0.30, 1.35]), DOWN, True, 0.4),
        (np.array([*(handle + 0.22 * outwards)[:2], 1.25]), approach, True, 0.4),
        (handle + 0.22 * outwards, approach, True, 0.4),
        (handle, approach, True, 0.2),
    )
    for position, quat, is_open, speed in waypoints:
        steer(env, position, quat, gripper_open=is_open, steps=80, speed=speed)
    for _ in range(6):
        env.step(np.array([[0.0] * 7 + [-1.0]], np.float32))
    pulled = handle + 0.2 * outwards
    steer(env, pulled, approach, gripper_open=False, steps=80, speed=0.15)
    assert env.terminals[0]
    named = open_drawer.DRAWERS[env.engine.variations[0]]
    assert scene.joint_position(f"drawer_{named}")[0] > open_drawer.OPEN


def _handle_frame(
    cabinet_quat: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tip orientation that grips the bar from the front, and the outward axis."""
    from rlbench_puffer.poses import quat_multiply, rotate

    quarter_about_x = np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])
    return (
        quat_multiply(cabinet_quat, quarter_about_x),
        rotate(cabinet_quat, [0.0, 1.0, 0.0]),
    )
