"""Simulators in worker processes: same trajectories, and every fault of theirs."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import rlbench_puffer as rp
from rlbench_puffer.errors import (
    DisplayError,
    InvalidOptionError,
    WorkerDiedError,
    WorkerError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.make import BackendName
from simulators import standin_machine, write_facts
from vec_rows import nothing, rows

FAULTY = "standin_faults:Faulty"
POOLS: tuple[BackendName, ...] = ("gym", "puffer", "shm")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with standin_machine(tmp_path, monkeypatch) as folder:
        write_facts("reach_target", FAULTY)
        yield folder


@pytest.fixture
def fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def plan(when: str, how: str, at: int) -> None:
        told = f"{when}:{how}:{at}:{tmp_path / 'flag'}"
        monkeypatch.setenv("STANDIN_FAULT", told)

    return plan


def make(
    num_envs: int, backend: BackendName = "shm", task: str = FAULTY, **o: Any
) -> VecEnv:
    return rp.make_vec(
        task, num_envs, engine="coppeliasim", backend=backend, seed=1, **o
    )


@pytest.mark.parametrize("backend", POOLS)
def test_the_same_seed_gives_the_same_trajectory_on_every_backend(
    backend: BackendName,
) -> None:
    expected = rows(make(1, "serial", "reach_target", episode_length=4), 6)
    assert rows(make(1, backend, "reach_target", episode_length=4), 6) == expected
    assert "pyrep" in sys.modules  # Of the serial one, and of no other.


@pytest.mark.slow
def test_pools_of_one_and_of_two_agree_and_the_parent_holds_no_simulator() -> None:
    vec = make(2, task="reach_target")
    assert vec.num_workers == 2
    observations, infos = vec.reset(seed=5)
    both = observations.copy()
    assert [info["env_id"] for info in infos] == [0, 1]
    vec.close()
    assert "pyrep" not in sys.modules
    assert (both[0] != both[1]).any()


def test_one_process_holds_one_simulator() -> None:
    with pytest.raises(InvalidOptionError, match="one simulator only"):
        make(2, "serial")
    with pytest.raises(InvalidOptionError, match="one simulator only"):
        make(4, "shm", num_workers=2)
    with pytest.raises(InvalidOptionError, match="native"):
        make(2, "native")


STEP_FAULTS = {
    "segfault": "was killed by SIGSEGV",
    "abort": "was killed by SIGABRT",
    "exit": "exited with code 1",
    "hang": "did not answer within",
    "refused": "its scene may be damaged",
    "nan": "expected a finite number",
}


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "how",
    [
        how if how in ("segfault", "hang") else pytest.param(how, marks=SLOW)
        for how in STEP_FAULTS
    ],
)
def test_a_fault_in_a_step_costs_one_episode_of_one_sub_env(
    how: str, fault: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    fault("step", how, 3)
    vec = make(2, step_timeout_s=1.0 if how == "hang" else 30.0)
    vec.reset(seed=0)
    actions = nothing(vec)
    lost: list[dict[str, Any]] = []
    for number in range(5):
        observations, _, _, truncations, infos = vec.step(actions)
        assert np.isfinite(observations).all()
        faults = [info for info in infos if "fault" in info]
        if faults:
            assert number == 2
            assert truncations.sum() == 1
        lost += faults
    (info,) = lost
    assert STEP_FAULTS[how] in info["fault"]
    assert info["success"] is False
    health = vec.health()
    assert health["accounts"]["restarts"] == 1
    assert [worker["alive"] for worker in health["workers"]] == [True, True]
    vec.close()
    assert capfd.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["segfault", "hang", "refused"])
def test_a_fault_in_a_reset_is_mended_as_well(how: str, fault: Any) -> None:
    fault("reset", how, 2)
    # The reset after an episode's end is part of a step.
    vec = make(2, episode_length=2, step_timeout_s=1.5 if how == "hang" else 30.0)
    vec.reset(seed=0)
    actions = nothing(vec)
    for _ in range(8):
        vec.step(actions)
    assert vec.health()["accounts"]["restarts"] == 1
    vec.close()


@pytest.mark.parametrize(
    ("backend", "how", "error"),
    [
        ("gym", "segfault", WorkerDiedError),
        pytest.param("gym", "hang", WorkerTimeoutError, marks=SLOW),
        pytest.param("gym", "refused", WorkerRaisedError, marks=SLOW),
        pytest.param("puffer", "exit", WorkerDiedError, marks=SLOW),
        ("puffer", "hang", WorkerTimeoutError),
        pytest.param("puffer", "refused", WorkerRaisedError, marks=SLOW),
    ],
)
def test_the_other_backends_raise_what_happened(
    backend: BackendName, how: str, error: type[WorkerError], fault: Any
) -> None:
    fault("step", how, 2)
    vec = make(1, backend, step_timeout_s=1.0 if how == "hang" else 30.0)
    vec.reset(seed=0)
    actions = nothing(vec)
    vec.step(actions)
    with pytest.raises(error, match="Worker 0"):
        vec.step(actions)
    vec.close()


@pytest.mark.slow
def test_a_reset_that_cannot_be_placed_is_tried_again(fault: Any) -> None:
    fault("reset", "unplaceable", 1)
    vec = make(1)
    _, infos = vec.reset(seed=0)
    assert infos[0]["reset_retries"] == 1
    assert vec.health()["accounts"]["restarts"] == 0
    vec.close()


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=SLOW)]
)
def test_a_signal_ends_a_worker_rather_than_wedge_it(number: signal.Signals) -> None:
    vec = make(2, task="reach_target")
    vec.reset(seed=0)
    pid = vec.health()["workers"][1]["pid"]
    os.kill(pid, number)
    psutil.Process(pid).wait(5.0)
    actions = nothing(vec)
    _, _, _, truncations, _ = vec.step(actions)
    assert truncations.tolist() == [False, True]
    vec.step(actions)
    vec.close()


@pytest.mark.slow
@pytest.mark.display
def test_the_death_of_an_x_server_costs_one_episode_and_leaves_nothing(
    fault: Any,
) -> None:
    fault("step", "server", 2)
    before = _servers()
    vec = make(2, cameras={"front": (8, 8)})
    vec.reset(seed=0)
    assert len(_servers() - before) == 2
    actions = nothing(vec)
    told = [i for _ in range(4) for i in vec.step(actions)[4] if "fault" in i]
    assert len(told) == 1
    assert "X11 connection broke" in told[0]["fault"]
    assert len(_servers() - before) == 2
    vec.close()
    deadline = time.monotonic() + 5.0
    while _servers() - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _servers() - before


@pytest.mark.slow
def test_an_x_server_that_is_not_there_is_an_error_and_no_abort() -> None:
    with pytest.raises(WorkerRaisedError, match="DISPLAY is not set"):
        make(1, task="reach_target", cameras={"front": (8, 8)}, display="external")
    env = rp.make("reach_target", engine="coppeliasim", display="external")
    with pytest.raises(DisplayError, match="DISPLAY is not set"):
        env.reset(seed=0)
    env.close()


@pytest.mark.slow
def test_a_launch_that_hangs_is_told_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STANDIN_LAUNCH_HANGS", "1")
    with pytest.raises(WorkerRaisedError, match="Launching the simulator did not"):
        make(2, task="reach_target", simulator=rp.Simulator(launch_timeout_s=0.2))
    with pytest.raises(WorkerTimeoutError, match="in init"):
        make(1, task="reach_target", init_timeout_s=2.0)


def test_a_shutdown_that_hangs_does_not_keep_close_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STANDIN_SHUTDOWN_HANGS", "1")
    vec = make(2, task="reach_target")
    vec.reset(seed=0)
    start = time.monotonic()
    vec.close()
    vec.close()
    assert time.monotonic() - start < 5.0


@pytest.mark.slow
@pytest.mark.parametrize("backend", POOLS)
def test_an_invalid_action_follows_the_policy_and_costs_no_worker(
    backend: BackendName,
) -> None:
    vec = make(2, backend, "reach_target", arm_action_mode="delta_ee_pose_ik")
    vec.reset(seed=0)
    actions = nothing(vec)
    actions[:, 6] = 1.0
    actions[1, 2] = -1.0
    _, rewards, _, _, infos = vec.step(actions)
    (info,) = [info for info in infos if "invalid_action" in info]
    assert info["env_id"] == 1
    assert rewards[1] == pytest.approx(-0.01)
    assert vec.health()["accounts"]["invalid_actions"] == 1
    vec.close()


def _servers() -> set[int]:
    """Running ones, whosever; a dead one may wait for its new parent to notice."""
    return {
        process.pid
        for process in psutil.process_iter(["name", "status"])
        if process.info["name"] == "Xvfb"
        and process.info["status"] != psutil.STATUS_ZOMBIE
    }
