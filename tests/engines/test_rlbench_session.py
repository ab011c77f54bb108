"""One simulator in one process: started, kept apart from others, ended."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pyrep_mujoco
import rlbench_puffer as rp
from rlbench_puffer.engines.rlbench.doctor import examine_coppeliasim
from rlbench_puffer.errors import (
    ClosedError,
    SimulationError,
)
from simulators import engine_of, make, standin_machine, still, write_facts


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with standin_machine(tmp_path, monkeypatch) as folder:
        write_facts("reach_target", "open_drawer")
        yield folder


def test_without_cameras_no_x_server_is_needed() -> None:
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    with pytest.raises(rp.RLBenchPufferError, match="without a display"):
        env.render()
    env.close()
    assert "QT_QPA_PLATFORM" not in os.environ


def test_a_second_simulator_in_a_process_is_refused_rather_than_hung() -> None:
    first, second = make(), make("open_drawer")
    first.reset(seed=0)
    with pytest.raises(SimulationError, match="a second would hang for ever"):
        second.reset(seed=0)
    first.step(still(first))
    first.close()
    second.reset(seed=0)
    second.close()


def test_a_forked_copy_is_refused_rather_than_hung() -> None:
    env = make()
    env.reset(seed=0)
    pid = os.fork()
    if pid == 0:
        try:
            env.step(still(env))
        except SimulationError as error:
            os._exit(7 if "forked" in str(error) else 8)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    env.close()


def test_an_engine_that_was_closed_is_refused_rather_than_crashed() -> None:
    env = make()
    env.reset(seed=0)
    engine = env.engine
    engine.close()
    engine.close()
    with pytest.raises(ClosedError, match="simulator"):
        engine.step(np.array([0]), np.zeros((1, 8)))
    env.close()


def test_a_launch_leaves_signals_folder_and_stdout_as_they_were(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: rang.append(number))
    folder = Path.cwd()
    try:
        env = make()
        env.reset(seed=0)
        os.kill(os.getpid(), signal.SIGTERM)
        env.step(still(env))
        assert rang == [signal.SIGTERM]
        assert Path.cwd() == folder
        env.close()
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capfd.readouterr()
    assert out == ""
    assert "noise on stdout" in err


def test_a_launch_that_hangs_is_ended_by_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STANDIN_LAUNCH_HANGS", "1")
    env = make(simulator=rp.Simulator(launch_timeout_s=0.3))
    timer = signal.getitimer(signal.ITIMER_REAL)
    with pytest.raises(SimulationError, match=r"did not finish within 0\.3 s"):
        env.reset(seed=0)
    # The alarm of the test runner's time limit is still set.
    assert bool(timer[0]) == bool(signal.getitimer(signal.ITIMER_REAL)[0])


def test_a_simulator_is_started_afresh_after_so_many_episodes() -> None:
    env = make(simulator=rp.Simulator(recycle_after=2, count_waypoints=True))
    _, info = env.reset(seed=0)
    assert info["waypoint_count"] == 2
    session = engine_of(env)._session
    tasks = []
    for _ in range(4):
        tasks.append(session.task)
        env.reset()
    assert [tasks[0] is tasks[1], tasks[1] is tasks[2]] == [True, False]
    env.step(still(env))
    env.close()


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        ("root", "COPPELIASIM_ROOT is not set"),
        ("root, after engine mujoco", "COPPELIASIM_ROOT is not set"),
        ("folder", "holds no libcoppeliaSim"),
        ("plugin", "physics plugin"),
    ],
)
def test_an_incomplete_installation_is_told_with_its_cure(
    lacks: str, says: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacks == "root":
        monkeypatch.delenv("COPPELIASIM_ROOT")
    elif lacks == "root, after engine mujoco":
        folder = Path(pyrep_mujoco.__file__).parent
        monkeypatch.setenv("COPPELIASIM_ROOT", str(folder))
    elif lacks == "folder":
        monkeypatch.setenv("COPPELIASIM_ROOT", str(root / "nowhere"))
    else:
        (root / "libsimExtDynamicsBullet-2-78.so").unlink()
    env = make()
    with pytest.raises(SimulationError, match=says) as caught:
        env.reset(seed=0)
    assert "setup coppeliasim" in str(caught.value)
    env.close()


def test_the_doctor_looks_at_every_part(root: Path) -> None:
    (root / "libcoppeliaSim.so").symlink_to(root / "libcoppeliaSim.so.1")
    states = {f.name: f.state for f in examine_coppeliasim(launch=True)}
    assert states == {
        "CoppeliaSim": "ok",
        "physics plugins": "ok",
        "CoppeliaSim's library": "ok",
        "PyRep's build": "missing",
        "CoppeliaSim's launch": "ok",
    }
    (root / "libsimExtDynamicsBullet-2-78.so").unlink()
    (root / "libcoppeliaSim.so.1").write_text("no library")
    (root / "simAddOnScript_PyRep.lua").touch()
    findings = {f.name: f for f in examine_coppeliasim()}
    assert findings["PyRep's build"].state == "ok"
    assert "the first step does not" in findings["physics plugins"].found
    assert findings["CoppeliaSim's library"].mend == "rlbench-puffer setup system"
    root.rename(root.with_name("CoppeliaSim_V4_2_0"))
    (missing,) = examine_coppeliasim()
    assert "no libcoppeliaSim.so" in missing.found


def test_an_engine_that_is_forgotten_makes_room_for_the_next() -> None:
    make().reset(seed=0)
    gc.collect()
    env = make()
    env.reset(seed=0)
    env.close()
