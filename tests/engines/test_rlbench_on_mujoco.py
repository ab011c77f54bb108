"""Engine ``mujoco``: what it does otherwise than ``coppeliasim``, on the stand-in."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench_puffer as rp
from rlbench_puffer.engines.rlbench.doctor import examine_mujoco
from rlbench_puffer.engines.rlbench.facts import facts_folder
from rlbench_puffer.errors import (
    InvalidActionError,
    InvalidOptionError,
    MissingDependencyError,
    SimulationError,
)
from rlbench_puffer.setup.sources import sources_folder
from simulators import STANDIN, engine_of, standin_machine, still, write_facts
from simulators import make as make_of
from vec_rows import rows


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with standin_machine(tmp_path, monkeypatch):
        monkeypatch.delenv("COPPELIASIM_ROOT")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        write_facts("reach_target", "open_drawer")
        yield


def told(num_envs: int, backend: Any) -> list[bytes]:
    vec = rp.make_vec(
        "reach_target", num_envs, engine="mujoco", backend=backend, seed=3
    )
    return rows(vec, 5)


def make(task: str = "reach_target", **options: Any) -> rp.RLBenchEnv:
    return make_of(task, engine="mujoco", **options)


def test_it_needs_no_coppeliasim_and_learns_its_spaces_in_a_child() -> None:
    for file in facts_folder().iterdir():
        file.unlink()
    env = make()
    assert env.observation_space["task_low_dim_state"].shape == (3,)
    (file,) = facts_folder().iterdir()
    assert file.name.endswith("-mujoco-panda-1.2.0.json")
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert info["descriptions"]
    assert engine_of(env).display_description.startswith("no display")
    env.close()


def test_pools_agree_on_what_a_seed_gives() -> None:
    assert told(2, "shm") == told(2, "puffer")
    assert told(1, "serial") == told(1, "shm")


def test_what_cannot_hold_one_simulator_to_a_process_is_refused() -> None:
    options: dict[str, Any] = {"engine": "mujoco"}
    with pytest.raises(InvalidOptionError, match="shm"):
        rp.make_vec("reach_target", 2, backend="native", **options)
    with pytest.raises(InvalidOptionError, match="one simulator"):
        rp.make_vec("reach_target", 2, backend="serial", **options)


def test_pyrep_with_coppeliasim_in_the_process_is_refused() -> None:
    importlib.import_module("pyrep.backend.sim")
    env = make()
    with pytest.raises(SimulationError, match="in a new process"):
        env.reset(seed=0)
    env.close()


def test_coppeliasim_after_mujoco_is_refused_in_the_same_process() -> None:
    first, second = make(), make_of("reach_target")
    first.reset(seed=0)
    first.close()
    with pytest.raises(SimulationError, match="a process of its own"):
        second.reset(seed=0)
    second.close()


@pytest.mark.display
def test_a_display_is_opened_when_something_is_drawn() -> None:
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert picture.shape == (480, 480, 3)
    assert not engine_of(env).display_description.startswith("no display")
    env.close()
    env = make(render_mode="rgb_array", display="none")
    env.reset(seed=0)
    with pytest.raises(rp.RLBenchPufferError, match="without a display"):
        env.render()
    env.close()
    env = make(cameras={"front": (16, 16)}, display="none")
    with pytest.raises(InvalidOptionError, match="pictures to draw"):
        env.reset(seed=0)


def test_what_setup_got_is_found_where_rlbench_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packages = ("rlbench", "pyrep")
    path = [p for p in sys.path if not any(Path(p, name).exists() for name in packages)]
    monkeypatch.setattr(sys, "path", path)
    importlib.invalidate_caches()
    with pytest.raises(MissingDependencyError, match="rlbench-puffer setup rlbench"):
        make().reset(seed=0)
    assert examine_mujoco()[0].found == "RLBench is not here"
    shutil.copytree(STANDIN, sources_folder())
    env = make()
    env.reset(seed=0)
    env.close()
    assert told(1, "shm") == told(1, "serial")


def test_a_task_without_a_model_is_told_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STANDIN_LACKS_MODEL", "1")
    env = make()
    with pytest.raises(SimulationError, match=r"x\.ttm.*setup rlbench"):
        env.reset(seed=0)
    env.close()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_action_that_is_no_number_is_raised(value: float) -> None:
    env = make()
    env.reset(seed=0)
    action = still(env)
    action[2] = value
    with pytest.raises(InvalidActionError, match="component 2"):
        env.step(action)
    env.step(still(env))
    env.close()


@pytest.mark.parametrize("policy", ["noop_penalty", "truncate", "raise"])
def test_a_pose_out_of_reach_follows_the_policy(policy: str) -> None:
    env = make(arm_action_mode="ee_pose_ik", on_invalid=policy, normalize_actions=False)
    observation, _ = env.reset(seed=0)
    action = np.append(observation["gripper_pose"], 1.0).astype(np.float32)
    action[2] = env.action_space.low[2]
    if policy == "raise":
        with pytest.raises(InvalidActionError, match="cannot be carried out"):
            env.step(action)
    else:
        _, reward, _, truncated, info = env.step(action)
        assert truncated == (policy == "truncate")
        assert info["invalid_action"]
        assert reward <= 0
    env.close()


def test_the_doctor_says_whether_it_can_run() -> None:
    (finding,) = examine_mujoco()
    assert finding.name == "engine mujoco"
    assert "RLBench 1.2.0" in finding.found or "packages are missing" in finding.found
