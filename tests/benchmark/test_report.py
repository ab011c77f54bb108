"""What a person sees fits the terminal and leaves no number cut."""

import io
import re

import pytest
from rich.console import Console

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.report import SweepReporter, throughput_tables

CELL = Cell(
    task="reach_target", backend="shm", num_envs=32, num_workers=2, batch_size=32
)


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_the_bar_is_one_line_of_the_terminals_width_with_the_time_left(
    width: int,
) -> None:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=True)
    with SweepReporter(console, 10) as reporter:
        reporter.cell_begins(CELL, "measuring")
        reporter.step_done(CELL)
        reporter._progress.refresh()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.getvalue())
    drawn = [line for line in re.split(r"[\r\n]", plain) if line.strip()]
    assert drawn
    assert all(len(line) <= width for line in drawn)
    assert all(re.search(r"\d/10 [-0-9:]+$", line) for line in drawn)


def test_without_a_terminal_there_are_only_lines_of_finished_cells(
    make_row, tmp_path
) -> None:
    text = io.StringIO()
    with SweepReporter(Console(file=text, width=20), 10) as reporter:
        reporter.cell_begins(CELL, "measuring")
        reporter.step_done(CELL)
        reporter.row_written(make_row(num_envs=32), tmp_path)
        reporter.row_written(make_row(error="no [drawer]\nhere"), tmp_path)
    assert text.getvalue() == (
        "reach_target, shm, 32 envs, 2 workers: 1,000 env steps/s\n"
        "reach_target, shm, 4 envs, 2 workers: failed: no [drawer]\n"
    )


@pytest.mark.parametrize("width", [30, 45, 80, 120])
def test_a_table_leaves_columns_out_rather_than_cut_a_number(
    make_row, width: int
) -> None:
    rows = [
        make_row(backend="gym", num_workers=4, steps_per_second=1234567.0),
        make_row(steps_per_second=2469134.0),
    ]
    text = io.StringIO()
    console = Console(file=text, width=width)
    for table in throughput_tables(rows, width):
        console.print(table)
    shown = text.getvalue()
    assert all(len(line) <= width for line in shown.splitlines())
    assert "…" not in shown
    if width >= 45:
        assert "1,234,567" in shown
    if width >= 80:
        assert re.search(r"2,469,134\s+2\.00", shown)
    if width >= 120:
        assert "memory MiB" in shown


def test_tables_are_one_for_each_task_and_chunk_length(make_row) -> None:
    rows = [make_row(), make_row(chunk_len=16), make_row(task="open_drawer")]
    assert [table.title for table in throughput_tables(rows, 80)] == [
        "open_drawer",
        "reach_target",
        "reach_target, chunks of 16",
    ]
