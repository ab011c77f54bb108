"""What vectorising costs: microseconds of a vector step, whoever vectorises.

    uv run --group benchmark python benchmarks/vector_overhead.py [--quick] [--json]

Environments without work and with 250 us of it, observations of 64 floats and of
84x84x12 bytes, 1 to 32 sub-envs, 1 to all cores' workers. All contestants of a cell
live at the same time and take turns in many short rounds, in alternating order, so
that drift of the machine's speed hits all alike; PufferLib's own workers, which spin,
are stopped while others run. A time is the lower quartile of its rounds, whoever the
contestant: what disturbs a round only adds to it, so the low rounds tell what the
code takes, and a quarter of them is no stroke of luck, as the single best may be.
Rows hold every round, the median and the distance between the quartiles as well.

Rows and a figure go to ``results/vector_overhead/``. Contestants that are not
installed leave rows with an error. The ratio printed is the least, over the cells, of
the quickest other process-based contestant's time over that of ``shm``, then the same
of the medians. PufferLib's pure spin counts there where processes outnumber cores;
where each has a core of its own, where nothing can beat it, ``shm_over_pure_spin`` is
the most that ``shm`` takes over it without work.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overhead_contestants import MAKERS, ONE_PROCESS_EACH, Cell, Contestant

from rlbench_puffer.benchmark.machine import (
    describe_host,
    find_commit,
    package_versions,
)

ROUNDS: dict[float, int] = {0: 16, 250: 24}
"""Rounds by work in [us]: with work the contestants' times are within percents."""

OUT = Path(__file__).parents[1] / "results" / "vector_overhead"
STATISTIC = "lower quartile of the rounds"
PROCESS_BASED = ("gym", "puffer", "stock puffer", "sb3", "torchrl")


def cells(quick: bool) -> list[Cell]:
    """Every cell, small ones first."""
    cores = len(os.sched_getaffinity(0))
    if quick:
        return [Cell(work, "64 floats", n, cores) for work in (0, 250) for n in (2, 8)]
    return [
        Cell(work, observation, num_envs, workers)
        for work in (0, 250)
        for observation in ("64 floats", "84x84x12 bytes")
        for num_envs in (1, 2, 4, 8, 16, 32)
        for workers in range(1, min(cores, num_envs) + 1)
        if num_envs % workers == 0
    ]


def measure_cell(
    cell: Cell, names: list[str], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """One row for each contestant."""
    running: dict[str, Contestant] = {}
    errors: dict[str, str] = {}
    for name in names:
        try:
            running[name] = MAKERS[name](cell)
            running[name].pause()
        except Exception as error:  # noqa: BLE001 - a failed cell is a row, too
            errors[name] = f"{type(error).__name__}: {error}"
    samples: dict[str, list[float]] = {name: [] for name in running}
    try:
        for number in range(rounds):
            order = list(running) if number % 2 else list(reversed(running))
            for name in order:
                running[name].resume()
                samples[name].append(sample(running[name], seconds))
                running[name].pause()
    finally:
        for contestant in running.values():
            contestant.resume()
            contestant.close()
    return [row(cell, name, samples.get(name, []), errors.get(name)) for name in names]


def sample(contestant: Contestant, seconds: float) -> float:
    """Microseconds of one vector step, over about ``seconds`` [s]."""
    # Sleepers wake, and learn again how long to yield.
    calls, took = run_for(contestant, seconds / 4, at_least=3)
    calls, took = run_for(contestant, seconds)
    return took * 1e6 / (calls * contestant.steps_per_call)


def run_for(
    contestant: Contestant, seconds: float, at_least: int = 1
) -> tuple[int, float]:
    """Calls made in about ``seconds`` [s], and the time that they took."""
    calls = 0
    start = time.perf_counter()
    while (took := time.perf_counter() - start) < seconds or calls < at_least:
        # The clock is read often enough to overshoot by a twentieth at most.
        batch = 1 + calls // 20
        for _ in range(batch):
            contestant.advance()
        calls += batch
    return calls, took


def row(
    cell: Cell, name: str, samples: list[float], error: str | None
) -> dict[str, Any]:
    """A row as it is written."""
    low = middle = spread = None
    if samples:
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
        low, middle, spread = round(low, 2), round(middle, 2), round(high - low, 2)
    return {
        "schema": 2,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": describe_host(),
        "commit": find_commit(),
        "versions": package_versions(),
        "work_us": cell.work_us,
        "observation": cell.observation,
        "num_envs": cell.num_envs,
        "num_workers": _workers(cell, name),
        "pool_workers": cell.num_workers,
        "backend": name,
        "samples_us": [round(value, 2) for value in samples],
        "statistic": STATISTIC,
        "us_per_vector_step": low,
        "median_us": middle,
        "spread_us": spread,
        "error": error,
    }


def _workers(cell: Cell, name: str) -> int:
    if name == "serial":
        return 0
    return cell.num_envs if name in ONE_PROCESS_EACH else cell.num_workers


def contestants(cell: Cell, quick: bool) -> list[str]:
    """Those that are measured in a cell."""
    cores = len(os.sched_getaffinity(0))
    most = max(w for w in range(1, cores + 1) if cell.num_envs % w == 0)
    # Those with a process for each sub-env do not depend on the number of workers.
    names = [
        name
        for name in MAKERS
        if name not in ONE_PROCESS_EACH
        or (cell.num_envs <= ONE_PROCESS_EACH[name] and cell.num_workers == most)
    ]
    return (
        [name for name in names if name not in ("sb3", "torchrl")] if quick else names
    )


def times_by_cell(
    rows: list[dict[str, Any]], field: str
) -> dict[tuple[Any, ...], dict[str, float]]:
    """One figure of each contestant, by cell: work, observation, envs, workers."""
    by_cell: dict[tuple[Any, ...], dict[str, float]] = {}
    for each in rows:
        if each[field] is not None:
            key = tuple(
                each[k] for k in ("work_us", "observation", "num_envs", "pool_workers")
            )
            by_cell.setdefault(key, {})[each["backend"]] = each[field]
    return by_cell


def ratios(
    by_cell: dict[tuple[Any, ...], dict[str, float]],
) -> tuple[tuple[float, list[Any]], float | None]:
    """The quickest other's time over ``shm``'s, the least; ``shm``'s over pure spin's.

    The first comes with its cell and who the other is. The second is the most of the
    cells without work in which each process has a core of its own, or None if there
    are none.
    """
    cores = len(os.sched_getaffinity(0))
    over_shm, over_spin = [], []
    for cell, times in by_cell.items():
        work_us, _, _, workers = cell
        others = {name: times[name] for name in PROCESS_BASED if name in times}
        if workers < cores and "stock puffer" in others:
            spin = others.pop("stock puffer")
            if not work_us:
                over_spin.append(times["shm"] / spin)
        for name, took in others.items():
            over_shm.append((took / times["shm"], [*cell, name]))
    return min(over_shm), max(over_spin, default=None)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures that the project promises, from the rows of one run."""
    cores = len(os.sched_getaffinity(0))
    by_cell = times_by_cell(rows, "us_per_vector_step")
    told: dict[str, Any] = {}
    (told["ratio"], told["ratio_is_of"]), over_spin = ratios(by_cell)
    (told["ratio_of_medians"], _), _ = ratios(times_by_cell(rows, "median_us"))
    if over_spin is not None:
        told["shm_over_pure_spin"] = over_spin
    noop = by_cell.get((0, "64 floats", 2, 2))
    if noop:
        told["noop_shm_us"] = noop["shm"]
        told["noop_gym_over_shm"] = noop["gym"] / noop["shm"]
        if "stock puffer" in noop:
            told["noop_stock_puffer_over_puffer"] = (
                noop["stock puffer"] / noop["puffer"]
            )
    working = by_cell.get((250, "64 floats", 8, cores))
    if working:
        ideal = working["serial"] / cores
        told["working_shm_of_ideal"] = ideal / working["shm"]
        told["working_chunk_overhead"] = working["shm chunk 16"] / ideal - 1
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in told.items()
    }


def main() -> None:
    """Measure, write rows and the figure, print the ratio."""
    parser = argparse.ArgumentParser(description="What vectorising costs.")
    parser.add_argument("--quick", action="store_true", help="four cells only")
    parser.add_argument("--json", action="store_true", help="print just the ratios")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        file = None
        if not arguments.quick:
            OUT.mkdir(parents=True, exist_ok=True)
            path = OUT / "vector_overhead.jsonl"
            file = stack.enter_context(path.open("w"))
        for cell in cells(arguments.quick):
            names = contestants(cell, arguments.quick)
            for new in measure_cell(cell, names, ROUNDS[cell.work_us], 0.04):
                rows.append(new)
                if file is not None:
                    print(json.dumps(new), file=file, flush=True)
                if not arguments.json:
                    print(_line(new), flush=True)
    if not arguments.quick:
        from overhead_figure import draw

        draw(rows, OUT / "vector_overhead.png")
    print(json.dumps(summary(rows)))


def _line(each: dict[str, Any]) -> str:
    time_us = each["us_per_vector_step"]
    shown = each["error"] if time_us is None else f"{time_us:10.1f} us"
    return (
        f"{each['work_us']:4g} us work  {each['observation']:>14}  "
        f"{each['num_envs']:3} envs  {each['num_workers']:3} workers  "
        f"{each['backend']:>12}  {shown}"
    )


if __name__ == "__main__":
    sys.exit(main())
