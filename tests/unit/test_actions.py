"""Actions are checked before anything is simulated, then scaled to physical units."""

from typing import Any

import numpy as np
import pytest

from rlbench_puffer.config import CONTROL_DT, make_config
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.envs.actions import ActionScaling
from rlbench_puffer.errors import InvalidActionError


def _scaling(**options: Any) -> ActionScaling:
    return ActionScaling(make_config("reach_target", **options))


def test_normalised_ends_are_the_physical_limits() -> None:
    scaling = _scaling()
    ends = scaling.to_physical(np.array([[1.0] * 8, [-1.0] * 8]))
    expected = np.append(limits.JOINT_VELOCITY_LIMIT, 1.0)
    np.testing.assert_allclose(ends[0], expected)
    np.testing.assert_allclose(ends[1, :7], -limits.JOINT_VELOCITY_LIMIT)
    assert ends[1, 7] == 0.0


def test_a_delta_covers_what_the_velocity_limit_allows_in_one_step() -> None:
    scaling = _scaling(arm_action_mode="delta_joint_position")
    physical = scaling.to_physical(np.ones((1, 8)))
    np.testing.assert_allclose(
        physical[0, :7], limits.JOINT_VELOCITY_LIMIT * CONTROL_DT
    )


def test_physical_actions_pass_unscaled() -> None:
    scaling = _scaling(arm_action_mode="joint_position", normalize_actions=False)
    home = np.append(limits.HOME_JOINT_POSITIONS, 1.0)[None]
    np.testing.assert_array_equal(scaling.to_physical(scaling.check(home, 1)), home)


def test_every_corner_of_the_space_is_accepted_and_stays_within_exact_limits() -> None:
    scaling = _scaling(normalize_actions=False)
    for corner in (scaling.space.low, scaling.space.high):
        physical = scaling.to_physical(scaling.check(corner[None], 1))
        assert np.all(np.abs(physical[0, :7]) <= limits.JOINT_VELOCITY_LIMIT)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("mode", ["joint_velocity", "joint_position"])
def test_actions_come_back_from_physical_units(mode: str, normalize: bool) -> None:
    scaling = _scaling(arm_action_mode=mode, normalize_actions=normalize)
    low, high = scaling.space.low.astype(float), scaling.space.high.astype(float)
    actions = low + np.random.default_rng(0).uniform(size=(50, 8)) * (high - low)
    back = scaling.from_physical(scaling.to_physical(actions))
    np.testing.assert_allclose(back, actions, atol=1e-6)
    # What the limits do not allow ends at them.
    far = scaling.from_physical(np.full((1, 8), 100.0))
    np.testing.assert_array_equal(far[0], scaling.space.high)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5, -2.0])
def test_a_bad_number_is_named_with_its_sub_env_and_component(value: float) -> None:
    actions = np.zeros((3, 8), np.float32)
    actions[2, 5] = value
    with pytest.raises(InvalidActionError, match=r"sub-env 12: component 5 is"):
        _scaling().check(actions, 3, first_env_id=10)


def test_a_wrong_shape_is_named() -> None:
    with pytest.raises(InvalidActionError, match=r"\(3, 7\), expected \(3, 8\)"):
        _scaling().check(np.zeros((3, 7), np.float32), 3)


@pytest.mark.parametrize("dtype", ["U3", object, complex, bool])
def test_a_wrong_dtype_is_named(dtype: Any) -> None:
    with pytest.raises(InvalidActionError, match="dtype"):
        _scaling().check(np.zeros((3, 8)).astype(dtype), 3)
