"""The ways that tasks lay out for their expert lead to success."""

import numpy as np
import pytest

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.poses import rotate
from rlbench_puffer.tasks.approach import WRIST_REACH, approach_quat, wrist_distance
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.registry import TASK_NAMES

SEEDS = 3


@pytest.mark.parametrize("name", TASK_NAMES)
def test_the_way_leads_to_success(name: str) -> None:
    env = make_batch_env(make_config(name), SEEDS)
    env.reset(seed=list(range(SEEDS)))
    expert = Expert(env)
    ended, success = np.zeros(SEEDS, bool), np.zeros(SEEDS, bool)
    while not ended.all():
        _, _, terminals, truncations, _ = env.step(expert.act(~ended), ended)
        success |= terminals & ~ended
        ended = ended | terminals | truncations
    assert success.all()


@pytest.mark.parametrize("name", TASK_NAMES)
def test_waypoints_are_poses_within_the_arms_reach(name: str) -> None:
    env = make_batch_env(make_config(name), 100)
    env.reset(seed=0)
    assert isinstance(env.engine, BuiltinEngine)
    task = env.engine.task
    assert isinstance(task, Task)
    for env_id in range(100):
        way = task.waypoints(env_id)
        assert way[0].path == "free"
        for waypoint in way:
            assert waypoint.position.shape == (3,)
            assert np.linalg.norm(waypoint.quat_xyzw) == pytest.approx(1.0)
            distance = wrist_distance(waypoint.position, waypoint.quat_xyzw)
            assert distance < WRIST_REACH + 0.03


def test_the_hand_leans_outwards_only_where_it_must() -> None:
    near, far = np.array([0.2, 0.1, 0.8]), np.array([0.5, 0.35, 0.8])
    np.testing.assert_allclose(
        rotate(approach_quat(near), [0.0, 0.0, 1.0]), [0.0, 0.0, -1.0], atol=1e-12
    )
    down = np.array([0.0, 1.0, 0.0, 0.0])
    assert wrist_distance(far, down) > WRIST_REACH
    assert wrist_distance(far, approach_quat(far)) <= WRIST_REACH
    fingers = rotate(approach_quat(far), [0.0, 0.0, 1.0])
    assert fingers[0] > 0
    assert fingers[1] > 0
