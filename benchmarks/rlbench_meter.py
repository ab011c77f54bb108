"""What one process of ``rlbench_engines.py`` measures: a rate, resets, or a profile."""

import cProfile
import dataclasses
import json
import pstats
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer import make
from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.machine import describe_host, package_versions
from rlbench_puffer.benchmark.measure import make_measured_vec
from rlbench_puffer.benchmark.one_cell import measure_cell
from rlbench_puffer.benchmark.plan import make_cell
from rlbench_puffer.benchmark.records import row_to_json
from rlbench_puffer.envs.env import RLBenchEnv

NAMES = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
CAMERAS: dict[str, tuple[str, ...]] = {
    "low-dim": (),
    "one camera": NAMES[-1:],
    "five cameras": NAMES,
}

NO_RESETS = 10**6
RESETS = 100
RESET_SECONDS = 12.0
"""No more are begun after so long, of tasks whose resets take seconds."""

PROFILED_STEPS = 1000

PARTS = (
    ("mujoco", "MuJoCo"),
    ("fcl", "collisions (fcl)"),
    ("pyrep_mujoco", "pyrep_mujoco"),
    ("rlbench_puffer", "rlbench_puffer"),
    ("/rlbench/", "RLBench"),
    ("/pyrep/", "PyRep"),
    ("numpy", "NumPy"),
)
"""What a profiled function's file or name holds, and whose time that is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One cell of the tables."""

    table: str
    engine: str
    task: str
    observing: str = "low-dim"
    num_envs: int = 1
    batch_size: int | None = None

    def cell(self, seconds: float) -> Cell:
        """What the package's own meter measures."""
        return make_cell(
            self.task,
            engine=self.engine,
            # One process is one: no pool's second one and its exchange.
            backend="serial" if self.table == "one process" else "shm",
            num_envs=self.num_envs,
            num_workers=None,
            batch_size=self.batch_size,
            chunk_len=1,
            seconds=seconds,
            seed=0,
            cameras=CAMERAS[self.observing],
            camera_size=(128, 128),
            # An episode's end resets, which may take longer than the episode did.
            max_steps=None if self.table == "batching" else NO_RESETS,
        )


class OpenGripper:
    """A vector environment whose grippers stay open, whatever is sent."""

    def __init__(self, vec: Any) -> None:
        self._vec = vec
        # Looked up in every step: a look-up of its own is not to be measured.
        self._send, self.recv = vec.send, vec.recv

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vec, name)

    def send(self, actions: np.ndarray) -> None:
        """Send them with the last number of each at its most."""
        opened = actions.copy()
        opened[:, -1] = 1.0
        self._send(opened)


def measure_here(case: Case, *, seconds: float, repeats: int) -> str:
    """One row as JSON, measured by this process."""
    if case.table == "resets":
        return json.dumps(_facts() | _resets(case))
    if case.table == "profile":
        return json.dumps(_facts() | _profile(case))
    steps = None if case.table == "batching" else NO_RESETS

    def make_open(cell: Cell) -> Any:
        return OpenGripper(make_measured_vec(cell, episode_length=steps))

    row = measure_cell(case.cell(seconds), repeats, make_open, max_steps=steps)
    return row_to_json(row)


def profiler_of(task: str, engine: str, steps: int) -> cProfile.Profile:
    """Random steps with an open gripper, profiled."""
    env, actions = _env(task, engine), []
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
    return profiler


def _env(task: str, engine: str) -> RLBenchEnv:
    options: dict[str, Any] = {"engine": engine, "episode_length": NO_RESETS}
    env = make(task, **options)
    env.reset(seed=0)
    return env


def _facts() -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "host": describe_host(),
        "versions": package_versions(),
        "error": None,
    }


def _resets(case: Case) -> dict[str, Any]:
    """How long resets take, the first left out: it loads what later ones have."""
    env = _env(case.task, case.engine)
    taken: list[float] = []
    while len(taken) < RESETS and sum(taken) < RESET_SECONDS:
        start = time.perf_counter()
        env.reset(seed=len(taken) + 1)
        taken.append(time.perf_counter() - start)
    env.close()
    median, late = np.percentile(taken, (50, 95))
    return {
        "resets_measured": len(taken),
        "reset_ms": {
            "p50": round(1000 * float(median), 2),
            "p95": round(1000 * float(late), 2),
            "max": round(1000 * max(taken), 2),
        },
    }


def _profile(case: Case) -> dict[str, Any]:
    """Shares of a step's time by whose functions they are, as cProfile sees them."""
    stats = pstats.Stats(profiler_of(case.task, case.engine, PROFILED_STEPS))
    spent: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for (file, _, name), entry in stats.stats.items():  # pyright: ignore[reportAttributeAccessIssue]
        own = entry[2]
        spent[_whose(f"{file} {name}")] += own
        functions[f"{Path(file).name} {name}"] += own
    total = sum(spent.values())
    return {
        "parts": {part: round(s / total, 4) for part, s in spent.most_common()},
        "functions": {
            name: round(s / total, 4) for name, s in functions.most_common(20)
        },
    }


def _whose(text: str) -> str:
    # Those of ours lie in the file of the caller, those in C have a name alone.
    if "pyrep_mujoco" in text:
        return "pyrep_mujoco"
    return next((part for word, part in PARTS if word in text), "Python itself")
