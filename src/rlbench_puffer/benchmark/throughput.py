"""The main job: from what was asked for to rows, a table and plots."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from rlbench_puffer.benchmark.cell_process import SERVE_COMMAND
from rlbench_puffer.benchmark.plan import SweepRequest, plan_sweep
from rlbench_puffer.benchmark.plots import draw_figures
from rlbench_puffer.benchmark.records import Row, read_rows
from rlbench_puffer.benchmark.report import SweepReporter, throughput_tables
from rlbench_puffer.benchmark.runs import (
    ResumeMode,
    choose_run,
    comparable_rows,
    new_provenance,
)
from rlbench_puffer.benchmark.sweep import (
    prepare_folder,
    run_sweep,
    step_count,
)


def measure_throughput(
    request: SweepRequest,
    out: Path,
    resume: ResumeMode,
    console: Console,
    command: Sequence[str] = SERVE_COMMAND,
) -> list[Row]:
    """Run a sweep, write its rows and plots, and show both.

    Args:
      request: what to measure.
      out: folder for rows and plots.
      resume: when to go on with the newest run that the folder holds.
      console: where progress and results are shown.
      command: what a cell's process runs.

    Returns:
      The rows of the run, failed cells among them.

    Raises:
      ConfigError: the request does not make sense; nothing was measured.
      RecordsError: the folder holds rows that cannot be read; nothing was measured.
    """
    plan = plan_sweep(request)
    prepare_folder(out)
    earlier = read_rows(out) if any(out.glob("throughput_*.jsonl")) else []
    run, finished = choose_run(
        earlier, plan.cells, request.repeats, resume, new_provenance()
    )
    for remark in plan.remarks:
        _say(console, remark)
    if finished:
        _say(
            console,
            f"Going on with run {run.run}: {len(finished)} of {len(plan.cells)} "
            "cells are finished.",
        )
    done = {row.cell for row in finished}
    groups = [
        [cell for cell in group if cell.identity not in done] for group in plan.groups
    ]
    groups = [group for group in groups if group]
    steps = sum(step_count(cell, request.repeats) for group in groups for cell in group)
    try:
        with SweepReporter(console, steps) as reporter:
            measured = run_sweep(
                groups,
                repeats=request.repeats,
                out=out,
                provenance=run,
                observer=reporter,
                command=command,
            )
    except KeyboardInterrupt:
        _say(console, "Interrupted. Finished cells are kept; the same command goes on.")
        raise
    rows = [*finished, *measured]
    for table in throughput_tables(rows, console.width):
        console.print(table)
    for row in rows:
        if row.error is not None:
            _say(console, f"Failed: {row.backend}, {row.num_envs} envs: {row.error}")
    if any(row.error is None for row in rows):
        draw_folder(out, console)
    _say(console, f"Rows: {out}")
    return rows


def draw_folder(path: Path, console: Console) -> list[Path]:
    """Draw the figures of a folder of rows, or of one rows file beside it.

    Returns:
      The PNG files.

    Raises:
      RecordsError: no rows, or rows that cannot stand in one figure.
    """
    rows, left_out = comparable_rows(read_rows(path))
    if left_out:
        _say(
            console,
            f"{left_out} rows of earlier runs are not drawn: they come from another "
            "machine, version, commit or work.",
        )
    if path.is_dir():
        files = draw_figures(rows, path)
    else:
        files = draw_figures(rows, path.parent, f"{path.stem}_")
    for file in files:
        _say(console, f"Plot: {file}")
    return files


def _say(console: Console, text: str) -> None:
    """One line, not wrapped: a path must survive a narrow terminal."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)
