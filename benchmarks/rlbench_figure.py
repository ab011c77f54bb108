"""The figure of ``rlbench_engines.py``, drawn from its rows alone."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from rlbench_puffer.benchmark.plots import DOTS_PER_INCH, MARKERS, WIDTH_INCHES

COLORS = {"mujoco": "#009e73", "coppeliasim": "#d55e00"}
RECORDED = "#7f7f7f"


def draw(
    rows: list[dict[str, Any]],
    asked: dict[tuple[str, str], float],
    recorded: dict[tuple[str, str], float],
    path: Path,
) -> None:
    """Rates of one process, of many, with resets; resets; where a step's time goes.

    Args:
      rows: of one run; those with an error are left out.
      asked: steps per second of a task, observed so, that are asked for.
      recorded: those of CoppeliaSim that were recorded elsewhere.
      path: the PNG to write.
    """
    good = [row for row in rows if not row["error"]]
    figure = Figure(figsize=(WIDTH_INCHES, 9.0), dpi=DOTS_PER_INCH, layout="tight")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, 2)
    _one_process(figure.add_subplot(grid[0, :]), good, asked, recorded)
    _workers(figure.add_subplot(grid[1, 0]), good)
    _batching(figure.add_subplot(grid[1, 1]), good)
    _resets(figure.add_subplot(grid[2, 0]), good)
    _profile(figure.add_subplot(grid[2, 1]), good)
    host = good[0]["host"]
    commits = " and ".join(sorted({row["commit"] for row in good}))
    figure.suptitle(
        f"{host['cores']} cores, {host['cpu']}, commit {commits}", fontsize=9
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _of(rows: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["table"] == table]


def _one_process(
    ax: Axes,
    rows: list[dict[str, Any]],
    asked: dict[tuple[str, str], float],
    recorded: dict[tuple[str, str], float],
) -> None:
    here = _of(rows, "one process")
    works = list(dict.fromkeys((row["task"], row["observing"]) for row in here))
    names = list(dict.fromkeys(row["engine"] for row in here))
    width = 0.8 / (len(names) + 1)
    for i, name in enumerate(names):
        at = [
            (works.index((row["task"], row["observing"])), row["steps_per_second"])
            for row in here
            if row["engine"] == name
        ]
        bars = ax.bar(
            [x + i * width for x, _ in at],
            [rate for _, rate in at],
            width,
            label=name,
            color=COLORS[name],
        )
        _write_rates(ax, bars)
    at = [(x, recorded[work]) for x, work in enumerate(works) if work in recorded]
    bars = ax.bar(
        [x + len(names) * width for x, _ in at],
        [rate for _, rate in at],
        width,
        label="CoppeliaSim, recorded on another machine",
        color=RECORDED,
    )
    _write_rates(ax, bars)
    wanted = [(x, asked[work]) for x, work in enumerate(works) if work in asked]
    ax.hlines(
        [rate for _, rate in wanted],
        [x - 0.25 for x, _ in wanted],
        [x + 0.65 for x, _ in wanted],
        colors="black",
        linestyles="--",
        linewidth=1,
        label="asked for",
    )
    ax.set_yscale("log")
    ax.set_xticks(range(len(works)), [f"{t}\n{o}" for t, o in works], fontsize=7)
    ax.set_ylabel("steps/s")
    ax.set_title("one process", fontsize=10)
    ax.margins(y=0.15)
    ax.legend(fontsize=7)


def _write_rates(ax: Axes, bars: BarContainer) -> None:
    """At the bars' feet, where no line of what is asked for crosses them."""
    for bar in bars:
        ax.text(
            bar.get_x() + bar.get_width() / 2,
            0.03,
            f"{bar.get_height():,.0f}",
            transform=ax.get_xaxis_transform(),
            ha="center",
            fontsize=7,
            color="white",
        )


def _workers(ax: Axes, rows: list[dict[str, Any]]) -> None:
    here = _of(rows, "workers")
    works = list(dict.fromkeys((row["engine"], row["observing"]) for row in here))
    for k, (engine, observing) in enumerate(works):
        points = sorted(
            (row["num_envs"], row["steps_per_second"])
            for row in here
            if (row["engine"], row["observing"]) == (engine, observing)
        )
        x, y = zip(*points, strict=True)
        (line,) = ax.plot(x, y, marker=MARKERS[k], label=f"{engine}, {observing}")
        if x[0] == 1:
            ideal = [y[0] * count for count in x]
            ax.plot(x, ideal, linestyle=":", color=line.get_color())
    ax.set_xticks(sorted({row["num_envs"] for row in here}))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("workers (dotted: as many times one worker)")
    ax.set_ylabel("steps/s")
    ax.set_title("reach_target, many processes", fontsize=10)
    ax.grid(visible=True, alpha=0.3)
    ax.legend(fontsize=7)


def _batching(ax: Axes, rows: list[dict[str, Any]]) -> None:
    here = _of(rows, "batching")
    names = [
        f"{row['engine']}\n"
        + (
            "all in step"
            if row["batch_size"] == row["num_envs"]
            else f"first {row['batch_size']} of {row['num_envs']}"
        )
        for row in here
    ]
    bars = ax.bar(names, [row["steps_per_second"] for row in here], 0.5)
    ax.bar_label(bars, fmt="{:,.0f}", fontsize=8)
    ax.margins(y=0.15)
    ax.set_ylabel("steps/s, resets included")
    ax.set_title("open_drawer, surplus batching", fontsize=10)
    ax.tick_params(axis="x", labelsize=7)


def _resets(ax: Axes, rows: list[dict[str, Any]]) -> None:
    here = _of(rows, "resets")
    names = [row["task"] for row in here]
    # The upper bar of a task is the upper one of the legend.
    for shift, part in ((0.2, "p50"), (-0.2, "p95")):
        at = [y + shift for y in range(len(here))]
        bars = ax.barh(at, [row["reset_ms"][part] for row in here], 0.4, label=part)
        ax.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
    ax.set_yticks(range(len(here)), names, fontsize=7)
    ax.set_xscale("log")
    ax.margins(x=0.2)
    ax.set_xlabel("ms")
    ax.set_title("resets", fontsize=10)
    ax.legend(fontsize=7)


def _profile(ax: Axes, rows: list[dict[str, Any]]) -> None:
    for row in _of(rows, "profile")[:1]:
        parts = [(n, s) for n, s in row["parts"].items() if s >= 0.005]
        names, shares = zip(*reversed(parts), strict=True)
        bars = ax.barh(names, [100 * share for share in shares])
        ax.bar_label(bars, fmt="{:.0f} %", fontsize=7, padding=2)
        ax.margins(x=0.2)
        ax.set_title(f"a profiled step of {row['task']}", fontsize=10)
        ax.tick_params(axis="y", labelsize=7)
        ax.set_xlabel("share of its time [%]")
