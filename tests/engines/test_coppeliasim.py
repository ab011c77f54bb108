"""The same promises on the real CoppeliaSim: ``pytest -m coppeliasim``."""

import os
import signal
from typing import Any, get_args

import numpy as np
import psutil
import pytest

import rlbench_puffer as rp
from rlbench_puffer.config import ArmActionMode, GripperActionMode
from rlbench_puffer.engines.rlbench.doctor import examine_coppeliasim
from rlbench_puffer.vector.base import VecEnv

pytestmark = [pytest.mark.coppeliasim, pytest.mark.timeout(600)]


def make(num_envs: int = 2, **options: Any) -> VecEnv:
    options = {"task": "reach_target", "engine": "coppeliasim", "seed": 1, **options}
    return rp.make_vec(num_envs=num_envs, **options)


def nothing(vec: VecEnv) -> np.ndarray:
    return np.zeros(vec.action_space.shape or (), np.float32)


def rows(vec: VecEnv, steps: int) -> list[bytes]:
    seen = [vec.reset(seed=3)[0].tobytes()]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        actions = rng.uniform(-1, 1, nothing(vec).shape).astype(np.float32)
        observations, rewards, *_ = vec.step(actions)
        seen.append(observations.tobytes() + rewards.tobytes())
    vec.close()
    return seen


def test_the_doctor_finds_everything() -> None:
    states = {finding.name: finding.state for finding in examine_coppeliasim()}
    assert set(states.values()) == {"ok"}


@pytest.mark.parametrize("backend", ["shm", "puffer", "gym"])
def test_the_same_seed_gives_the_same_bytes(backend: Any) -> None:
    options: dict[str, Any] = {"episode_length": 20, "task": "open_drawer"}
    assert rows(make(backend=backend, **options), 50) == rows(make(**options), 50)


def test_pixels_repeat_themselves_too() -> None:
    cameras = {"front": rp.Camera(size=(64, 96), depth=True, mask=True)}
    first = rows(make(1, cameras=cameras), 10)
    assert first == rows(make(1, cameras=cameras), 10)
    assert len(set(first)) == len(first)


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


@pytest.mark.parametrize("gripper", get_args(GripperActionMode))
@pytest.mark.parametrize("mode", get_args(ArmActionMode))
def test_every_action_mode_steps(mode: Any, gripper: Any) -> None:
    env = rp.make(
        "reach_target",
        engine="coppeliasim",
        arm_action_mode=mode,
        gripper_action_mode=gripper,
    )
    observation, _ = env.reset(seed=0)
    for _ in range(5):
        assert env.observation_space.contains(observation)
        action = 0.05 * env.action_space.sample()
        if mode.endswith(("ik", "planning")):
            action[3:7] = 0, 0, 0, 1
        observation = env.step(action)[0]
    env.close()


@pytest.mark.parametrize("robot", ["jaco", "mico", "sawyer", "ur5"])
def test_every_robot_steps(robot: Any) -> None:
    simulator = rp.Simulator(robot=robot)
    vec = make(1, simulator=simulator)
    observations, _ = vec.reset(seed=0)
    for _ in range(5):
        observations = vec.step(nothing(vec))[0]
    assert np.isfinite(observations).all()
    vec.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_killed_is_replaced(number: signal.Signals) -> None:
    vec = make()
    vec.reset(seed=0)
    pid = vec.health()["workers"][1]["pid"]
    os.kill(pid, number)
    psutil.Process(pid).wait(10.0)
    assert vec.step(nothing(vec))[3].tolist() == [False, True]
    vec.step(nothing(vec))
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


def test_nothing_is_printed_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    vec = make()
    vec.reset(seed=0)
    vec.close()
    assert capfd.readouterr().out == ""


def test_a_demo_of_rlbench_is_begun_where_it_began() -> None:
    env = rp.make("reach_target", engine="coppeliasim")
    env.reset(seed=0)
    (demo,) = getattr(env.engine, "get_demos")(1, variation=2)  # noqa: B009
    observation, info = env.reset(options={"demo": demo})
    assert info["variation"] == 2
    recorded = demo.demo[0].task_low_dim_state
    np.testing.assert_allclose(observation["task_low_dim_state"], recorded, atol=1e-4)
    env.close()


def test_a_simulator_is_started_afresh_after_so_many_episodes() -> None:
    env = rp.make(
        "reach_target",
        engine="coppeliasim",
        simulator=rp.Simulator(recycle_after=1, count_waypoints=True),
    )
    for seed in range(4):
        assert env.reset(seed=seed)[1]["waypoint_count"] == 1
    env.close()
