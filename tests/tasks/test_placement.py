"""A thousand placements of every task: nothing touches the robot, nothing is done."""

import mujoco
import numpy as np
import pytest

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.tasks.registry import TASK_NAMES

SEEDS = 1000

RESTING_DEPTH = 5e-4
"""How deep a thing that stands on the table may be in it [m]: MuJoCo's contacts are
soft. A block rests 0.1 mm deep, a ball, which has one contact only, 0.37 mm."""

STILL = np.array([0.0] * 7 + [1.0], np.float32)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_no_placement_starts_solved_or_in_collision(name: str) -> None:
    env = make_batch_env(make_config(name), SEEDS)
    env.reset(seed=list(range(SEEDS)))
    assert not env.engine.success.any()
    scene = _engine(env).scene
    model, data = scene.model, mujoco.MjData(scene.model)
    names = [model.body(body).name for body in model.geom_bodyid]
    robot = np.array([name.startswith("panda") for name in names])
    for env_id in np.flatnonzero(scene.batch.bind("ncon")):
        contacts = scene.batch.get_data(int(env_id), data).contact
        for geoms, distance in zip(contacts.geom, contacts.dist, strict=True):
            told = f"seed {env_id}: {[names[g] for g in geoms]}, {-distance} m deep"
            assert not robot[geoms].any(), told
            assert distance > -RESTING_DEPTH, told


@pytest.mark.parametrize("name", TASK_NAMES)
def test_what_is_placed_rests(name: str) -> None:
    env = make_batch_env(make_config(name), 50)
    env.reset(seed=0)
    placed = _engine(env).scene.batch.bind("qpos")[:, 9:]
    start = placed.copy()
    for _ in range(20):
        env.step(np.tile(STILL, (50, 1)))
    np.testing.assert_allclose(placed, start, atol=5e-4)
    assert not env.engine.success.any()


def _engine(env: BatchEnv) -> BuiltinEngine:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine
