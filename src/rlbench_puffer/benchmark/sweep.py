"""The sweep: every cell in a process of its own, repeats of a group in turn.

The cells of a group take turns of a quarter of a second (A B C A B C), so that a
machine that gets warmer or busier does the same to all. A repeat is as many turns as
make up its seconds. Each cell keeps its process over its repeats and waits for its
next turn without using the processor (tested for each backend). Starting anew for
each repeat would triple the start-up time, which is about as long as the measuring:
with 32 sub-envs Gymnasium starts 32 interpreters.
"""

import contextlib
import datetime
import statistics
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.cell_process import (
    SERVE_COMMAND,
    CellFailedError,
    CellProcess,
)
from rlbench_puffer.benchmark.records import Row, append_row, file_name, quartiles
from rlbench_puffer.benchmark.runs import Provenance
from rlbench_puffer.errors import InvalidOptionError


class SweepObserver(Protocol):
    """Who is told how a sweep is getting on."""

    def cell_begins(self, cell: Cell, activity: str) -> None:
        """A cell is being started, reset, measured or closed."""
        ...

    def step_done(self, cell: Cell) -> None:
        """A cell was started, or has had a turn; see :func:`step_count`."""
        ...

    def row_written(self, row: Row, path: Path) -> None:
        """A cell is finished; its row is on the disk."""
        ...


TURN_SECONDS = 0.25
"""How long a cell measures before the next one has its turn in [s]."""


def turn_count(seconds: float) -> int:
    """In how many turns a sample of a length in [s] is measured."""
    return max(1, round(seconds / TURN_SECONDS))


def step_count(cell: Cell, repeats: int) -> int:
    """How often ``step_done`` is called for a cell: its start and its turns."""
    return 1 + repeats * turn_count(cell.seconds)


def run_sweep(
    groups: Sequence[Sequence[Cell]],
    *,
    repeats: int,
    out: Path,
    provenance: Provenance,
    observer: SweepObserver,
    command: Sequence[str] = SERVE_COMMAND,
) -> list[Row]:
    """Measure groups of cells; a row is on the disk as soon as its cell is done.

    Args:
      groups: the cells, in groups whose repeats are interleaved.
      repeats: samples of each cell.
      out: folder for the rows.
      provenance: what the rows say of their origin.
      observer: told about the progress.
      command: what a cell's process runs.

    Returns:
      The rows, failed cells among them.
    """
    rows: list[Row] = []
    for group in groups:
        measurement = _GroupMeasurement(group, repeats, observer, command)
        with contextlib.closing(measurement.run()) as measured:
            for cell, results in measured:
                row = make_row(cell, provenance, **results)
                path = out / file_name(cell.backend, cell.num_workers)
                append_row(path, row)
                observer.row_written(row, path)
                rows.append(row)
    return rows


def make_row(
    cell: Cell,
    provenance: Provenance,
    *,
    samples: Sequence[dict[str, float]] = (),
    startup_seconds: float | None = None,
    peak_rss_bytes: int | None = None,
    phases: dict[str, float] | None = None,
    error: str | None = None,
) -> Row:
    """A cell's row from what was measured.

    Args:
      cell: what was measured.
      provenance: where it was.
      samples: fields of :class:`rlbench_puffer.benchmark.measure.Sample`, each.
      startup_seconds: from nothing to the first observations in [s].
      peak_rss_bytes: largest memory of all its processes.
      phases: seconds of each phase during the samples.
      error: why it failed.
    """
    rates = tuple(sample["env_steps"] / sample["seconds"] for sample in samples)
    latency = None
    median = spread = None
    if rates and error is None:
        low, median, high = quartiles(rates)
        spread = high - low
        latency = {
            name: statistics.median(sample[f"latency_ms_{name}"] for sample in samples)
            for name in ("p50", "p99")
        }
    return Row(
        time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        run=provenance.run,
        host=provenance.host,
        commit=provenance.commit,
        versions=provenance.versions,
        task=cell.task,
        engine=cell.engine,
        backend=cell.backend,
        num_envs=cell.num_envs,
        num_workers=cell.num_workers,
        batch_size=cell.batch_size,
        chunk_len=cell.chunk_len,
        cameras=cell.cameras,
        action_mode=cell.action_mode,
        seed=cell.seed,
        seconds=cell.seconds,
        samples=rates,
        steps_per_second=median,
        spread=spread,
        latency_ms=latency,
        phases=phases or {},
        startup_seconds=startup_seconds,
        peak_rss_bytes=peak_rss_bytes,
        error=error,
    )


def prepare_folder(out: Path, option: str = "out") -> None:
    """Make the output folder and see that rows can be written there.

    Args:
      out: the folder.
      option: which names it to the user.

    Raises:
      InvalidOptionError: it cannot be made or written to.
    """
    probe = out / ".rlbench-puffer-probe"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidOptionError(
            option,
            str(out),
            f"a folder that can be written to ({error.strerror})",
            f"Choose another one with --{option.replace('_', '-')}.",
        ) from error


class _GroupMeasurement:
    """The processes of one group, from their start to their results."""

    def __init__(
        self,
        group: Sequence[Cell],
        repeats: int,
        observer: SweepObserver,
        command: Sequence[str],
    ) -> None:
        self._group = group
        self._repeats = repeats
        self._observer = observer
        self._command = command
        self._running: dict[Cell, CellProcess] = {}
        self._results: dict[Cell, dict[str, Any]] = {cell: {} for cell in group}

    def run(self) -> Generator[tuple[Cell, dict[str, Any]]]:
        """Start, sample in turn, finish.

        Yields:
          Each cell with its results, those that fail at once when they do.
        """
        turns = max(turn_count(cell.seconds) for cell in self._group)
        repeat = [
            ("resetting", self._begin_sample),
            *[("measuring", self._take_turn)] * turns,
            ("measured", self._end_sample),
        ]
        steps = [
            ("starting", self._start),
            *repeat * self._repeats,
            ("closing", self._finish),
        ]
        try:
            for activity, do in steps:
                for cell in self._group:
                    if "error" not in self._results[cell]:
                        self._observer.cell_begins(cell, activity)
                        yield from self._attempt(cell, do)
                    if do in (self._start, self._take_turn):
                        self._observer.step_done(cell)
        finally:
            for process in self._running.values():
                process.kill()

    def _attempt(
        self, cell: Cell, do: Callable[[Cell, dict[str, Any]], None]
    ) -> Iterator[tuple[Cell, dict[str, Any]]]:
        results = self._results[cell]
        try:
            do(cell, results)
        except CellFailedError as error:
            results["error"] = str(error)
        if do == self._finish or "error" in results:
            yield cell, results

    def _start(self, cell: Cell, results: dict[str, Any]) -> None:
        process = CellProcess(cell, self._command)
        self._running[cell] = process
        results["startup_seconds"] = process.wait_ready()

    def _begin_sample(self, cell: Cell, results: dict[str, Any]) -> None:
        self._running[cell].begin_sample()

    def _take_turn(self, cell: Cell, results: dict[str, Any]) -> None:
        self._running[cell].measure(cell.seconds / turn_count(cell.seconds))

    def _end_sample(self, cell: Cell, results: dict[str, Any]) -> None:
        sample = self._running[cell].end_sample()
        results.setdefault("samples", []).append(sample)

    def _finish(self, cell: Cell, results: dict[str, Any]) -> None:
        results.update(self._running[cell].finish())
