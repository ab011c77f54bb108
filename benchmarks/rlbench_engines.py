"""How fast RLBench's own tasks run on MuJoCo, and on CoppeliaSim where that is.

    uv run --no-sync python benchmarks/rlbench_engines.py [--quick] [--json] [--profile]

Per engine, each case in a process of its own:

- one process, which steps the task itself and not through a pool: control steps per
  second of ``reach_target`` and ``open_drawer``, low-dimensional, with one and with
  five 128x128 cameras, without resets, actions ``joint_velocity`` and an open gripper:
  RLBench runs the simulation on until a gripper that closes or opens is done, which
  takes 4 to 17 steps more;
- workers of the backend ``shm``: ``reach_target`` in 1 to as many as there are cores,
  and its ``scaling``: the rate over that of as many times one worker;
- batching: with resets, two sub-envs to a core: all in step, and half of them returned
  as soon as they are ready (surplus batching);
- resets: of two tasks, and of those that took longest; median, p95 and most;
- profile: whose functions the time of a step goes to, as cProfile sees it.

Engine ``mujoco`` runs where RLBench is (``rlbench-puffer setup rlbench``),
``coppeliasim`` where COPPELIASIM_ROOT is set. Rows, failed ones among them, go to
``results/rlbench_engines.jsonl``, and a figure beside them. A run that was interrupted
leaves ``rlbench_engines.jsonl.part``: the same command goes on there at the same
commit, and ``--fresh`` begins anew. It takes 7 minutes on 2 cores for one engine.

``ratio`` is the least of the rates of one process on MuJoCo over those asked for: 2,500
and 1,500 low-dimensional, of ``open_drawer`` 300 with one camera and 80 with five.
``--profile`` shows the functions that a step of ``open_drawer`` spends its time in.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import pstats
import subprocess
import sys
from pathlib import Path
from typing import Any

from rlbench_figure import draw
from rlbench_meter import CAMERAS, Case, measure_here, profiler_of

from rlbench_puffer.benchmark.machine import available_cores, find_commit
from rlbench_puffer.setup.sources import sources_folder

OUT = Path(__file__).parents[1] / "results" / "rlbench_engines.jsonl"
ASKED = {
    ("reach_target", "low-dim"): 2500.0,
    ("open_drawer", "low-dim"): 1500.0,
    ("open_drawer", "one camera"): 300.0,
    ("open_drawer", "five cameras"): 80.0,
}
COPPELIASIM = {
    ("reach_target", "low-dim"): 349.0,
    ("reach_target", "one camera"): 112.0,
    ("reach_target", "five cameras"): 30.0,
    ("open_drawer", "low-dim"): 245.0,
    ("open_drawer", "five cameras"): 34.0,
}
"""Steps per second of one process on CoppeliaSim 4.1, measured on a machine with 2
cores and software OpenGL."""

RESET_TASKS = (
    "reach_target",
    "open_drawer",
    "put_bottle_in_fridge",
    "put_item_in_drawer",
    "pour_from_cup_to_cup",
)
"""Two, and those three of all whose resets took longest in ``tasks --check``."""


def engines() -> list[str]:
    """Those that can run here."""
    sources = (sources_folder() / "rlbench").exists()
    has_rlbench = sources or importlib.util.find_spec("rlbench") is not None
    found = ["mujoco"] if has_rlbench else []
    return found + (["coppeliasim"] if os.environ.get("COPPELIASIM_ROOT") else [])


def cases(engine: str, *, quick: bool) -> list[Case]:
    """Everything that is measured of an engine."""
    cores = available_cores()
    if quick:
        return [Case(table="one process", engine=engine, task="reach_target")]
    return [
        *(
            Case(table="one process", engine=engine, task=task, observing=observing)
            for task in ("reach_target", "open_drawer")
            for observing in CAMERAS
        ),
        *(
            Case(
                table="workers",
                engine=engine,
                task="reach_target",
                observing=observing,
                num_envs=workers,
            )
            for observing in ("low-dim", "one camera")
            for workers in range(1, cores + 1)
        ),
        *(
            Case(
                table="batching",
                engine=engine,
                task="open_drawer",
                num_envs=2 * cores,
                batch_size=batch,
            )
            for batch in (None, cores)
        ),
        *(Case(table="resets", engine=engine, task=task) for task in RESET_TASKS),
        Case(table="profile", engine=engine, task="open_drawer"),
    ]


def measure(case: Case, *, seconds: float, repeats: int) -> dict[str, Any]:
    """One row, from a process of its own; a failure is one, too."""
    asked = {**dataclasses.asdict(case), "seconds": seconds, "repeats": repeats}
    command = [sys.executable, __file__, "--case", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = {
        "case": asked,
        "commit": find_commit(),
        "table": case.table,
        "observing": case.observing,
    }
    if done.returncode:
        return {**asked, **told, "steps_per_second": None, "error": done.stderr.strip()}
    return {**asked, **json.loads(done.stdout.splitlines()[-1]), **told}


def add_scaling(rows: list[dict[str, Any]]) -> None:
    """Tell each row of several workers what it is of as many times one worker."""
    workers = [row for row in rows if row["table"] == "workers" and not row["error"]]
    single = {
        (row["engine"], row["observing"]): row["steps_per_second"]
        for row in workers
        if row["num_envs"] == 1
    }
    for row in workers:
        alone = single.get((row["engine"], row["observing"]))
        if alone:
            rate = row["steps_per_second"] / (alone * row["num_envs"])
            row["scaling"] = round(rate, 3)


def describe(row: dict[str, Any]) -> str:
    """A row for people."""
    words = f"{row['engine']}, {row['task']}, {row['observing']}"
    if row["error"]:
        return f"{words}, {row['table']}: {row['error'].splitlines()[-1]}"
    if row["table"] == "resets":
        spent = ", ".join(f"{name} {ms:,.0f}" for name, ms in row["reset_ms"].items())
        return f"{words}, {row['resets_measured']} resets [ms]: {spent}"
    if row["table"] == "profile":
        parts = ", ".join(f"{n} {100 * s:.0f} %" for n, s in row["parts"].items())
        return f"{words}, a profiled step: {parts}"
    batch = f", {row['batch_size']} at once" if row["table"] == "batching" else ""
    words += f", {row['num_envs']} sub-envs{batch}: "
    words += f"{row['steps_per_second']:,.0f} steps/s"
    known = COPPELIASIM.get((row["task"], row["observing"]))
    if row["table"] == "one process" and row["engine"] == "mujoco" and known:
        words += (
            f", {row['steps_per_second'] / known:.1f} times CoppeliaSim's {known:g}"
        )
    if "scaling" in row:
        words += f", {row['scaling']:.2f} of as many times one worker"
    return words


def measured_before(part: Path) -> list[dict[str, Any]]:
    """Good rows of a run that was interrupted; a line cut short is left out."""
    rows: list[dict[str, Any]] = []
    for line in part.read_text().splitlines() if part.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    commit = find_commit()
    return [row for row in rows if row["commit"] == commit and not row["error"]]


def measure_all(
    wanted: list[Case], part: Path | None, *, seconds: float, repeats: int, told: bool
) -> list[dict[str, Any]]:
    """The rows of all cases, each kept in a file as soon as there is one."""
    rows = measured_before(part) if part is not None else []
    known = [row["case"] for row in rows]
    if part is not None:
        part.parent.mkdir(exist_ok=True)
        # Without those that are measured again.
        part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for case in wanted:
        asked = {**dataclasses.asdict(case), "seconds": seconds, "repeats": repeats}
        if asked in known:
            continue
        rows.append(measure(case, seconds=seconds, repeats=repeats))
        add_scaling(rows)
        if part is not None:
            with part.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
        if told:
            print(describe(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure every case; write a row each, and the figure."""
    parser = argparse.ArgumentParser(description="RLBench's own tasks, steps a second.")
    parser.add_argument("--quick", action="store_true", help="one short case")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one sample")
    parser.add_argument("--repeats", type=int, default=5, help="samples of a rate")
    parser.add_argument("--out", type=Path, default=OUT, help="where the rows go")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        seconds, repeats = options.case.pop("seconds"), options.case.pop("repeats")
        print(measure_here(Case(**options.case), seconds=seconds, repeats=repeats))
        return
    found = engines()
    if not found:
        raise SystemExit(
            "Neither RLBench nor CoppeliaSim is here. Run `rlbench-puffer setup "
            "rlbench` first."
        )
    if options.profile:
        profiler = profiler_of("open_drawer", found[0], 200 if options.quick else 2000)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        return
    out: Path = options.out
    part = None if options.quick else out.with_name(f"{out.name}.part")
    if options.fresh and part is not None:
        part.unlink(missing_ok=True)
    seconds, repeats = options.seconds, options.repeats
    rows = measure_all(
        [case for engine in found for case in cases(engine, quick=options.quick)],
        part,
        seconds=0.5 if options.quick else seconds,
        repeats=1 if options.quick else repeats,
        told=not options.json,
    )
    if part is not None:
        part.write_text("".join(json.dumps(row) + "\n" for row in rows))
        part.replace(out)
        if any(not row["error"] for row in rows):
            draw(rows, ASKED, COPPELIASIM, out.with_suffix(".png"))
    shares = [
        (row["steps_per_second"] or 0.0) / ASKED[row["task"], row["observing"]]
        for row in rows
        if row["table"] == "one process"
        and row["engine"] == "mujoco"
        and (row["task"], row["observing"]) in ASKED
    ]
    ratio = round(min(shares), 3) if shares else None
    print(json.dumps({"ratio": ratio, "rows": rows}))


if __name__ == "__main__":
    main()
