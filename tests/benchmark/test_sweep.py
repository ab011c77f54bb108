"""A sweep takes turns, writes whole rows, records failures, and goes on later."""

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from rlbench_puffer.benchmark import sweep
from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.cell_process import CellFailedError, CellProcess
from rlbench_puffer.benchmark.plan import SweepRequest, plan_sweep
from rlbench_puffer.benchmark.records import Row, read_rows
from rlbench_puffer.benchmark.runs import ResumeMode, new_provenance
from rlbench_puffer.benchmark.sweep import prepare_folder, run_sweep, step_count
from rlbench_puffer.benchmark.throughput import measure_throughput
from rlbench_puffer.errors import InvalidOptionError

REQUEST = SweepRequest(
    backends=("gym", "puffer", "shm"),
    num_envs=(4,),
    num_workers=(2,),
    seconds=0.05,
    repeats=2,
)


class Watcher:
    """Notes what a sweep tells."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.steps = 0
        self.kept: list[int] = []

    def cell_begins(self, cell: Cell, activity: str) -> None:
        """Note it."""
        self.events.append((activity, cell.backend))

    def step_done(self, cell: Cell) -> None:
        """Count it."""
        self.steps += 1

    def row_written(self, row: Row, path: Path) -> None:
        """Count the rows that are on the disk by now."""
        self.kept.append(len(read_rows(path.parent)))


def show(
    out: Path, command: Sequence[str], resume: ResumeMode = "unfinished"
) -> tuple[list[Row], str]:
    """Run a whole sweep; its rows and what it printed."""
    text = io.StringIO()
    console = Console(file=text, width=60)
    rows = measure_throughput(REQUEST, out, resume, console, command)
    return rows, text.getvalue()


def test_the_cells_of_a_group_take_turns(
    tmp_path: Path, fake_command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "TURN_SECONDS", REQUEST.seconds / 3)
    watcher = Watcher()
    plan = plan_sweep(dataclasses.replace(REQUEST, num_envs=(2, 4)))
    rows = run_sweep(
        plan.groups,
        repeats=2,
        out=tmp_path,
        provenance=new_provenance(),
        observer=watcher,
        command=fake_command,
    )
    repeat = ["resetting", *["measuring"] * 3, "measured"]
    one_group = [
        (activity, backend)
        for activity in ["starting", *repeat, *repeat, "closing"]
        for backend in ("gym", "puffer", "shm")
    ]
    assert watcher.events == one_group * 2
    assert watcher.steps == sum(step_count(cell, 2) for cell in plan.cells)
    assert watcher.kept == [1, 2, 3, 4, 5, 6]
    assert [row.cell for row in rows] == [cell.identity for cell in plan.cells]
    for row in rows:
        assert row.error is None
        assert len(row.samples) == 2
        assert row.steps_per_second == pytest.approx(sum(row.samples) / 2)
        assert (row.peak_rss_bytes or 0) > 10_000_000
        assert (row.startup_seconds or 0) > 0
        assert set(row.latency_ms or {}) == {"p50", "p99"}
        assert row.phases["sim"] == 0
    assert len({row.run for row in rows}) == 1


def test_a_sweep_ends_with_rows_a_table_and_plots(tmp_path: Path, fake_command) -> None:
    rows, text = show(tmp_path, fake_command)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "speedup_reach_target.png",
        "throughput_gym.jsonl",
        "throughput_puffer_num_w_2.jsonl",
        "throughput_reach_target.png",
        "throughput_shm_num_w_2.jsonl",
    ]
    assert len(rows) == 3
    assert "reach_target, shm, 4 envs, 2 workers: " in text
    # A path must come out whole on a terminal narrower than it.
    assert f"Plot: {tmp_path / 'throughput_reach_target.png'}\n" in text
    assert f"Rows: {tmp_path}\n" in text


def test_a_complete_sweep_is_measured_again_only_without_resume(
    tmp_path: Path, fake_command
) -> None:
    first, _ = show(tmp_path, fake_command)
    resumed, text = show(tmp_path, fake_command, "always")
    assert {row.cell: row for row in resumed} == {row.cell: row for row in first}
    assert "3 of 3 cells are finished" in text
    assert len(read_rows(tmp_path)) == 3
    again, _ = show(tmp_path, fake_command)
    assert len(read_rows(tmp_path)) == 6
    assert {row.run for row in again}.isdisjoint({row.run for row in first})


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("raise", "ValueError: the drawer is stuck"),
        ("exit", "exited with code 3 before it answered\nout of memory"),
    ],
)
def test_a_failed_cell_is_a_row_and_the_others_go_on(
    tmp_path: Path, fake_command, monkeypatch: pytest.MonkeyPatch, way: str, told: str
) -> None:
    monkeypatch.setenv("FAKE_CELL", f"puffer:{way}")
    rows, text = show(tmp_path, fake_command)
    assert {row.backend: row.error for row in rows} == {
        "gym": None,
        "puffer": told,
        "shm": None,
    }
    (failed,) = [row for row in rows if row.error is not None]
    assert failed.steps_per_second is None
    assert told.splitlines()[0] in text
    monkeypatch.setenv("FAKE_CELL", "")
    mended, _ = show(tmp_path, fake_command)
    assert {row.run for row in mended} == {rows[0].run}
    assert all(row.error is None for row in mended)


def test_printing_does_not_get_between_a_cells_answers(
    fake_command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_CELL", "shm:print")
    cell = plan_sweep(REQUEST).cells[2]
    process = CellProcess(cell, fake_command)
    process.wait_ready()
    process.begin_sample()
    process.measure(0.01)
    assert process.end_sample()["env_steps"] > 0
    assert process.finish()["peak_rss_bytes"] > 0


def test_a_killed_cell_is_told_by_its_signal(fake_command) -> None:
    process = CellProcess(plan_sweep(REQUEST).cells[0], fake_command)
    process.wait_ready()
    os.kill(process._process.pid, signal.SIGKILL)
    with pytest.raises(CellFailedError, match="was killed by signal 9"):
        process.begin_sample()


def test_a_cell_that_cannot_be_written_is_refused_before_measuring(
    tmp_path: Path,
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(InvalidOptionError, match="--out"):
        prepare_folder(in_the_way / "results")


SCRIPT = """
import sys
from pathlib import Path
from rich.console import Console
from rlbench_puffer.benchmark.plan import SweepRequest
from rlbench_puffer.benchmark.throughput import measure_throughput

request = SweepRequest(
    backends=("gym", "shm"), num_envs=(2, 4), num_workers=(2,), seconds=0.05
)
measure_throughput(
    request, Path(sys.argv[1]), "unfinished", Console(), sys.argv[2:]
)
"""


@pytest.mark.parametrize(
    "sent", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_sweep_stopped_in_the_middle_is_finished_by_the_same_command(
    tmp_path: Path, fake_command, sent: signal.Signals
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), *fake_command]
    stopped = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert stopped.stdout is not None
    # The second row is there, and the second group is being measured.
    stopped.stdout.readline()
    stopped.stdout.readline()
    cells = wait_for_children(stopped.pid)
    stopped.send_signal(sent)
    stopped.communicate(timeout=20)
    assert stopped.returncode != 0
    _, alive = psutil.wait_procs(cells, timeout=5)
    assert alive == []
    kept = read_rows(tmp_path)
    assert [(row.backend, row.num_envs) for row in kept[:2]] == [("gym", 2), ("shm", 2)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True
    )
    assert f"Going on with run {kept[0].run}" in done.stdout
    rows = read_rows(tmp_path)
    assert len(rows) == len({row.cell for row in rows}) == 4
    assert {row.run for row in rows} == {kept[0].run}


def wait_for_children(pid: int) -> list[psutil.Process]:
    """The processes of the cells that are being measured."""
    deadline = time.monotonic() + 10
    while not (children := psutil.Process(pid).children(recursive=True)):
        assert time.monotonic() < deadline
    return children
