"""One cell measured by this process, or by every rank at the same time."""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.measure import (
    Meter,
    VecMaker,
    make_measured_vec,
    peak_rss_bytes,
)
from rlbench_puffer.benchmark.records import Row, row_to_json
from rlbench_puffer.benchmark.report import breakdown_table
from rlbench_puffer.benchmark.runs import new_provenance
from rlbench_puffer.benchmark.sweep import make_row
from rlbench_puffer.config import check_positive_int
from rlbench_puffer.distributed.group import OneRank, RankGroup


def measure_cell(
    cell: Cell,
    repeats: int,
    make: VecMaker = make_measured_vec,
    ranks: RankGroup | None = None,
    max_steps: int | None = None,
) -> Row:
    """Measure one cell; with ranks, each measures its own at the same time.

    Args:
      cell: what this process measures.
      repeats: how many samples.
      make: makes the vector environment.
      ranks: who measures together.
      max_steps: control steps of an episode where that is not the task's; ``make``
        sees to it, the row tells it.

    Returns:
      The row of all ranks together: rates and memory are added, times are the slowest
      rank's, phases are means over the ranks.

    Raises:
      InvalidOptionError: no sample is asked for.
      RankError: another rank failed.
    """
    check_positive_int("repeats", repeats)
    ranks = ranks or OneRank()
    meter = Meter(cell, make)
    try:
        samples: list[dict[str, float]] = []
        for _ in range(repeats):
            ranks.barrier()
            samples.append(dataclasses.asdict(meter.sample(cell.seconds)))
        own = {
            "cell": dataclasses.asdict(cell),
            "samples": samples,
            "startup_seconds": meter.startup_seconds,
            "peak_rss_bytes": peak_rss_bytes(),
            "phases": meter.phases,
            "episodes": meter.episodes,
            "successes": meter.successes,
        }
    finally:
        meter.close()
    return _together(cell, ranks.gather(own), max_steps)


def _together(cell: Cell, told: list[dict[str, Any]], max_steps: int | None) -> Row:
    """One row from those of all ranks, in their order."""

    def over_ranks(name: str) -> list[Any]:
        return [one[name] for one in told]

    whole = dataclasses.replace(
        cell,
        **{
            name: sum(one[name] for one in over_ranks("cell"))
            for name in ("num_envs", "num_workers", "batch_size")
        },
        seed=told[0]["cell"]["seed"],
    )
    row = make_row(
        whole,
        new_provenance(),
        samples=[
            _sample(at_once) for at_once in zip(*over_ranks("samples"), strict=True)
        ],
        startup_seconds=max(over_ranks("startup_seconds")),
        peak_rss_bytes=sum(over_ranks("peak_rss_bytes")),
        phases={
            name: statistics.fmean(
                phases.get(name, 0.0) for phases in over_ranks("phases")
            )
            for name in told[0]["phases"]
        },
    )
    episodes, successes = sum(over_ranks("episodes")), sum(over_ranks("successes"))
    return dataclasses.replace(
        row,
        ranks=len(told),
        max_steps=max_steps,
        episodes=episodes,
        success_rate=successes / episodes if episodes else None,
    )


def _sample(at_once: Sequence[dict[str, float]]) -> dict[str, float]:
    """One sample from those that the ranks took at the same time.

    Their lengths differ by a round trip at most, so the rates are added.
    """
    rate = sum(one["env_steps"] / one["seconds"] for one in at_once)
    seconds = max(one["seconds"] for one in at_once)
    return {
        "env_steps": rate * seconds if len(at_once) > 1 else at_once[0]["env_steps"],
        "seconds": seconds,
        "latency_ms_p50": max(one["latency_ms_p50"] for one in at_once),
        "latency_ms_p99": max(one["latency_ms_p99"] for one in at_once),
    }


def show_row(row: Row, console: Console, *, as_json: bool, phases: bool) -> None:
    """Show what was measured: the row as JSON on one line, or a table and a sentence.

    Args:
      row: what was measured.
      console: where to.
      as_json: the row's JSON and nothing else.
      phases: whether the table lists the phases.
    """
    if as_json:
        # Not through the console, which would wrap it.
        console.file.write(row_to_json(row) + "\n")
        return
    console.print(breakdown_table(row, phases=phases))
    if row.ranks > 1:
        console.print(f"{row.ranks} ranks together.", highlight=False)
    if row.success_rate is not None:
        share = f"{row.success_rate:.1%} of {row.episodes:,}"
        text = f"{share} episodes, with random actions."
    else:
        text = "no episode ended; measure for longer (--seconds)."
    console.print(f"Success: {text}", highlight=False)
