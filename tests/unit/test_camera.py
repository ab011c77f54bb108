"""A camera's options are checked when they are given, and stay hashable."""

import pickle
from typing import Any

import pytest

from rlbench_puffer.camera import Camera, checked_cameras
from rlbench_puffer.config import EnvConfig
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError


def test_a_size_alone_means_rgb() -> None:
    config = EnvConfig(task="reach_target", cameras={"front": (84, 96)})
    ((name, camera),) = config.camera_pairs
    assert (name, camera.size, camera.kinds) == ("front", (84, 96), ("rgb",))
    assert camera.shape("rgb") == (84, 96, 3)
    assert camera.shape("depth") == (84, 96)


def test_a_configuration_with_cameras_stays_hashable_and_picklable() -> None:
    wrist = Camera(size=(8, 8), depth=True)
    first = EnvConfig(task="reach_target", cameras={"front": [8, 8], "wrist": wrist})
    second = EnvConfig(task="reach_target", cameras={"wrist": wrist, "front": (8, 8)})
    assert hash(first) == hash(second)
    assert first == second == pickle.loads(pickle.dumps(first))
    assert [name for name, _ in first.camera_pairs] == ["wrist", "front"]


def test_an_unknown_camera_lists_the_close_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'left_shoulder'"):
        checked_cameras({"left_sholder": (8, 8)})


@pytest.mark.parametrize(
    "cameras",
    [
        "front",
        {"front": 84},
        {"front": (84,)},
        {"front": (0, 84)},
        {"front": (84.0, 84)},
        {"front": (True, 84)},
        {"front": (84, 100_000)},
        ["front"],
        3,
    ],
)
def test_cameras_that_make_no_sense_are_refused(cameras: Any) -> None:
    with pytest.raises(InvalidOptionError, match="expected"):
        checked_cameras(cameras)


def test_a_camera_that_gives_nothing_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="at least one of rgb, depth"):
        Camera(rgb=False)
    with pytest.raises(InvalidOptionError, match="True or False"):
        Camera(depth=1)  # pyright: ignore[reportArgumentType]
