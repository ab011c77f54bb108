"""RLBenchEnv as Gymnasium's users know an environment."""

import copy
import pickle
import warnings
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rlbench_puffer
from rlbench_puffer.config import OBSERVATION_NAMES
from rlbench_puffer.errors import (
    CallOrderError,
    ClosedError,
    InvalidActionError,
    InvalidOptionError,
    UnknownNameError,
)
from rlbench_puffer.tasks.registry import TASK_NAMES, find_task

ACTION_MODES = [
    {"arm_action_mode": arm, "gripper_action_mode": gripper, "normalize_actions": norm}
    for arm in ("joint_velocity", "joint_position", "delta_joint_position")
    for gripper in ("discrete", "joint_position")
    for norm in (True, False)
]


@pytest.mark.parametrize("task", TASK_NAMES)
def test_gymnasiums_checker_is_content(task: str) -> None:
    env = rlbench_puffer.make(task)
    with warnings.catch_warnings():
        # Velocities and forces have no bounds, and it wonders about that.
        warnings.filterwarnings("ignore", message=".*(minimum|maximum) value is")
        check_env(env, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("mode", ACTION_MODES, ids=str)
@pytest.mark.parametrize("task", TASK_NAMES)
def test_observations_stay_inside_the_space(task: str, mode: dict[str, Any]) -> None:
    env = rlbench_puffer.make(task, **mode)
    env.action_space.seed(0)
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    for _ in range(30):
        observation, reward, terminated, truncated, _ = env.step(
            env.action_space.sample()
        )
        assert observation in env.observation_space
        assert np.isfinite(reward)
        if terminated or truncated:
            break
    env.close()


def test_no_field_is_constant_over_two_random_episodes() -> None:
    env = rlbench_puffer.make("open_drawer", episode_length=60)
    env.action_space.seed(0)
    first, _ = env.reset(seed=0)
    changed = dict.fromkeys(first, False)
    for episode in range(2):
        for _ in range(60):
            observation, *_ = env.step(env.action_space.sample())
            for name, value in observation.items():
                changed[name] |= bool(np.any(value != first[name]))
        env.reset(seed=episode + 1)
    # Nothing touched the fingers: tests/engines/test_grasping.py feels them.
    changed.pop("gripper_touch_forces")
    assert all(changed.values()), changed
    env.close()


def test_fields_have_rlbenchs_names_order_and_sizes() -> None:
    env = rlbench_puffer.make("open_drawer")
    observation, _ = env.reset(seed=0)
    assert (
        tuple(observation) == tuple(env.observation_space.spaces) == OBSERVATION_NAMES
    )
    sizes = [value.shape for value in observation.values()]
    assert sizes == [(7,), (7,), (7,), (1,), (7,), (2,), (6,), (31,)]
    assert {value.dtype for value in observation.values()} == {np.dtype(np.float32)}
    env.close()


def test_home_is_rlbenchs_home() -> None:
    """Tip pose at home, measured in RLBench 1.2.0 before it settles."""
    env = rlbench_puffer.make("reach_target")
    observation, _ = env.reset(seed=0)
    np.testing.assert_allclose(
        observation["gripper_pose"],
        [0.2781, -0.0082, 1.4732, 0.0, 0.99255, 0.0, 0.12186],
        atol=0.001,
    )
    assert observation["gripper_open"] == [1.0]
    env.close()


def test_asking_for_few_fields_gives_just_those() -> None:
    env = rlbench_puffer.make(
        "reach_target", observations=["task_low_dim_state", "gripper_pose"]
    )
    observation, _ = env.reset(seed=0)
    assert tuple(observation) == ("gripper_pose", "task_low_dim_state")
    env.close()


def test_an_episode_is_truncated_at_its_length_and_told() -> None:
    env = rlbench_puffer.make("push_button", episode_length=5, variation=7)
    _, info = env.reset(seed=0)
    assert info["variation"] == 7
    assert "cyan" in info["descriptions"][0]
    still = np.array([0.0] * 7 + [1.0], np.float32)
    told = [env.step(still)[1:] for _ in range(5)]
    assert [(r, te, tr) for r, te, tr, _ in told] == [
        *[(0.0, False, False)] * 4,
        (0.0, False, True),
    ]
    assert told[0][3] == {"success": False}
    assert told[4][3] == {
        "success": False,
        "variation": 7,
        "episode": {"r": 0.0, "l": 5},
    }
    with pytest.raises(CallOrderError, match="no episode is running"):
        env.step(still)
    env.close()


def test_default_episode_length_is_the_tasks() -> None:
    env = rlbench_puffer.make("reach_target")
    assert env.episode_length == find_task("reach_target").episode_length


def test_the_same_seed_gives_the_same_stream_of_episodes() -> None:
    first, second = (rlbench_puffer.make("reach_target") for _ in range(2))
    rng = np.random.default_rng(0)
    for env in (first, second):
        env.reset(seed=11)
    # What happens within an episode does not move the next one.
    for _ in range(20):
        first.step(rng.uniform(-1, 1, 8).astype(np.float32))
    starts = [env.reset()[0]["task_low_dim_state"] for env in (first, second)]
    np.testing.assert_array_equal(starts[0], starts[1])
    first.close()
    second.close()


def test_a_variation_can_be_chosen_at_reset() -> None:
    env = rlbench_puffer.make("open_drawer")
    for variation in (2, 0, 1):
        assert env.reset(options={"variation": variation})[1]["variation"] == variation
    with pytest.raises(InvalidOptionError, match="below 3"):
        env.reset(options={"variation": 3})
    with pytest.raises(UnknownNameError, match="Did you mean 'variation'"):
        env.reset(options={"varation": 1})
    env.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variation": "1"}, "an index below 20"),
        ({"variation": 1.5}, "an index below 20"),
        ({"variation": True}, "an index below 20"),
        ({"state": 3}, "what get_state"),
        ({"state": {}}, "what get_state"),
        ({"state": {"engine": {}}}, "made likewise"),
        ({"demo": 3}, "load_demos"),
    ],
)
def test_a_reset_option_of_the_wrong_kind_says_what_fits(
    options: dict[str, Any], message: str
) -> None:
    env = rlbench_puffer.make("reach_target")
    with pytest.raises(InvalidOptionError, match=message):
        env.reset(options=options)
    env.reset(seed=0)
    env.close()


def test_a_saved_state_goes_on_in_another_environment() -> None:
    env, other = rlbench_puffer.make("open_drawer"), rlbench_puffer.make("open_drawer")
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(40)]
    env.reset(seed=1)
    for action in actions[:15]:
        env.step(action)
    state = env.get_state()
    expected = [env.step(action)[0] for action in actions[15:]]
    shown, info = other.reset(seed=99, options={"state": state})
    assert info["variation"] == int(state["engine"]["variable.variation"])
    assert shown in other.observation_space
    for action, wanted in zip(actions[15:], expected, strict=True):
        got = other.step(action)[0]
        for name, value in wanted.items():
            assert got[name].tobytes() == value.tobytes()
    env.close()
    other.close()


def test_an_episode_starts_where_a_demo_of_its_task_started() -> None:
    env = rlbench_puffer.make("push_button")
    first, _ = env.reset(seed=3)
    demo = SimpleNamespace(task="push_button", start_state=env.get_state())
    env.step(env.action_space.sample())
    again, _ = env.reset(options={"demo": demo})
    for name, value in first.items():
        assert again[name].tobytes() == value.tobytes()
    demo.task = "open_drawer"
    with pytest.raises(InvalidOptionError, match="a demo of push_button"):
        env.reset(options={"demo": demo})
    with pytest.raises(InvalidOptionError, match="one of variation, state, demo"):
        env.reset(options={"demo": demo, "variation": 1})
    env.close()


def test_observations_share_no_memory() -> None:
    env = rlbench_puffer.make("reach_target")
    first, _ = env.reset(seed=0)
    kept = first["gripper_pose"].copy()
    env.step(np.ones(8, np.float32))
    np.testing.assert_array_equal(first["gripper_pose"], kept)
    env.close()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.full(8, np.nan, np.float32), "component 0 is nan"),
        (np.full(8, 2.0, np.float32), "component 0 is 2.0"),
        (np.zeros(7, np.float32), r"shape \(7,\) .* expected \(8,\)"),
        (np.zeros((1, 8), np.float32), r"shape \(1, 8\) .* expected \(8,\)"),
        (np.array(["a"] * 8), "dtype"),
        ([[0.0], [0.0, 0.0]], "dtype object"),
    ],
)
def test_an_invalid_action_is_an_error_that_says_what(
    action: Any, message: str
) -> None:
    env = rlbench_puffer.make("reach_target")
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match=message):
        env.step(action)
    env.close()


def test_after_close_everything_is_refused_but_close() -> None:
    env = rlbench_puffer.make("reach_target")
    env.reset(seed=0)
    env.close()
    env.close()
    with pytest.raises(ClosedError):
        env.reset()
    with pytest.raises(ClosedError):
        env.step(np.zeros(8, np.float32))
    with pytest.raises(ClosedError):
        env.picture("front", (8, 8))


def test_a_step_before_reset_is_an_error_and_starts_nothing() -> None:
    env = rlbench_puffer.make("reach_target")
    with pytest.raises(CallOrderError, match=r"Call reset\(\)"):
        env.step(np.zeros(8, np.float32))
    with pytest.raises(CallOrderError, match="not yet reset"):
        _ = env.engine
    env.close()


def test_a_picture_of_no_size_is_refused() -> None:
    env = rlbench_puffer.make("reach_target")
    env.reset(seed=0)
    for size in ((0, 8), (8,), "8x8"):
        with pytest.raises(InvalidOptionError, match="height, width"):
            env.picture("front", size)  # pyright: ignore[reportArgumentType]
    env.close()


def test_what_runs_cannot_be_copied_and_says_what_can() -> None:
    env = rlbench_puffer.make("reach_target")
    assert copy.deepcopy(env).config == env.config
    env.reset(seed=0)
    for way in (copy.deepcopy, pickle.dumps):
        with pytest.raises(CallOrderError, match="get_state"):
            way(env)
    env.close()


def test_a_state_before_reset_is_an_error() -> None:
    env = rlbench_puffer.make("reach_target")
    with pytest.raises(CallOrderError, match="not yet reset"):
        env.get_state()


def test_an_unknown_render_mode_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Unknown render mode 'human'"):
        rlbench_puffer.make("reach_target", render_mode="human")


@pytest.mark.parametrize("task", TASK_NAMES)
def test_gymnasium_makes_registered_environments(task: str) -> None:
    ids = rlbench_puffer.register_envs()
    assert rlbench_puffer.register_envs() == ids
    env_id = f"rlbench_puffer/{task}-v0"
    assert env_id in ids
    last = find_task(task).variation_count - 1
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(minimum|maximum) value is")
        env = gymnasium.make(env_id, variation=last, episode_length=3)
        _, info = env.reset(seed=0)
    assert info["variation"] == last
    truncations = [env.step(env.action_space.sample())[3] for _ in range(3)]
    assert truncations == [False, False, True]
    env.close()
