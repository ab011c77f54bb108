"""The scripted expert solves the tasks over the public action interface."""

from typing import Any

import numpy as np
import pytest

import rlbench_puffer
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import ConfigError
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.tasks.push_button import PushButton

MODES = [
    {"arm_action_mode": "joint_position"},
    {"arm_action_mode": "delta_joint_position", "normalize_actions": False},
    {"arm_action_mode": "joint_velocity", "gripper_action_mode": "joint_position"},
    {"arm_action_mode": "ee_pose_ik"},
    {"arm_action_mode": "ee_pose_ik", "normalize_actions": False},
    {"arm_action_mode": "delta_ee_pose_ik", "gripper_action_mode": "joint_position"},
    {"arm_action_mode": "delta_ee_pose_ik", "delta_frame": "end_effector"},
]


def one_episode(env: BatchEnv, expert: Expert) -> np.ndarray:
    """Runs each sub-env's episode to its end; which of them succeeded, (n,)."""
    held = np.zeros(env.num_agents, bool)
    success = held.copy()
    while not held.all():
        action = expert.act(~held)
        assert env.single_action_space.contains(action[0])
        _, _, terminals, truncations, _ = env.step(action, held)
        success |= terminals & ~held
        held = held | terminals | truncations
    return success


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_the_expert_acts_in_the_environments_own_action_mode(
    mode: dict[str, Any],
) -> None:
    env = make_batch_env(make_config("push_button", **mode), 4)
    env.reset(seed=0)
    assert one_episode(env, Expert(env)).all()
    env.close()


def test_the_expert_plans_anew_after_each_reset() -> None:
    env = make_batch_env(make_config("reach_target"), 3)
    env.reset(seed=5)
    expert = Expert(env)
    solved = np.zeros(3, np.int64)
    # Each sub-env resets itself on the step after its episode's end.
    for _ in range(200):
        _, _, terminals, truncations, _ = env.step(expert.act())
        assert not truncations.any()
        solved += terminals
    assert (solved >= 2).all()
    env.close()


def test_the_expert_solves_a_gymnasium_environment() -> None:
    env = rlbench_puffer.make("open_drawer", normalize_actions=False)
    env.reset(seed=1)
    expert = Expert(env)
    terminated = truncated = False
    info: dict[str, Any] = {}
    while not (terminated or truncated):
        _, _, terminated, truncated, info = env.step(expert.act()[0])
    assert info["success"]
    env.close()


def test_an_experts_actions_do_not_depend_on_what_runs_beside_it() -> None:
    together = make_batch_env(make_config("push_button"), 3)
    together.reset(seed=[7, 8, 9])
    alone = make_batch_env(make_config("push_button"), 1)
    alone.reset(seed=[9])
    first, second = Expert(together), Expert(alone)
    for _ in range(60):
        action, lonely = first.act(), second.act()
        assert action[2].tobytes() == lonely[0].tobytes()
        together.step(action)
        alone.step(lonely)
    together.close()
    alone.close()


def test_a_task_without_waypoints_is_told_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PushButton, "waypoints", lambda self, env_id: ())
    env = make_batch_env(make_config("push_button"), 1)
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="push_button has no expert"):
        Expert(env).act()
    env.close()
