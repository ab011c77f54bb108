"""Actions scaled to the range of demos: inverse, inside the space, in both forms."""

import gymnasium
import numpy as np
import pytest

import rlbench_puffer
from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.demos.scaling import DemoActionScaling
from rlbench_puffer.errors import InvalidActionError, InvalidOptionError
from rlbench_puffer.vector.gymnasium_adapter import GymnasiumVecEnv


def demo_of(actions: np.ndarray) -> Demo:
    nothing = np.zeros(len(actions), bool)
    return Demo(
        index=0,
        task="reach_target",
        seed=0,
        episode_index=0,
        variation=0,
        descriptions=(),
        start_state={},
        observations={},
        actions=actions.astype(np.float32),
        rewards=nothing.astype(np.float32),
        terminations=nothing,
        truncations=nothing,
        successes=nothing,
        versions={},
    )


@pytest.fixture
def actions() -> np.ndarray:
    """Small moves; joint 3 stands still and joint 2 uses its whole range."""
    actions = np.random.default_rng(0).uniform(-0.2, 0.3, (50, 8))
    actions[:, 1] = np.linspace(-1, 1, 50)
    actions[:, 2] = 0.1
    return actions.astype(np.float32)


def test_the_range_is_that_of_the_demos_with_a_margin(actions: np.ndarray) -> None:
    env = rlbench_puffer.make("reach_target")
    demos = [demo_of(actions[:20]), demo_of(actions[20:])]
    scaling = DemoActionScaling.from_demos(demos, env.action_space, margin=0.1)
    least, most = actions[:, 0].min(), actions[:, 0].max()
    assert scaling.low[0] == pytest.approx(least - 0.1 * (most - least))
    assert scaling.high[0] == pytest.approx(most + 0.1 * (most - least))
    # Never beyond the space; what demos do not move keeps all of it, as the gripper.
    for component in (1, 2, 7):
        assert (scaling.low[component], scaling.high[component]) == (-1.0, 1.0)
    back = scaling.to_env(scaling.from_env(actions))
    np.testing.assert_allclose(back, actions, atol=1e-6)
    for corner in (-1.0, 1.0):
        assert env.action_space.contains(scaling.to_env(np.full(8, corner)))


def test_a_wrapped_environment_does_what_the_plain_one_does(
    actions: np.ndarray,
) -> None:
    plain, env = (rlbench_puffer.make("reach_target") for _ in range(2))
    scaling = DemoActionScaling.from_demos([demo_of(actions)], plain.action_space)
    scaled = scaling.wrap(env)
    assert scaled.action_space == env.action_space
    plain.reset(seed=0)
    scaled.reset(seed=0)
    for action in scaling.from_env(actions[:10]):
        seen, *_ = scaled.step(action)
        expected, *_ = plain.step(scaling.to_env(action))
        for name, value in expected.items():
            assert seen[name].tobytes() == value.tobytes()
    with pytest.raises(InvalidActionError, match=r"not in \[-1, 1\]"):
        scaled.step(np.full(8, 1.1, np.float32))
    plain.close()
    scaled.close()


def test_vector_environments_are_wrapped_likewise(actions: np.ndarray) -> None:
    plain, vec = (
        GymnasiumVecEnv(
            rlbench_puffer.make_vec("reach_target", num_envs=2, backend="serial")
        )
        for _ in range(2)
    )
    space = vec.single_action_space
    assert isinstance(space, gymnasium.spaces.Box)
    scaling = DemoActionScaling.from_demos([demo_of(actions)], space)
    scaled = scaling.wrap(vec)
    assert scaled.action_space.shape == (2, 8)
    plain.reset(seed=0)
    scaled.reset(seed=0)
    for pair in scaling.from_env(actions[:10].reshape(5, 2, 8)):
        seen, *_ = scaled.step(pair)
        expected, *_ = plain.step(scaling.to_env(pair))
        assert seen["gripper_pose"].tobytes() == expected["gripper_pose"].tobytes()
    plain.close()
    scaled.close()


def test_what_does_not_fit_is_told(actions: np.ndarray) -> None:
    env = rlbench_puffer.make("reach_target")
    space = env.action_space
    with pytest.raises(InvalidOptionError, match="at least one demo"):
        DemoActionScaling.from_demos([], space)
    with pytest.raises(InvalidOptionError, match="margin"):
        DemoActionScaling.from_demos([demo_of(actions)], space, margin=-0.1)
    with pytest.raises(InvalidOptionError, match="the same action mode"):
        DemoActionScaling.from_demos([demo_of(actions * 3)], space)
