"""The figure of ``vector_overhead.py``, drawn from its rows alone."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rlbench_puffer.benchmark.plots import (
    COLORS,
    DOTS_PER_INCH,
    MARKERS,
    WIDTH_INCHES,
)

_MORE_COLORS = {
    "stock puffer": "#56b4e9",
    "sb3": "#e69f00",
    "torchrl": "#cc79a7",
    "shm chunk 16": "#005c41",
}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Time of a vector step against sub-envs: work by row, observation by column.

    Points are lower quartiles of the rounds, bars go up to the upper ones.

    Args:
      rows: of one run; of each contestant those with the most workers are drawn.
      path: the PNG to write.
    """
    most = max(row["pool_workers"] for row in rows)
    good = [
        row
        for row in rows
        if row["us_per_vector_step"] is not None
        and row["pool_workers"] == min(most, row["num_envs"])
    ]
    works = sorted({row["work_us"] for row in good})
    observations = sorted({row["observation"] for row in good})
    figure = Figure(
        figsize=(WIDTH_INCHES, 3.4 * len(works)), dpi=DOTS_PER_INCH, layout="tight"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(works), len(observations), squeeze=False, sharex=True)
    names = list(dict.fromkeys(row["backend"] for row in good))
    for i, work in enumerate(works):
        for j, observation in enumerate(observations):
            ax = axes[i][j]
            for k, name in enumerate(names):
                points = sorted(
                    (row["num_envs"], row["us_per_vector_step"], row["spread_us"] or 0)
                    for row in good
                    if (row["work_us"], row["observation"]) == (work, observation)
                    and row["backend"] == name
                )
                if points:
                    x, y, spread = zip(*points, strict=True)
                    ax.errorbar(
                        x,
                        y,
                        yerr=([0] * len(y), spread),
                        label=name,
                        color=COLORS.get(name) or _MORE_COLORS[name],
                        marker=MARKERS[k % len(MARKERS)],
                        markersize=4,
                        linewidth=1.2,
                    )
            ax.set_xscale("log", base=2)
            ax.set_yscale("log")
            ax.set_xticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
            ax.set_title(f"{work:g} us of work, {observation}", fontsize=10)
            ax.grid(visible=True, alpha=0.3)
            if j == 0:
                ax.set_ylabel("vector step [us]")
            if i == len(works) - 1:
                ax.set_xlabel("sub-envs")
    axes[0][0].legend(fontsize=7, ncols=2)
    host = good[0]["host"]
    commits = " and ".join(sorted({row["commit"] for row in good}))
    figure.suptitle(
        f"{most} workers on {host['cores']} cores, {host['cpu']}, commit {commits}\n"
        f"{good[0]['statistic']}, bars up to the upper one; sb3 and torchrl up to 4 "
        "sub-envs, a process each",
        fontsize=9,
    )
    figure.savefig(path)
