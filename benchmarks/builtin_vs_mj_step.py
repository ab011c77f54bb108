"""How near the builtin engine comes to bare physics, in one process.

    uv run python benchmarks/builtin_vs_mj_step.py [--quick] [--json]

Per task and thread count: env steps per second of 64 sub-envs in one process (actions
checked and scaled, observations written, rewards, episode ends and autoresets) over
those of a bare ``mj_step`` loop on the same models, ten physics steps each, on as many
threads. The two take turns within one run, so that drift of the machine's speed hits
both alike; in each turn the loop starts from the engine's states and replays its motor
targets. It never resets; autoreset steps of the engine are not counted. The ratio
printed is the least over the cells.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
from bare_physics import BareLoop
from ratio_rows import keep_and_tell

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.tasks.registry import TASK_NAMES

NUM_ENVS = 64
OUT = Path(__file__).parents[1] / "results" / "builtin_vs_mj_step.jsonl"


def measure_cell(task: str, num_threads: int, repeats: int, steps: int) -> dict:
    """One row: both rates, their ratio, and where the engine's time goes."""
    env = make_batch_env(make_config(task, num_threads=num_threads), NUM_ENVS)
    env.reset(seed=0)
    assert isinstance(env.engine, BuiltinEngine)
    ctrl_view = env.engine.scene.batch.bind("ctrl")
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (steps, NUM_ENVS, 8)).astype(np.float32)
    bare = BareLoop(env.engine, num_threads)
    ctrl = np.empty((steps, NUM_ENVS, ctrl_view.shape[1]))
    rates: dict[str, list[float]] = {"engine": [], "bare": []}
    for repeat in range(repeats + 1):
        bare.take_over()
        start = time.perf_counter()
        counted = 0
        over = np.zeros(NUM_ENVS, bool)
        for k in range(steps):
            _, _, terminals, truncations, _ = env.step(actions[k])
            counted += NUM_ENVS - int(over.sum())
            over = terminals | truncations
            ctrl[k] = ctrl_view
        engine_rate = counted / (time.perf_counter() - start)
        start = time.perf_counter()
        bare.run(ctrl)
        bare_rate = steps * NUM_ENVS / (time.perf_counter() - start)
        if repeat:  # The first warms both up.
            rates["engine"].append(engine_rate)
            rates["bare"].append(bare_rate)
    bare.close()
    env.close()
    ratios = [e / b for e, b in zip(rates["engine"], rates["bare"], strict=True)]
    return {
        "task": task,
        "num_envs": NUM_ENVS,
        "num_threads": num_threads,
        "engine_steps_per_second": round(statistics.median(rates["engine"])),
        "bare_steps_per_second": round(statistics.median(rates["bare"])),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 3),
    }


def main() -> None:
    """Measures every task on one thread and on all cores; appends a row each."""
    parser = argparse.ArgumentParser(description="Engine against bare mj_step.")
    parser.add_argument("--quick", action="store_true", help="one task, two repeats")
    parser.add_argument("--json", action="store_true", help="only the last row")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    tasks = TASK_NAMES[:1] if options.quick else TASK_NAMES
    threads = (1,) if options.quick else tuple(sorted({1, cores}))
    repeats, steps = (2, 20) if options.quick else (7, 60)
    rows = []
    for task in tasks:
        for num_threads in threads:
            row = measure_cell(task, num_threads, repeats, steps)
            rows.append(row)
            if not options.json:
                print(
                    f"{task}, {num_threads} threads: engine "
                    f"{row['engine_steps_per_second']}/s, bare mj_step "
                    f"{row['bare_steps_per_second']}/s, ratio {row['ratio']}"
                )
    keep_and_tell(rows, None if options.quick else OUT)


if __name__ == "__main__":
    main()
