"""``take_lid_off_saucepan``: what counts as success, and that carrying replays."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.tasks import take_lid_off_saucepan as rules
from ways import walk

STILL = np.array([0.0] * 7 + [1.0], np.float32)


def _scene(env: BatchEnv) -> Scene:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine.scene


def _hold_lid_at(env: BatchEnv, offsets: NDArray[np.float64], *, held: bool) -> None:
    """Put the lids at offsets from the volume's middle, and attach them, or not."""
    scene = _scene(env)
    start = scene.model.joint("lid").qposadr[0]
    lid = scene.batch.bind("qpos")[:, start : start + 3]
    lid[:] = scene.body_position("saucepan") + [0.0, 0.0, rules.VOLUME_HEIGHT]
    lid += offsets
    scene.grasped("lid")[:] = held
    scene.forward(np.arange(len(offsets)))


def test_only_a_held_lid_inside_the_volume_counts() -> None:
    up, aside = rules.VOLUME_HALF_HEIGHT, rules.VOLUME_RADIUS
    inside = [[0, 0, 0], [0, 0, up - 1e-3], [0, 0, 1e-3 - up], [aside - 1e-3, 0, 0]]
    outside = [[0, 0, up + 1e-3], [0, 0, -up - 1e-3], [0, aside + 1e-3, 0]]
    offsets = np.array(inside + outside, float)
    env = make_batch_env(make_config("take_lid_off_saucepan"), len(offsets))
    env.reset(seed=0)
    assert isinstance(env.engine, BuiltinEngine)
    expected = [True] * len(inside) + [False] * len(outside)
    _hold_lid_at(env, offsets, held=True)
    assert env.engine.task.success().tolist() == expected
    _hold_lid_at(env, offsets, held=False)
    assert not env.engine.task.success().any()


def test_the_volume_is_too_high_for_a_lid_on_the_pan() -> None:
    low = rules.VOLUME_HEIGHT - rules.VOLUME_HALF_HEIGHT
    assert low - rules.KNOB_HEIGHT > 0.05


def test_the_lid_is_lifted_by_its_knob() -> None:
    env = make_batch_env(make_config("take_lid_off_saucepan"), 1)
    env.reset(seed=[5])
    walk(env)
    assert env.terminals[0]
    lid, pan = (_scene(env).body_position(name)[0] for name in ("lid", "saucepan"))
    assert lid[2] - pan[2] > rules.VOLUME_HEIGHT - rules.VOLUME_HALF_HEIGHT


def test_a_lid_in_the_hand_replays_from_a_saved_state() -> None:
    env = make_batch_env(make_config("take_lid_off_saucepan"), 1)
    env.reset(seed=[5])
    walk(env, 2)
    assert _scene(env).grasped("lid")[0] == 1
    state = env.get_state(0)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.5, 0.5, (20, 1, 8)).astype(np.float32)
    actions[:, :, 7] = -1.0
    told = [env.step(action)[0].tobytes() for action in actions]
    env.set_state(0, state)
    assert [env.step(action)[0].tobytes() for action in actions] == told


def test_a_lid_that_nobody_touches_stays_on_its_pan() -> None:
    env = make_batch_env(make_config("take_lid_off_saucepan"), 4)
    env.reset(seed=0)
    start = _scene(env).body_position("lid").copy()
    for _ in range(60):
        env.step(np.tile(STILL, (4, 1)))
    np.testing.assert_allclose(_scene(env).body_position("lid"), start, atol=1e-5)
