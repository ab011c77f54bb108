"""RLBench's own code, where it is: the same promises on MuJoCo and on CoppeliaSim.

On CoppeliaSim: ``pytest -m coppeliasim``. On MuJoCo they run where ``import rlbench``
would find RLBench, or ``rlbench-puffer setup rlbench`` has put it.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import gymnasium
import numpy as np
import psutil
import pytest

import rlbench_puffer as rp
from rlbench_models import needs_rlbench
from rlbench_puffer.config import ArmActionMode, GripperActionMode
from rlbench_puffer.engines.rlbench.facts import simulated_task
from rlbench_puffer.engines.rlbench.task_names import rlbench_folder
from rlbench_puffer.errors import InvalidActionError, SimulationError
from rlbench_puffer.setup.sources import missing_models
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.make import BackendName
from vec_rows import nothing, rows

pytestmark = [pytest.mark.timeout(600)]

SLOW = pytest.mark.slow

OF_MANY_THINGS = ("stack_blocks", "setup_checkers", "pour_from_cup_to_cup")

REMEMBERED = ("close_grill", "take_lid_off_saucepan", "tv_on")
"""Tasks in which solutions not given, what slept, and the solver's beginning were
carried from one episode into the next."""


@pytest.fixture(
    params=[
        pytest.param("mujoco", marks=needs_rlbench),
        pytest.param("coppeliasim", marks=pytest.mark.coppeliasim),
    ]
)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def make_vec(engine: str, num_envs: int = 2, **options: Any) -> VecEnv:
    options = {"task": "reach_target", "seed": 1, **options}
    return rp.make_vec(num_envs=num_envs, engine=engine, **options)


def run_script(text: str) -> None:
    """In a process of its own, for one that ran an engine cannot run the other."""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_it_resets_and_takes_random_steps(engine: str) -> None:
    vec = make_vec(engine, 1, episode_length=30)
    told = rows(vec, 50)
    assert len(set(told)) > 40
    # Another process, and another reset within: bit for bit the same.
    assert told == rows(make_vec(engine, 1, episode_length=30), 50)


@needs_rlbench
@pytest.mark.parametrize(
    "task",
    [
        "reach_target",
        *(pytest.param(t, marks=SLOW) for t in (*OF_MANY_THINGS, *REMEMBERED)),
    ],
)
def test_the_same_follows_a_seed_whatever_was_before(task: str) -> None:
    run_script(
        f"""
import numpy as np
import rlbench_puffer as rp

env = rp.make({task!r}, engine="mujoco")

def episode(seed):
    rng = np.random.default_rng(seed)
    told = [env.reset(seed=seed)[0]]
    for _ in range(10):
        action = rng.uniform(env.action_space.low, env.action_space.high)
        told.append(env.step(action.astype(np.float32))[0])
    return [row[name].tobytes() for row in told for name in sorted(row)]

first = episode(0)
assert episode(0) == first, "at once"
episode(1)
episode(2)
assert episode(0) == first, "after others"
env.close()
"""
    )


@needs_rlbench
def test_a_demo_follows_a_seed_and_what_it_grasped_keeps_its_place_in_the_state() -> (
    None
):
    run_script(
        """
import numpy as np
import rlbench_puffer as rp

env = rp.make("pick_and_lift", engine="mujoco")
env.reset(seed=0)
demos = [env.unwrapped.engine.get_demos(1, seed=5)[0].demo for _ in range(2)]
for name in ("joint_velocities", "task_low_dim_state"):
    told, again = ([getattr(o, name) for o in demo] for demo in demos)
    np.testing.assert_array_equal(told, again)
env.close()
"""
    )


@pytest.mark.parametrize(
    "backend",
    [pytest.param("gym", marks=SLOW), pytest.param("puffer", marks=SLOW), "shm"],
)
def test_the_same_seed_gives_the_same_bytes(engine: str, backend: BackendName) -> None:
    options: dict[str, Any] = {"episode_length": 20, "task": "open_drawer"}
    told = rows(make_vec(engine, backend=backend, **options), 30)
    assert told == rows(make_vec(engine, **options), 30)


@SLOW
def test_serial_and_chunks_give_the_same_bytes(engine: str) -> None:
    run_script(
        f"""
import numpy as np
import rlbench_puffer as rp

def rows(backend, chunk):
    room = {{"max_chunk_len": 5}} if chunk else {{}}
    vec = rp.make_vec(
        "reach_target", 1, engine={engine!r}, backend=backend, seed=1, **room
    )
    seen = [vec.reset(seed=3)[0].tobytes()]
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (20, *vec.action_space.shape)).astype(np.float32)
    for i in range(0, 20, 5):
        if chunk:
            seen.append(vec.step_chunk(actions[i : i + 5])[0].tobytes())
        else:
            seen.append([vec.step(a)[0].tobytes() for a in actions[i : i + 5]][-1])
    vec.close()
    return seen

if __name__ == "__main__":
    one = rows("shm", False)
    assert one == rows("shm", True)
    assert one == rows("serial", False)
"""
    )


@pytest.mark.display
@SLOW
def test_pixels_repeat_themselves_too(engine: str) -> None:
    cameras = {"front": rp.Camera(size=(64, 96), depth=True, mask=True)}
    first = rows(make_vec(engine, 1, cameras=cameras), 10)
    assert first == rows(make_vec(engine, 1, cameras=cameras), 10)
    assert len(set(first)) == len(first)


@pytest.mark.display
@SLOW
def test_every_camera_gives_every_picture(engine: str) -> None:
    camera = rp.Camera(size=(48, 64), depth=True, mask=True, point_cloud=True)
    names = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
    vec = make_vec(engine, 1, cameras=dict.fromkeys(names, camera))
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


@SLOW
@pytest.mark.parametrize("gripper", get_args(GripperActionMode))
@pytest.mark.parametrize("mode", get_args(ArmActionMode))
def test_every_action_mode_steps(engine: str, mode: Any, gripper: Any) -> None:
    vec = make_vec(engine, 1, arm_action_mode=mode, gripper_action_mode=gripper)
    observations, _ = vec.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert np.isfinite(observations).all()
        actions = (0.05 * rng.uniform(-1, 1, nothing(vec).shape)).astype(np.float32)
        if mode.endswith(("ik", "planning")):
            actions[:, 3:7] = 0, 0, 0, 1
        observations = vec.step(actions)[0]
    assert vec.health()["accounts"]
    vec.close()


@SLOW
@pytest.mark.parametrize("robot", ["jaco", "mico", "sawyer", "ur5"])
def test_every_robot_steps(engine: str, robot: Any) -> None:
    vec = make_vec(engine, 1, simulator=rp.Simulator(robot=robot))
    observations, _ = vec.reset(seed=0)
    for _ in range(5):
        observations = vec.step(nothing(vec))[0]
    assert np.isfinite(observations).all()
    vec.close()


@SLOW
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_killed_is_replaced(
    engine: str, number: signal.Signals
) -> None:
    vec = make_vec(engine)
    vec.reset(seed=0)
    pid = vec.health()["workers"][1]["pid"]
    os.kill(pid, number)
    psutil.Process(pid).wait(10.0)
    assert vec.step(nothing(vec))[3].tolist() == [False, True]
    vec.step(nothing(vec))
    vec.close()


def test_nothing_is_printed_on_stdout(
    engine: str, capfd: pytest.CaptureFixture[str]
) -> None:
    vec = make_vec(engine, 1)
    vec.reset(seed=0)
    vec.close()
    assert capfd.readouterr().out == ""


@SLOW
def test_a_demo_of_rlbench_is_begun_where_it_began(engine: str) -> None:
    run_script(
        f"""
import numpy as np
import rlbench_puffer as rp
env = rp.make("reach_target", engine={engine!r})
env.reset(seed=0)
(demo,) = env.engine.get_demos(1, variation=2)
observation, info = env.reset(options={{"demo": demo}})
assert info["variation"] == 2
recorded = demo.demo[0].task_low_dim_state
np.testing.assert_allclose(observation["task_low_dim_state"], recorded, atol=1e-4)
env.close()
"""
    )


@SLOW
def test_a_simulator_is_started_afresh_after_so_many_episodes(engine: str) -> None:
    simulator = rp.Simulator(recycle_after=1, count_waypoints=True)
    vec = make_vec(engine, 1, simulator=simulator)
    for seed in range(4):
        assert vec.reset(seed=seed)[1][0]["waypoint_count"] == 1
    vec.close()


def test_bad_actions_cost_no_simulator(engine: str) -> None:
    vec = make_vec(
        engine,
        1,
        arm_action_mode="ee_pose_ik",
        on_invalid="raise",
        normalize_actions=False,
    )
    vec.reset(seed=0)
    pid = vec.health()["workers"][0]["pid"]
    # The far corner of the box that RLBench's planner takes targets in.
    space = vec.single_action_space
    assert isinstance(space, gymnasium.spaces.Box)
    corner = space.high[:3]
    action = np.array([[*corner, 0.0, 0.0, 0.0, 1.0, 1.0]], np.float32)
    with pytest.raises(InvalidActionError, match="cannot be carried out"):
        vec.step(action)
    action[0, 3] = np.nan
    with pytest.raises(InvalidActionError, match="component 3"):
        vec.step(action)
    vec.reset(seed=1)
    assert vec.health()["workers"][0]["pid"] == pid
    vec.close()


@needs_rlbench
def test_a_task_whose_model_is_missing_is_told_with_the_next_step() -> None:
    lacking = missing_models(rlbench_folder())
    if not lacking:
        pytest.skip("this RLBench has every model")
    config = rp.EnvConfig(task=lacking[0], engine="mujoco")
    with pytest.raises(SimulationError, match=rf"{lacking[0]}\.ttm.*setup rlbench"):
        simulated_task(config)


@needs_rlbench
@pytest.mark.parametrize(
    ("change", "says"),
    [
        # Byte 4 is the version of the format; 22 is that of CoppeliaSim 4.1.
        (lambda data: data[:4] + b"\x1c" + data[5:], "Save it with CoppeliaSim 4.1"),
        pytest.param(lambda data: data[: len(data) // 2], "byte", marks=SLOW),
    ],
)
def test_a_model_that_cannot_be_read_is_told_by_file_and_place(
    change: Callable[[bytes], bytes],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs, mine = rlbench_folder(), tmp_path / "rlbench"
    models = mine / "task_ttms"
    models.mkdir(parents=True)
    # From there RLBench goes one folder up, which through a link would be its own.
    shutil.copytree(theirs / "backend", mine / "backend")
    for entry in theirs.iterdir():
        if entry.name not in ("task_ttms", "backend", "__pycache__"):
            (mine / entry.name).symlink_to(entry)
    whole = (theirs / "task_ttms" / "reach_target.ttm").read_bytes()
    (models / "reach_target.ttm").write_bytes(change(whole))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = rp.EnvConfig(task="reach_target", engine="mujoco")
    with pytest.raises(SimulationError, match=rf"reach_target\.ttm.*{says}"):
        simulated_task(config)
