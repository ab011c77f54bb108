"""Domain randomisation of RLBench's own scene: its options, and what they change."""

from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest

import rlbench_puffer as rp
from rlbench_models import needs_rlbench
from rlbench_puffer.errors import InvalidOptionError
from vec_rows import nothing


@pytest.fixture
def textures(tmp_path: Path) -> Path:
    folder = tmp_path / "textures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        picture = rng.integers(0, 256, (16, 16, 3), np.uint8)
        imageio.imwrite(folder / f"{number}.png", picture)
    return folder


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"randomize_every": "variation"}, "takes VARIATION for TRANSITION"),
        ({"randomize_frequency": 0}, "at least 1"),
        ({"randomize_except": "Floor"}, "names of objects"),
        ({"randomize_arm": 1}, "True or False"),
    ],
)
def test_what_rlbench_cannot_do_is_refused(
    textures: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidOptionError, match=says):
        rp.Simulator(textures=str(textures), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"randomize_every": "transition"},
        {"randomize_frequency": 2},
        {"randomize_except": ("Floor",)},
        {"randomize_arm": False},
    ],
)
def test_options_that_would_change_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match="without textures"):
        rp.Simulator(**options)


def test_dynamics_are_refused_as_rlbench_refuses_them() -> None:
    with pytest.raises(InvalidOptionError, match="DynamicsRandomizationConfig is not"):
        rp.EnvConfig(
            task="reach_target", engine="mujoco", randomize=rp.Randomization(mass=0.2)
        )


@needs_rlbench
@pytest.mark.display
@pytest.mark.slow
def test_textures_change_as_often_as_they_shall_and_where(textures: Path) -> None:
    def pictures(**options: Any) -> list[np.ndarray]:
        vec = rp.make_vec(
            "reach_target",
            num_envs=1,
            engine="mujoco",
            cameras={"front": (64, 64)},
            simulator=rp.Simulator(textures=str(textures), **options),
        )
        assert vec.emulated
        dtype = vec.emulated.emulated_observation_dtype

        def picture(observations: np.ndarray) -> np.ndarray:
            return observations.view(dtype)[0, 0]["front_rgb"].astype(int)

        still = nothing(vec)
        still[..., -1] = 1.0
        told = [picture(vec.reset(seed=seed)[0]) for seed in (0, 1, 0)]
        told += [picture(vec.step(still)[0]) for _ in range(2)]
        vec.close()
        return told

    def wall(picture: np.ndarray) -> np.ndarray:
        return picture[:20, :20]

    first, other, again, _, after = pictures()
    # The same seed the same textures, and for the length of an episode.
    assert (first == again).all()
    assert (after == again).all()
    assert (first != other).mean() > 0.2
    *_, first, second = pictures(randomize_every="transition")
    assert (first != second).mean() > 0.2
    walls = ("Wall1", "Wall2", "Wall3", "Wall4")
    first, other, *_ = pictures(randomize_except=walls, randomize_arm=False)
    assert (wall(first) == wall(other)).all()
    # An episode's textures stay for the next one.
    first, other, *_ = pictures(randomize_frequency=2)
    assert (first != other).mean() < 0.1
