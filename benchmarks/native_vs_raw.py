"""How near the ``native`` backend comes to bare physics on the same threads.

    uv run python benchmarks/native_vs_raw.py [--quick] [--json]

Per number of sub-envs: env steps per second of ``make_vec(..., backend="native")``
with low-dimensional observations (actions checked, rewards, episode ends, autoresets,
observations in the buffers, everything a trainer gets) over the number of threads times
the rate of a bare ``mj_step`` loop on one thread: same models, same states, same motor
targets, ten physics steps each. The two, and that loop on all threads at once
(``bare_threaded``), take turns of 20 control steps within one run; a sample is one
whole episode of every sub-env with its reset. Autoreset steps are not counted. Of
``native``, the calls of ``step`` are timed, and not what notes the targets to replay.

A row also says where the native time goes, as parts of it: ``physics`` (the call to
``mujoco.batch``), ``rules`` (controllers, success, reward), ``observe``, ``reset``,
``vector`` (checks and books), ``rest`` (not in any of them); and
``physics_ratio``, the ratio if there were nothing but that call.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from bare_physics import BareLoop
from ratio_rows import keep_and_tell

from rlbench_puffer.benchmark.machine import describe_host
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.vector.make import make_vec
from rlbench_puffer.vector.native import NativeVecEnv

TASK = "reach_target"
TURN = 20
OUT = Path(__file__).parents[1] / "results" / "native_vs_raw.jsonl"


class Physics:
    """Counts the seconds within ``mujoco.batch``'s ``step``."""

    def __init__(self, batch: Any) -> None:
        self.seconds = 0.0
        self._step = batch.step
        batch.step = self._timed

    def _timed(self, *args: Any, **kwargs: Any) -> None:
        start = time.perf_counter()
        self._step(*args, **kwargs)
        self.seconds += time.perf_counter() - start


def engine_of(vec: NativeVecEnv) -> BuiltinEngine:
    """The engine of the one batch."""
    (batch,) = vec._batches
    (engine,) = batch._runner.host.engines()
    assert isinstance(engine, BuiltinEngine)
    return engine


def measure_cell(num_envs: int, threads: int, samples: int) -> dict[str, Any]:
    """One row: both rates, their ratio, and where the native time goes."""
    vec = make_vec(TASK, num_envs, backend="native", num_workers=threads, seed=0)
    assert isinstance(vec, NativeVecEnv)
    vec.reset()
    engine = engine_of(vec)
    physics = Physics(engine.scene.batch)
    ctrl_view = engine.scene.batch.bind("ctrl")
    length = vec.layout.episode_length or TURN
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (length, num_envs, 8)).astype(np.float32)
    share = max(1, num_envs // threads)
    one_thread = BareLoop(engine, 1, share)
    all_threads = BareLoop(engine, threads)
    ctrl = np.empty((TURN, num_envs, ctrl_view.shape[1]))
    rates: dict[str, list[float]] = {"native": [], "bare": [], "threaded": []}
    spent: dict[str, float] = {}
    for sample in range(samples + 1):
        seconds = dict.fromkeys(rates, 0.0)
        counted, rounds = 0, 0
        before = phases(vec, physics)
        over = np.zeros(num_envs, bool)
        # One round more than an episode has steps: the sub-envs' own resets.
        while rounds <= length:
            turn = min(TURN, length + 1 - rounds)
            one_thread.take_over()
            all_threads.take_over()
            for k in range(turn):
                chosen = actions[rounds % length]
                start = time.perf_counter()
                _, _, terminals, truncations, _ = vec.step(chosen)
                seconds["native"] += time.perf_counter() - start
                # What only this benchmark needs: counts, and targets to replay.
                counted += num_envs - int(np.count_nonzero(over))
                np.logical_or(terminals, truncations, out=over)
                ctrl[k] = ctrl_view
                rounds += 1
            for name, loop in (("bare", one_thread), ("threaded", all_threads)):
                start = time.perf_counter()
                loop.run(ctrl[:turn])
                seconds[name] += time.perf_counter() - start
        if not sample:  # The first warms everything up.
            continue
        rates["native"].append(counted / seconds["native"])
        rates["bare"].append(rounds * share / seconds["bare"])
        rates["threaded"].append(rounds * num_envs / seconds["threaded"])
        spent["all"] = spent.get("all", 0.0) + seconds["native"]
        for name, value in phases(vec, physics).items():
            spent[name] = spent.get(name, 0.0) + value - before[name]
    one_thread.close()
    all_threads.close()
    vec.close()
    spent["rest"] = spent["all"] - sum(spent[name] for name in before)
    ratios = [
        native / (threads * bare)
        for native, bare in zip(rates["native"], rates["bare"], strict=True)
    ]
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratio = statistics.median(ratios)
    return {
        "host": describe_host(),
        "task": TASK,
        "num_envs": num_envs,
        "num_threads": threads,
        "native_steps_per_second": round(medians["native"]),
        "bare_steps_per_second_one_thread": round(medians["bare"]),
        "bare_threaded_steps_per_second": round(medians["threaded"]),
        "ratios": [round(each, 3) for each in ratios],
        "ratio": round(ratio, 3),
        "ratio_to_threaded": round(medians["native"] / medians["threaded"], 3),
        "physics_ratio": round(ratio * spent["all"] / spent["physics"], 3),
        "profile": {
            name: round(value / spent["all"], 4)
            for name, value in spent.items()
            if name != "all"
        },
    }


def phases(vec: NativeVecEnv, physics: Physics) -> dict[str, float]:
    """Seconds so far by part."""
    (worker,) = vec.timings()["workers"]
    return {
        "physics": physics.seconds,
        "rules": worker["sim"] - physics.seconds,
        "observe": worker["observe"],
        "reset": worker["reset"],
        "vector": worker["other"],
    }


def main() -> None:
    """Measures every number of sub-envs on all cores; writes a row each."""
    parser = argparse.ArgumentParser(description="Backend native against mj_step.")
    parser.add_argument("--quick", action="store_true", help="64 sub-envs, 2 samples")
    parser.add_argument("--json", action="store_true", help="only the last row")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    sizes = {64: 2} if options.quick else {64: 15, 256: 7, 1024: 5}
    rows = []
    for num_envs, samples in sizes.items():
        row = measure_cell(num_envs, threads, samples)
        rows.append(row)
        if not options.json:
            print(
                f"{num_envs} sub-envs, {threads} threads: native "
                f"{row['native_steps_per_second']}/s, bare mj_step {threads} x "
                f"{row['bare_steps_per_second_one_thread']}/s, ratio {row['ratio']}; "
                f"{row['profile']}"
            )
    keep_and_tell(rows, None if options.quick else OUT)


if __name__ == "__main__":
    main()
