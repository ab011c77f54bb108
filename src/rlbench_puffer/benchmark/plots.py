"""Figures of throughput, drawn from rows alone; nobody else imports matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from rlbench_puffer.benchmark.cell import WORKER_BACKENDS, count_label
from rlbench_puffer.benchmark.records import Row, quartiles
from rlbench_puffer.benchmark.report import same_group
from rlbench_puffer.benchmark.runs import differing_fields
from rlbench_puffer.errors import RecordsError

WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 9.0, 5.0, 100
"""900 pixels wide: a README's column shows the figure as it is."""

COLORS = {
    "serial": "#7f7f7f",
    "gym": "#d55e00",
    "puffer": "#0072b2",
    "shm": "#009e73",
    "native": "#cc79a7",
}
"""One colour for each backend, told apart by colour-blind readers, too."""

MARKERS = ("o", "s", "^", "D", "v", "P")
LINE_STYLES = ("-", "--", ":", "-.")

Curve = tuple[str, dict[str, Any], list[tuple[float, tuple[float, float, float]]]]
"""A label, how to draw it, and points of num_envs and three quartiles."""


def draw_figures(rows: Sequence[Row], folder: Path, prefix: str = "") -> list[Path]:
    """Draw every figure that the rows allow.

    Args:
      rows: of any tasks and chunk lengths; those with an error are left out.
      folder: where the PNG files go.
      prefix: what their names begin with.

    Returns:
      The files: for each task and chunk length throughput and, where ``gym`` was
      measured, the speed-up over it.

    Raises:
      RecordsError: no row was measured, the rows of a task did different work, or a
        file cannot be written.
    """
    good = [row for row in rows if row.error is None]
    if not good:
        raise RecordsError("No row without an error: there is nothing to draw.")
    files: list[Path] = []
    for task, chunk_len in sorted({(row.task, row.chunk_len) for row in good}):
        work = [row for row in good if (row.task, row.chunk_len) == (task, chunk_len)]
        name = task if chunk_len == 1 else f"{task}_chunk_{chunk_len}"
        figures = {"throughput": draw_throughput(work), "speedup": draw_speedup(work)}
        for kind, figure in figures.items():
            if figure is not None:
                path = folder / f"{prefix}{kind}_{name}.png"
                _save(figure, path)
                files.append(path)
    return files


def _save(figure: Figure, path: Path) -> None:
    """Write a figure whole, or leave the one that was there."""
    part = path.with_name(f"{path.name}.part")
    try:
        figure.savefig(part, dpi=DOTS_PER_INCH, format="png")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordsError(f"{path} cannot be written: {error.strerror}.") from error


def draw_throughput(rows: Sequence[Row]) -> Figure:
    """Env steps per second against sub-envs, a curve per backend and worker count.

    Raises:
      RecordsError: the rows did different work.
    """
    check_same_work(rows)
    curves: list[Curve] = []
    for label, style, members in _lines(rows):
        curves.append(
            (label, style, [(row.num_envs, quartiles(row.samples)) for row in members])
        )
    return _draw(rows, curves, "throughput", "env steps per second")


def draw_speedup(rows: Sequence[Row]) -> Figure | None:
    """Throughput over that of ``gym`` in the same run; None if there is none.

    Repeats are compared one by one, for they were measured one after the other.

    Raises:
      RecordsError: the rows did different work.
    """
    check_same_work(rows)
    curves: list[Curve] = []
    for label, style, members in _lines(rows):
        points: list[tuple[float, tuple[float, float, float]]] = []
        for row in members:
            for base in rows:
                if (
                    base.backend == "gym"
                    and base.run == row.run
                    and same_group(base, row)
                ):
                    pairs = zip(row.samples, base.samples, strict=False)
                    ratios = [sample / base_sample for sample, base_sample in pairs]
                    points.append((row.num_envs, quartiles(ratios)))
        if points:
            curves.append((label, style, points))
    if not curves:
        return None
    return _draw(rows, curves, "speed-up", "throughput over that of gym")


def check_same_work(rows: Sequence[Row]) -> None:
    """See that rows may stand in one figure.

    Raises:
      RecordsError: they may not; names two rows and what they differ in.
    """
    first = rows[0]
    for row in rows:
        differing = differing_fields(first, row)
        if (row.task, row.chunk_len) != (first.task, first.chunk_len):
            differing.append("task or chunk_len")
        if (row.batch_size == row.num_envs) != (first.batch_size == first.num_envs):
            differing.append("batch_size")
        if differing:
            told = ", ".join(
                f"{name} ({getattr(first, name, '')} and {getattr(row, name, '')})"
                for name in differing
            )
            raise RecordsError(
                f"Rows of different work cannot share a figure: the {first.backend} "
                f"row of {first.time} and the {row.backend} row of {row.time} differ "
                f"in {told}. Keep them in folders of their own."
            )


def _lines(rows: Sequence[Row]) -> list[tuple[str, dict[str, Any], list[Row]]]:
    """Rows in curves: label, style and members by number of sub-envs."""
    backends = [name for name in COLORS if any(row.backend == name for row in rows)]
    counts = sorted({r.num_workers for r in rows if r.backend in WORKER_BACKENDS})
    lines: list[tuple[str, dict[str, Any], list[Row]]] = []
    for backend in backends:
        of_backend = [row for row in rows if row.backend == backend]
        if backend not in WORKER_BACKENDS:
            groups = [(backend, 0, of_backend)]
        else:
            groups = [
                (
                    f"{backend}, {count_label(backend, count)}",
                    counts.index(count),
                    [row for row in of_backend if row.num_workers == count],
                )
                for count in counts
            ]
        for label, rank, members in groups:
            style = {
                "color": COLORS[backend],
                "marker": MARKERS[rank % len(MARKERS)],
                "linestyle": LINE_STYLES[rank % len(LINE_STYLES)],
            }
            members.sort(key=lambda row: row.num_envs)
            if members:
                lines.append((label, style, members))
    return lines


def _draw(rows: Sequence[Row], curves: list[Curve], what: str, axis: str) -> Figure:
    with matplotlib.rc_context({"font.size": 12, "axes.titlesize": 13}):
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for label, style, points in curves:
            x = [num_envs for num_envs, _ in points]
            low, middle, high = zip(*(values for _, values in points), strict=True)
            axes.plot(x, middle, label=label, linewidth=2, markersize=6, **style)
            axes.fill_between(x, low, high, color=style["color"], alpha=0.2, lw=0)
        if what == "speed-up":
            axes.axhline(1.0, color=COLORS["gym"], linewidth=1, linestyle="--")
        first = rows[0]
        chunk = f", chunks of {first.chunk_len}" if first.chunk_len > 1 else ""
        axes.set_title(f"{first.task}, {first.engine} engine{chunk}: {what}")
        axes.set_xlabel("sub-envs (num_envs)")
        axes.set_ylabel(axis)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({row.num_envs for row in rows}))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        figure.text(
            0.01, 0.005, _origin(rows), fontsize=8, color="#555555", va="bottom"
        )
        figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))  # pyright: ignore
    return figure


def _origin(rows: Sequence[Row]) -> str:
    """Where the figures come from, in two lines below the axes."""
    row = max(rows, key=lambda row: row.time)
    repeats = max(len(row.samples) for row in rows)
    host = row.host
    commit = f", commit {row.commit}" if row.commit else ""
    one_run = len({row.run for row in rows}) == 1
    order = "taken in turn" if one_run else "of several runs"
    return (
        f"Median and interquartile band of {repeats} samples of {row.seconds:g} s, "
        f"{order}; gym has a process for each sub-env.\n{host.get('cores')} cores of "
        f"{host.get('cpu')}, {row.time[:10]}, rlbench-puffer "
        f"{row.versions.get('rlbench-puffer')}{commit}"
    )
