"""How fast RLBench's own tasks run on MuJoCo, and on CoppeliaSim where that is.

    uv run --no-sync python benchmarks/rlbench_engines.py [--quick] [--json] [--profile]

Per engine, one process: control steps per second of ``reach_target`` and
``open_drawer``, low-dimensional, with one and with five 128x128 cameras, without
resets, actions ``joint_velocity`` and an open gripper: RLBench runs the simulation on
until a gripper that closes or opens is done, which takes 4 to 17 steps more. Then
``reach_target`` in 1 to as many workers as there are cores, and its ``scaling``: the
rate over that of as many single processes. Last, with resets, two sub-envs to a core:
all in step, and half of them returned as soon as they are ready (surplus batching).

Engine ``mujoco`` runs where RLBench is (``rlbench-puffer setup rlbench``),
``coppeliasim`` where COPPELIASIM_ROOT is set. Rows, failed ones among them, go to
``results/rlbench_engines.jsonl``. ``ratio`` is the least of the rates of one process on
MuJoCo over those asked for: 2,500 and 1,500 low-dimensional, of ``open_drawer`` 300
with one camera and 80 with five. ``--profile`` shows where the time of a step goes.
"""

import argparse
import cProfile
import dataclasses
import importlib.util
import json
import os
import pstats
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer import make
from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.machine import available_cores
from rlbench_puffer.benchmark.measure import make_measured_vec
from rlbench_puffer.benchmark.one_cell import measure_cell
from rlbench_puffer.benchmark.plan import make_cell
from rlbench_puffer.benchmark.records import row_to_json
from rlbench_puffer.setup.sources import sources_folder

OUT = Path(__file__).parents[1] / "results" / "rlbench_engines.jsonl"
NAMES = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
CAMERAS: dict[str, tuple[str, ...]] = {
    "low-dim": (),
    "one camera": NAMES[-1:],
    "five cameras": NAMES,
}
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

NO_RESETS = 10**6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One cell of the tables."""

    table: str
    engine: str
    task: str
    observing: str = "low-dim"
    num_envs: int = 1
    batch_size: int | None = None
    resets: bool = False

    def cell(self, seconds: float) -> Cell:
        """What the package's own meter measures."""
        return make_cell(
            self.task,
            engine=self.engine,
            backend="shm",
            num_envs=self.num_envs,
            num_workers=None,
            batch_size=self.batch_size,
            chunk_len=1,
            seconds=seconds,
            seed=0,
            cameras=CAMERAS[self.observing],
            camera_size=(128, 128),
            # An episode's end resets, which may take longer than the episode did.
            max_steps=None if self.resets else NO_RESETS,
        )


class OpenGripper:
    """A vector environment whose grippers stay open, whatever is sent."""

    def __init__(self, vec: Any) -> None:
        self._vec = vec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vec, name)

    def send(self, actions: np.ndarray) -> None:
        """Send them with the last number of each at its most."""
        opened = actions.copy()
        opened[:, -1] = 1.0
        self._vec.send(opened)


def measure_here(case: Case, *, seconds: float, repeats: int) -> str:
    """One row as JSON, measured by this process."""

    def make_open(cell: Cell) -> Any:
        return OpenGripper(make_measured_vec(cell, episode_length=steps))

    steps = None if case.resets else NO_RESETS
    row = measure_cell(case.cell(seconds), repeats, make_open, max_steps=steps)
    return row_to_json(row)


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
                table="resets",
                engine=engine,
                task="open_drawer",
                num_envs=2 * cores,
                batch_size=batch,
                resets=True,
            )
            for batch in (None, cores)
        ),
    ]


def measure(case: Case, *, seconds: float, repeats: int) -> dict[str, Any]:
    """One row, from a process of its own; a failure is one, too."""
    asked = {**dataclasses.asdict(case), "seconds": seconds, "repeats": repeats}
    command = [sys.executable, __file__, "--case", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = {"table": case.table, "observing": case.observing, "resets": case.resets}
    if done.returncode:
        return {**asked, **told, "steps_per_second": None, "error": done.stderr.strip()}
    return {**json.loads(done.stdout.splitlines()[-1]), **told}


def add_scaling(rows: list[dict[str, Any]]) -> None:
    """Tell each row of several workers what it is of as many single processes."""
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
    batch = f", {row['batch_size']} at once" if row["resets"] else ""
    words = f"{row['engine']}, {row['task']}, {row['observing']}"
    words += f", {row['num_envs']} sub-envs{batch}: "
    if row["error"]:
        return words + row["error"].splitlines()[-1]
    words += f"{row['steps_per_second']:,.0f} steps/s"
    known = COPPELIASIM.get((row["task"], row["observing"]))
    if row["table"] == "one process" and row["engine"] == "mujoco" and known:
        words += (
            f", {row['steps_per_second'] / known:.1f} times CoppeliaSim's {known:g}"
        )
    if "scaling" in row:
        words += f", {row['scaling']:.2f} of as many single processes"
    return words


def profile(steps: int) -> None:
    """Show the functions that a step of ``open_drawer`` spends its time in."""
    env = make("open_drawer", engine="mujoco", episode_length=NO_RESETS)
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    space = env.action_space
    actions = rng.uniform(space.low, space.high, (steps, *space.shape))
    actions[:, -1] = 1.0
    profiler = cProfile.Profile()
    for action in actions.astype(np.float32):
        profiler.enable()
        env.step(action)
        profiler.disable()
    env.close()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Measure every case; write a row each."""
    parser = argparse.ArgumentParser(description="RLBench's own tasks, steps a second.")
    parser.add_argument("--quick", action="store_true", help="one short case")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
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
        profile(200 if options.quick else 2000)
        return
    rows: list[dict[str, Any]] = []
    for engine in found:
        for case in cases(engine, quick=options.quick):
            seconds, repeats = (0.5, 1) if options.quick else (5.0, 5)
            rows.append(measure(case, seconds=seconds, repeats=repeats))
            add_scaling(rows)
            if not options.json:
                print(describe(rows[-1]), flush=True)
    if not options.quick:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("".join(json.dumps(row) + "\n" for row in rows))
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
