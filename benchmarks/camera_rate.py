"""How many pictures a second one process draws.

    uv run python benchmarks/camera_rate.py [--quick] [--json]

Per size, kind and display: pictures per second of ``Engine.render`` on 8 sub-envs of
``open_drawer`` with the cameras ``front`` and ``wrist``, stepped in between so that
every picture is another one; the steps are not counted. Two rates are told: by the
clock, and by the seconds of processor time that were used, which is what one core of a
machine with nothing else to do gives. ``ratio`` is the latter for rgb at 84x84 on EGL
over the 700 pictures a second asked for.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import make_config
from rlbench_puffer.display.make import lease_display
from rlbench_puffer.envs.make import make_batch_env

NUM_ENVS = 8
ASKED_RATE = 700.0
OUT = Path(__file__).parents[1] / "results" / "camera_rate.jsonl"

CELLS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("egl", 84, ("rgb",)),
    ("egl", 84, ("rgb", "depth")),
    ("egl", 84, ("rgb", "depth", "mask", "point_cloud")),
    ("egl", 128, ("rgb",)),
    ("egl", 256, ("rgb",)),
    ("osmesa", 84, ("rgb",)),
    ("xvfb", 84, ("rgb",)),
)


def measure_cell(
    display: str, size: int, kinds: tuple[str, ...], *, repeats: int, steps: int
) -> dict[str, Any]:
    """One row: both rates of one cell, in this process."""
    chosen = {kind: kind in kinds for kind in ("rgb", "depth", "mask", "point_cloud")}
    camera = Camera(size=(size, size), **chosen)
    cameras = {"front": camera, "wrist": camera}
    config = make_config("open_drawer", display=display, cameras=cameras)
    env = make_batch_env(config, NUM_ENVS)
    env.reset(seed=list(range(NUM_ENVS)))
    rng = np.random.default_rng(0)
    everyone = np.arange(NUM_ENVS)
    pictures = steps * NUM_ENVS * len(cameras)
    wall_rates, cpu_rates = [], []
    for repeat in range(repeats + 1):
        wall = cpu = 0.0
        for _ in range(steps):
            actions = rng.uniform(-1, 1, (NUM_ENVS, 8))
            env.engine.step(everyone, actions)
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            env.engine.render(everyone, env.structured)
            wall += time.perf_counter() - wall_start
            cpu += time.process_time() - cpu_start
        if repeat:  # The first warms up.
            wall_rates.append(pictures / wall)
            cpu_rates.append(pictures / cpu)
    lease = lease_display("auto")
    found = lease.display.description
    lease.close()
    env.close()
    return {
        "task": "open_drawer",
        "display": display,
        "device": found,
        "cores": os.cpu_count(),
        "cameras": [f"{name}@{size}x{size}" for name in cameras],
        "kinds": list(kinds),
        "samples": [round(rate) for rate in wall_rates],
        "images_per_second": round(statistics.median(wall_rates)),
        "images_per_cpu_second": round(statistics.median(cpu_rates)),
    }


def main() -> None:
    """Measures every cell in a process of its own; writes a row each."""
    parser = argparse.ArgumentParser(description="Pictures per second.")
    parser.add_argument("--quick", action="store_true", help="one cell, two repeats")
    parser.add_argument("--json", action="store_true", help="only the last row")
    parser.add_argument("--cell", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    repeats, steps = (2, 10) if options.quick else (7, 40)
    if options.cell is not None:
        print(
            json.dumps(measure_cell(*CELLS[options.cell], repeats=repeats, steps=steps))
        )
        return
    rows = []
    for cell in range(1 if options.quick else len(CELLS)):
        command = [sys.executable, __file__, "--cell", str(cell)]
        command += ["--quick"] if options.quick else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        rows.append(row)
        if not options.json:
            print(
                f"{row['display']}, {row['cameras'][0]}, {' '.join(row['kinds'])}: "
                f"{row['images_per_second']}/s, "
                f"{row['images_per_cpu_second']} per second of one core"
            )
    if not options.quick:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ratio = round(rows[0]["images_per_cpu_second"] / ASKED_RATE, 3)
    print(json.dumps({"ratio": ratio, "rows": rows}))


if __name__ == "__main__":
    main()
