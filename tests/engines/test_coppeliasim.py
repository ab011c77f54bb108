"""The same promises on the real CoppeliaSim: ``pytest -m coppeliasim``."""

from typing import Any

import numpy as np
import psutil
import pytest

import rlbench_puffer as rp
from rlbench_puffer.engines.rlbench.doctor import examine_coppeliasim
from rlbench_puffer.vector.base import VecEnv
from vec_rows import nothing

pytestmark = [pytest.mark.coppeliasim, pytest.mark.timeout(600)]


def make(num_envs: int = 2, **options: Any) -> VecEnv:
    options = {"task": "reach_target", "engine": "coppeliasim", "seed": 1, **options}
    return rp.make_vec(num_envs=num_envs, **options)


def test_the_doctor_finds_everything() -> None:
    states = {finding.name: finding.state for finding in examine_coppeliasim()}
    assert set(states.values()) == {"ok"}


@pytest.mark.parametrize("display", ["xvfb", "egl"])
@pytest.mark.parametrize("renderer", ["opengl", "opengl3"])
def test_every_camera_gives_every_picture(display: Any, renderer: Any) -> None:
    camera = rp.Camera(size=(48, 64), depth=True, mask=True, point_cloud=True)
    names = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
    vec = make(
        1,
        cameras=dict.fromkeys(names, camera),
        display=display,
        simulator=rp.Simulator(renderer=renderer),
    )
    observations, infos = vec.reset(seed=0)
    assert vec.emulated
    row = observations.view(vec.emulated.emulated_observation_dtype)[0, 0]
    for name in names:
        assert row[f"{name}_rgb"].std() > 1
        assert 0.01 < row[f"{name}_depth"].min() < row[f"{name}_depth"].max() < 5
        assert np.isfinite(row[f"{name}_point_cloud"]).all()
    known = set(infos[0]["mask_names"])
    assert known & set(row["front_mask"].ravel().tolist())
    vec.close()


def test_the_death_of_an_x_server_costs_one_episode() -> None:
    vec = make(cameras={"front": (16, 16)})
    vec.reset(seed=0)
    worker = psutil.Process(vec.health()["workers"][0]["pid"])
    (server,) = (child for child in worker.children() if child.name() == "Xvfb")
    server.kill()
    worker.wait(10.0)
    assert vec.step(nothing(vec))[3].tolist() == [True, False]
    vec.step(nothing(vec))
    vec.close()
