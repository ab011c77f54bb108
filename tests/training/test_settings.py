"""What a run is made from is checked before anything starts."""

import inspect

import pytest

from rlbench_puffer.cli.train import train
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.training.settings import TASK_UPDATES, TrainSettings

CLI_NAMES = {
    "arm_mode": "arm_action_mode",
    "max_steps": "episode_length",
    "train_updates": "updates",
    "train_lr": "learning_rate",
    "train_hidden": "hidden",
}


def test_updates_default_to_the_tasks() -> None:
    for task, updates in TASK_UPDATES.items():
        assert TrainSettings(task=task).updates == updates


NOT_SETTINGS = (
    *("task", "output_dir", "resume"),
    # Theirs are split between the ranks and asked for in two ways.
    *("num_envs", "num_envs_total", "ddp_bind_gpu"),
    # All of them, where none is named.
    "observations",
    # They win over others, or are refused.
    *("no_rgb", "fast", "action_chunk"),
    # They change no number.
    *("video_cameras", "video_stride", "fps", "video_all", "no_video"),
    "profile_timing",
)


def test_the_command_line_has_the_defaults_of_the_settings() -> None:
    settings = inspect.signature(TrainSettings).parameters
    for name, parameter in inspect.signature(train).parameters.items():
        if name in NOT_SETTINGS:
            continue
        assert parameter.default == settings[CLI_NAMES.get(name, name)].default, name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "reach_targt"}, "Did you mean 'reach_target'"),
        ({"backend": "natve"}, "Did you mean 'native'"),
        ({"reward": "dense"}, "Unknown reward"),
        ({"arm_action_mode": "joint"}, "Unknown arm action mode"),
        ({"updates": 0}, "updates=0"),
        ({"hidden": ()}, "at least one width"),
        ({"hidden": (64, 0)}, "hidden=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"discount": 1.5}, r"discount=1.5 .*\[0, 1\]"),
        ({"entropy_coefficient": -1.0}, "at least 0"),
        ({"cameras": ("fron",)}, "Did you mean 'front'"),
        ({"cameras": ("front", "front")}, "each camera once"),
        ({"cameras": ("front",), "camera_size": (84, 35)}, "at least 36 x 36"),
        ({"frame_stack": 2}, "1 without cameras"),
        ({"cameras": ("front",), "frame_stack": 0}, "frame_stack=0"),
        ({"observations": ()}, "at least one field, or a camera"),
        ({"observations": ("gripper_pos",)}, "Did you mean 'gripper_pose'"),
        ({"precision": "bfloat16"}, "Unknown precision"),
        ({"device": "gpu"}, "Unknown device"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(options: dict, said: str) -> None:
    with pytest.raises((InvalidOptionError, UnknownNameError), match=said):
        TrainSettings(**{"task": "reach_target", **options})  # pyright: ignore[reportArgumentType]


def test_settings_are_as_json_holds_them() -> None:
    assert TrainSettings(task="open_drawer").as_dict()["hidden"] == [128, 128]


def test_fields_and_cameras_have_rlbenchs_order() -> None:
    settings = TrainSettings(
        task="reach_target",
        observations=("gripper_pose", "joint_positions"),
        cameras=("front", "wrist"),
    )
    assert settings.observations == ("joint_positions", "gripper_pose")
    assert settings.cameras == ("wrist", "front")
