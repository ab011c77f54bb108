"""Do two ranks learn what one learns: the same training, with equal totals, by both.

    uv run --extra train python benchmarks/ddp_curves.py [--quick] [--json]
        [--task reach_target] [--seeds 0 1 2] [--ranks 1 2]

Each run is `torchrun --standalone --nproc-per-node=RANKS -m rlbench_puffer train --task
TASK --seed SEED --num-envs-total 64 --eval-interval 10`: as many sub-envs, steps,
minibatches and evaluated episodes whatever the number of ranks. A row is one run: its
evaluations, each as env steps, share of 64 fixed episodes that succeeded and mean
return, and `mean_success`, the mean over them, which is the area under the curve. Rows
go to results/training/ddp_curves.jsonl, a figure beside them is drawn from rows alone.

The last line holds `ratio`, the mean of `mean_success` over the runs of most ranks over
that of one; `difference` between the two; and `noise`, two standard errors of that
difference from the spread between seeds. Within noise is a difference below it.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rlbench_puffer.benchmark.machine import describe_host, find_commit
from rlbench_puffer.training.logs import read_curve

OUT = Path(__file__).parents[1] / "results" / "training"
NUM_ENVS = 64
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def measure_run(
    task: str, seed: int, ranks: int, updates: int | None
) -> dict[str, Any]:
    """Train once; the row of the run."""
    command = [
        *("--standalone", f"--nproc-per-node={ranks}", "-m", "rlbench_puffer", "train"),
        *("--task", task, "--seed", str(seed), "--num-envs-total", str(NUM_ENVS)),
        *("--eval-interval", "10"),
        *(() if updates is None else ("--train-updates", str(updates))),
    ]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "torch.distributed.run", *command),
                *("--output-dir", folder),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"torchrun {' '.join(command)} failed:\n{done.stderr}")
        records = read_curve(Path(folder))
    curve = [
        [r["env_steps"], r["eval_success_once"], r["eval_return"]]
        for r in records
        if "eval_success_once" in r
    ]
    return {
        "host": describe_host(),
        "commit": find_commit(),
        "command": f"torchrun {' '.join(command)}",
        "task": task,
        "seed": seed,
        "ranks": ranks,
        "num_envs_total": NUM_ENVS,
        "env_steps": records[-1]["env_steps"],
        "seconds": records[-1]["seconds"],
        "success": curve[-1][1],
        "mean_success": statistics.fmean(point[1] for point in curve),
        "curve": curve,
    }


def compare(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Most ranks against one; what cannot be told from so few runs is None."""
    counts = sorted({row["ranks"] for row in rows})
    areas = {
        ranks: [row["mean_success"] for row in rows if row["ranks"] == ranks]
        for ranks in counts
    }
    one, most = areas[counts[0]], areas[counts[-1]]
    middle, other = statistics.fmean(one), statistics.fmean(most)
    noise = None
    if min(len(one), len(most)) > 1:
        squares = (statistics.variance(runs) / len(runs) for runs in (one, most))
        noise = 2 * math.sqrt(sum(squares))
    return {
        "ratio": other / middle if middle else None,
        "difference": other - middle,
        "noise": noise,
        "ranks": [counts[0], counts[-1]],
        "rows": len(rows),
    }


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Success against env steps: the mean of the seeds, and all of them as a band."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    counts = sorted({row["ranks"] for row in rows})
    for ranks, color in zip(counts, COLORS, strict=False):
        runs = [row["curve"] for row in rows if row["ranks"] == ranks]
        points = list(zip(*runs, strict=False))
        steps = [statistics.fmean(p[0] for p in each) / 1e3 for each in points]
        success = [[p[1] for p in each] for each in points]
        label = f"{ranks} rank{'s' if ranks > 1 else ''}, {len(runs)} seeds"
        means = [statistics.fmean(each) for each in success]
        axes.plot(steps, means, color=color, label=label)
        low, high = [min(each) for each in success], [max(each) for each in success]
        axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    axes.set_xlabel("env steps of all ranks together [thousands]")
    axes.set_ylabel("success in 64 fixed episodes")
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    host, commit = rows[0]["host"], rows[0]["commit"]
    axes.set_title(
        f"PPO on {rows[0]['task']}, {NUM_ENVS} sub-envs in all: mean, range of seeds\n"
        f"{host['cores']} cores, {host['cpu']}, commit {commit}",
        fontsize=10,
    )
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train with every seed on every number of ranks; a row each when it is done."""
    parser = argparse.ArgumentParser(description="Learning curves of ranks.")
    parser.add_argument("--quick", action="store_true", help="one seed, 20 updates")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--task", default="reach_target")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--ranks", nargs="+", type=int, default=[1, 2])
    options = parser.parse_args()
    seeds = options.seeds[:1] if options.quick else options.seeds
    rows: list[dict[str, Any]] = []
    # In turn, so that whatever else the machine does meets all alike.
    for seed in seeds:
        for ranks in options.ranks:
            row = measure_run(options.task, seed, ranks, 20 if options.quick else None)
            rows.append(row)
            if not options.quick:
                OUT.mkdir(parents=True, exist_ok=True)
                lines = "".join(json.dumps(each) + "\n" for each in rows)
                (OUT / "ddp_curves.jsonl").write_text(lines)
                draw(rows, OUT / "ddp_curves.png")
            if not options.json:
                print(
                    f"seed {seed}, {ranks} ranks: success {row['success']:.2f} after "
                    f"{row['env_steps']:,} steps, {row['mean_success']:.3f} on mean, "
                    f"{row['seconds']:.0f} s",
                    flush=True,
                )
    print(json.dumps(compare(rows)))


if __name__ == "__main__":
    main()
