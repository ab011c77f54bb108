"""A configuration is checked when it is made, and its errors say what would fit."""

import dataclasses
from typing import Any

import pytest

from rlbench_puffer.config import OBSERVATION_NAMES, EnvConfig, make_config
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError


@pytest.mark.parametrize(
    ("options", "kind", "suggestion"),
    [
        ({"engine": "buildin"}, "engine", "builtin"),
        ({"arm_action_mode": "joint_velocty"}, "arm action mode", "joint_velocity"),
        ({"gripper_action_mode": "discreet"}, "gripper action mode", "discrete"),
        ({"reward": "shapd"}, "reward", "shaped"),
        ({"observations": ["joint_position"]}, "observation", "joint_positions"),
        ({"episode_lenght": 3}, "option", "episode_length"),
    ],
)
def test_a_misspelt_name_lists_the_close_one(
    options: dict[str, Any], kind: str, suggestion: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown {kind} .*{suggestion}"):
        make_config("reach_target", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"episode_length": 0},
        {"episode_length": 1.5},
        {"episode_length": True},
        {"num_threads": -1},
        {"normalize_actions": "yes"},
        {"observations": []},
        {"observations": "gripper_pose"},
        {"variation": -1},
        {"variation": "all"},
        {"variation": []},
        {"variation": [0, "1"]},
    ],
)
def test_a_value_that_does_not_fit_names_its_option(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(InvalidOptionError, match=name):
        make_config("reach_target", **options)


def test_observations_take_rlbenchs_order_whatever_order_was_asked() -> None:
    config = make_config(
        "reach_target", observations=tuple(reversed(OBSERVATION_NAMES))
    )
    assert config.observations == OBSERVATION_NAMES


def test_a_configuration_cannot_be_changed() -> None:
    config = EnvConfig(task="reach_target")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.task = "push_button"  # pyright: ignore[reportAttributeAccessIssue]


def test_equal_options_make_equal_configurations() -> None:
    first = make_config("reach_target", variation=[1, 2])
    assert first == make_config("reach_target", variation=(1, 2))
    assert hash(first) == hash(make_config("reach_target", variation=(1, 2)))
