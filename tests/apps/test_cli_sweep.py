"""The main job on the real backends: rows, plots, Ctrl-C, and one cell by itself."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rlbench_puffer.benchmark.cell_process import CellProcess
from rlbench_puffer.benchmark.plan import make_cell
from rlbench_puffer.benchmark.records import read_rows, row_from_json
from rlbench_puffer.cli.main import main

PROGRAM = [sys.executable, "-m", "rlbench_puffer"]


def test_a_sweep_of_all_backends_leaves_rows_and_plots(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *PROGRAM,
            "sweep",
            *("--tasks", "reach_target"),
            *("--backends", "gym", "puffer", "shm"),
            *("--num-envs", "1", "2"),
            *("--num-workers", "1"),
            *("--seconds", "0.2"),
            *("--repeats", "2"),
            *("--out", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "speedup_reach_target.png",
        "throughput_gym.jsonl",
        "throughput_puffer_num_w_1.jsonl",
        "throughput_reach_target.png",
        "throughput_shm_num_w_1.jsonl",
    ]
    rows = read_rows(tmp_path)
    assert {(row.backend, row.num_envs) for row in rows} == {
        (backend, num_envs)
        for backend in ("gym", "puffer", "shm")
        for num_envs in (1, 2)
    }
    for row in rows:
        assert row.error is None
        assert len(row.samples) == 2
        assert min(row.samples) > 100
    assert "over gym" in done.stdout
    assert f"Plot: {tmp_path / 'throughput_reach_target.png'}" in done.stdout


def test_ctrl_c_keeps_whole_rows_and_ends_with_130(tmp_path: Path) -> None:
    command = ["sweep", "--backends", "shm", "--num-envs", "2", "4", "--num-workers"]
    command += ["2", "--seconds", "0.3", "--repeats", "2", "--out", str(tmp_path)]
    sweep = subprocess.Popen(
        [*PROGRAM, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert sweep.stdout is not None
    assert "2 envs" in sweep.stdout.readline()
    below = psutil.Process(sweep.pid).children(recursive=True)
    sweep.send_signal(signal.SIGINT)
    out, err = sweep.communicate(timeout=30)
    assert sweep.returncode == 130
    assert "Interrupted. Finished cells are kept; the same command goes on." in out
    assert err == ""
    _, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []
    (row,) = read_rows(tmp_path)
    assert (row.num_envs, row.error) == (2, None)


@pytest.mark.parametrize(
    "backend",
    [
        "shm",
        *(pytest.param(b, marks=pytest.mark.slow) for b in ("serial", "gym", "puffer")),
    ],
)
def test_a_cell_waiting_for_its_turn_leaves_the_processor_to_others(
    backend: str,
) -> None:
    cell = make_cell(
        "reach_target",
        engine="builtin",
        backend=backend,
        num_envs=2,
        num_workers=2,
        chunk_len=1,
        seconds=0.1,
        seed=0,
    )
    process = CellProcess(cell)
    try:
        process.wait_ready()
        process.begin_sample()
        process.measure(0.1)
        before = processor_seconds(process)
        time.sleep(1.0)  # What is measured is this very time.
        # The kernel counts in ticks of 10 ms for each of up to four processes, and one
        # that spins would use a whole second.
        assert processor_seconds(process) - before < 0.1
        process.finish()
    finally:
        process.kill()


def processor_seconds(process: CellProcess) -> float:
    """Processor time of a cell's processes so far in [s]."""
    me = psutil.Process(process._process.pid)
    times = [one.cpu_times() for one in [me, *me.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--backend", "shm", "--num-workers", "1"],
        ["--backend", "shm", "--num-workers", "2", "--batch-size", "1"],
        ["--backend", "puffer", "--action-chunk", "100"],
        ["--backend", "serial"],
    ],
)
def test_bench_prints_its_row_as_the_last_line(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    fixed = ["--num-envs", "2", "--seconds", "0.2", "--repeats", "2", "--json"]
    assert main(["bench", *arguments, *fixed]) == 0
    out, err = capfd.readouterr()
    (line,) = out.splitlines()
    row = row_from_json(json.loads(line), "the last line")
    assert row.backend == arguments[1]
    assert row.num_envs == 2
    assert row.steps_per_second is not None
    assert row.steps_per_second > 100
    assert err == ""


def test_bench_shows_where_the_time_goes(capfd: pytest.CaptureFixture[str]) -> None:
    fixed = ["--num-envs", "2", "--seconds", "0.2", "--repeats", "2"]
    assert main(["bench", "--backend", "shm", *fixed]) == 0
    assert "phase" not in capfd.readouterr().out
    assert main(["bench", "--backend", "shm", *fixed, "--profile-timing"]) == 0
    out = capfd.readouterr().out
    for word in ("throughput, median", "phase sim", "phase ipc", "peak memory"):
        assert word in out
