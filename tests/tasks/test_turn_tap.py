"""``turn_tap``: the named tap counts, and turns under a real grip."""

import numpy as np
import pytest

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.poses import rotate
from rlbench_puffer.tasks.turn_tap import TAP_DISTANCE, TAPS, TURNED

STILL = np.array([0.0] * 7 + [1.0], np.float32)


def _scene(env: BatchEnv) -> Scene:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine.scene


@pytest.mark.parametrize("variation", range(2))
def test_only_the_named_tap_counts_and_only_beyond_a_quarter(variation: int) -> None:
    env = make_batch_env(make_config("turn_tap", variation=variation), 4)
    env.reset(seed=0)
    scene = _scene(env)
    angles = np.array([[TURNED + 0.01, 0.0], [0.0, TURNED + 0.01], [1.5, 1.5], [0, 0]])
    for column, tap in enumerate(TAPS):
        scene.joint_position(f"tap_{tap}")[:] = angles[:, column]
    _, _, terminals, _, _ = env.step(np.tile(STILL, (4, 1)))
    assert np.flatnonzero(terminals).tolist() == [variation]
    state = env.structured["task_low_dim_state"]
    np.testing.assert_allclose(state[:, 14:16], angles, atol=1e-3)


@pytest.mark.parametrize("variation", range(2))
def test_the_state_shows_the_named_handle_on_its_side(variation: int) -> None:
    env = make_batch_env(make_config("turn_tap", variation=variation), 8)
    env.reset(seed=0)
    state = env.structured["task_low_dim_state"].astype(float)
    left, right, named = state[:, :7], state[:, 7:14], state[:, 16:]
    np.testing.assert_array_equal(named, (left, right)[variation])
    # Who looks at the spout looks along its -x and has +y on the right.
    to_the_right = rotate(left[:, 3:], (0.0, 2 * TAP_DISTANCE, 0.0))
    np.testing.assert_allclose(right[:, :3] - left[:, :3], to_the_right, atol=1e-6)


@pytest.mark.parametrize("variation", range(2))
def test_a_grip_turns_the_tap_and_the_other_one_stays_shut(variation: int) -> None:
    env = make_batch_env(make_config("turn_tap", variation=variation), 2)
    env.reset(seed=1)
    expert = Expert(env)
    ended = np.zeros(2, bool)
    success = np.zeros(2, bool)
    while not ended.all():
        _, _, terminals, truncations, _ = env.step(expert.act(~ended), ended)
        success |= terminals & ~ended
        ended = ended | terminals | truncations
    assert success.all()
    other = TAPS[1 - variation]
    np.testing.assert_allclose(_scene(env).joint_position(f"tap_{other}"), 0, atol=0.01)


def test_a_half_turned_tap_stays_and_replays_from_a_saved_state() -> None:
    env = make_batch_env(make_config("turn_tap"), 1)
    env.reset(seed=[3])
    angle = _scene(env).joint_position("tap_left")
    angle[0] = 0.8
    for _ in range(10):
        env.step(STILL[None])
    assert angle[0] == pytest.approx(0.8, abs=1e-6)
    state = env.get_state(0)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (20, 1, 8)).astype(np.float32)
    told = [env.step(action)[0].tobytes() for action in actions]
    env.set_state(0, state)
    assert [env.step(action)[0].tobytes() for action in actions] == told
