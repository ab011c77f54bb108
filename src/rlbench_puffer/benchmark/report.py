"""What a person sees of a benchmark: progress while it runs, tables at its end."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

from rlbench_puffer.benchmark.cell import WORKER_BACKENDS, Cell, count_label
from rlbench_puffer.benchmark.records import Row
from rlbench_puffer.benchmark.runs import differing_fields


class SweepReporter:
    """Shows a sweep on a console: a bar with time left, or plain lines without a TTY.

    Args:
      console: where to.
      steps: how many ``step_done`` calls there will be.
    """

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._progress = Progress(
            # On a narrow terminal the text is cut, not the time left.
            TextColumn(
                "{task.description}",
                table_column=Column(ratio=2, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            # Starts and samples take turns; a short window would make the time
            # left jump between them.
            speed_estimate_period=600,
            disable=not console.is_terminal,
            expand=True,
            transient=True,
        )
        self._task = self._progress.add_task("", total=steps)

    def __enter__(self) -> "SweepReporter":
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def cell_begins(self, cell: Cell, activity: str) -> None:
        """Say what is being done."""
        self._progress.update(self._task, description=f"{activity} {cell_label(cell)}")

    def step_done(self, cell: Cell) -> None:
        """Move the bar on."""
        self._progress.advance(self._task)

    def row_written(self, row: Row, path: Path) -> None:
        """One line for each finished cell."""
        self._console.print(
            f"{cell_label(row)}: {_outcome(row)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def cell_label(cell: Cell | Row) -> str:
    """What is or was measured, in a few words."""
    parts = [cell.task, cell.backend, f"{cell.num_envs} envs"]
    if cell.backend in WORKER_BACKENDS:
        parts.append(count_label(cell.backend, cell.num_workers))
    if cell.chunk_len > 1:
        parts.append(f"chunks of {cell.chunk_len}")
    return ", ".join(parts)


def throughput_tables(rows: Sequence[Row], width: int) -> list[Table]:
    """Rows as a table for each task and chunk length.

    Args:
      rows: what to show, with their speed-up over ``gym`` in the same run.
      width: characters in a line; columns that find no room are left out, the least
        important ones first, so that no number is cut.
    """
    tables: list[Table] = []
    for task, chunk_len in sorted({(row.task, row.chunk_len) for row in rows}):
        members = [
            row for row in rows if (row.task, row.chunk_len) == (task, chunk_len)
        ]
        members.sort(key=lambda row: (row.num_envs, row.backend, row.num_workers))
        cells = [_table_cells(row, rows) for row in members]
        chunk = f", chunks of {chunk_len}" if chunk_len > 1 else ""
        table = Table(title=f"{task}{chunk}", box=box.SIMPLE, padding=(0, 1, 0, 0))
        shown = _fitting_columns(cells, width)
        for name in shown:
            justify = "left" if name == "backend" else "right"
            table.add_column(name, justify=justify, no_wrap=True)
        for line in cells:
            table.add_row(*(line[name] for name in shown))
        tables.append(table)
    return tables


def _table_cells(row: Row, rows: Sequence[Row]) -> dict[str, str]:
    """A row's texts by column, the most important column first."""
    latency = row.latency_ms or {}
    memory = row.peak_rss_bytes and row.peak_rss_bytes / 2**20
    rate = "failed" if row.error else _number(row.steps_per_second, ",.0f")
    return {
        "backend": row.backend,
        "envs": str(row.num_envs),
        "workers": str(row.num_workers),
        "env steps/s": rate,
        "over gym": _number(speedup_over_gym(row, rows), ".2f"),
        "spread": _number(row.spread, ",.0f"),
        "p50 ms": _number(latency.get("p50"), ".2f"),
        "p99 ms": _number(latency.get("p99"), ".2f"),
        "start s": _number(row.startup_seconds, ".1f"),
        "memory MiB": _number(memory, ",.0f"),
    }


def _fitting_columns(cells: Sequence[dict[str, str]], width: int) -> list[str]:
    shown: list[str] = []
    used = 2
    for name in cells[0]:
        # Two more for the gap to the next column.
        used += 2 + max(len(name), *(len(line[name]) for line in cells))
        if shown and used > width:
            break
        shown.append(name)
    return shown


def breakdown_table(row: Row, *, phases: bool) -> Table:
    """One row as a table of names and values.

    Args:
      row: what was measured.
      phases: whether to list the phases, too.
    """
    latency = row.latency_ms or {}
    table = Table("measure", "value", "unit", title=cell_label(row))
    table.columns[1].justify = "right"
    rates = [_number(sample, ",.0f") for sample in row.samples]
    lines = [
        ("throughput, median", _number(row.steps_per_second, ",.0f"), "env steps/s"),
        ("throughput, spread", _number(row.spread, ",.0f"), "env steps/s"),
        ("throughput, samples", " ".join(rates), "env steps/s"),
        ("round trip, p50", _number(latency.get("p50"), ".3f"), "ms"),
        ("round trip, p99", _number(latency.get("p99"), ".3f"), "ms"),
        ("start-up", _number(row.startup_seconds, ".2f"), "s"),
        (
            "peak memory",
            _number(row.peak_rss_bytes and row.peak_rss_bytes / 2**20, ",.0f"),
            "MiB",
        ),
    ]
    if phases:
        lines += [
            (f"phase {name}", _number(seconds, ".3f"), "s")
            for name, seconds in row.phases.items()
        ]
    for line in lines:
        table.add_row(*line)
    return table


def speedup_over_gym(row: Row, rows: Sequence[Row]) -> float | None:
    """How many times the env steps per second of ``gym`` on the same work.

    None without a row of ``gym`` from the same run, for only repeats of one run
    were measured in turn.
    """
    for base in rows:
        if (
            base.backend == "gym"
            and base.run == row.run
            and same_group(base, row)
            and base.steps_per_second
            and row.steps_per_second
        ):
            return row.steps_per_second / base.steps_per_second
    return None


def same_group(one: Row, other: Row) -> bool:
    """Whether two rows did the same work, whatever vectorised it."""
    return (
        (one.task, one.num_envs, one.chunk_len)
        == (other.task, other.num_envs, other.chunk_len)
    ) and not differing_fields(one, other)


def _outcome(row: Row) -> str:
    if row.error is not None:
        return f"failed: {row.error.splitlines()[0]}"
    return f"{row.steps_per_second:,.0f} env steps/s"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
