"""Does `rlbench-puffer train` learn: three seeds of each task, curves and a figure.

    uv run --extra train python benchmarks/training_curves.py [--quick] [--json]
        [--tasks reach_target ...] [--seeds 0 1 2] [--pictures] [--untimed]

Each run is `rlbench-puffer train --task TASK --seed SEED` with its defaults (backend
`native`, shaped reward), but evaluated every 10 updates. A row is one run: the goal,
the env steps and seconds (of collecting and learning; evaluations left out) until the
first evaluation that reached it and at the end, and the evaluations themselves, each
as env steps, seconds and share of 64 fixed episodes that succeeded. Rows go to
results/training/curves.jsonl, where they replace the row of the same task and seed; the
figure beside them is drawn from the rows alone. The ratio printed is the least success
at the end over the runs.

With `--pictures` the policy looks at push_button through one camera of 84 x 84 pixels
and knows nothing of the button but what it sees; rows go to picture_curves.jsonl. With
`--untimed` rows have no seconds: for machines that have other work.
"""

import argparse
import io
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rlbench_puffer.benchmark.machine import describe_host, find_commit
from rlbench_puffer.training.logs import read_curve
from rlbench_puffer.training.settings import TrainSettings
from rlbench_puffer.training.trainer import Trainer

GOALS = {"reach_target": (0.9, 10), "push_button": (0.8, 30), "open_drawer": (0.8, 30)}
"""Success asked for, and the minutes it may take on two cores."""

PICTURES: dict[str, Any] = {
    "cameras": ("front",),
    "observations": ("joint_positions", "joint_velocities", "gripper_pose"),
    "episode_length": 60,
    "updates": 45,
    "epochs": 4,
    "minibatch_size": 512,
    "eval_interval": 5,
}
"""What a run from pictures is made of. The arm's own state is among the numbers, the
button's is not."""

PICTURES_OPTIONS = (
    "--cameras front --observations joint_positions joint_velocities gripper_pose "
    "--max-steps 60 --train-updates 45 --epochs 4 --minibatch-size 512 "
    "--eval-interval 5"
)

ORDER = {task: place for place, task in enumerate(GOALS)}

OUT = Path(__file__).parents[1] / "results" / "training"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def settings_of(
    task: str, seed: int, pictures: bool, updates: int | None
) -> TrainSettings:
    """What a run is made from; its own number of updates, or so many."""
    chosen: dict[str, Any] = {"eval_interval": 10}
    if pictures:
        chosen = dict(PICTURES)
    if updates is not None:
        chosen["updates"] = updates
    return TrainSettings(task=task, seed=seed, **chosen)


def measure_run(settings: TrainSettings) -> dict[str, Any]:
    """Train once; the row of the run."""
    with tempfile.TemporaryDirectory() as folder:
        with Trainer(settings, Path(folder), out=io.StringIO()) as trainer:
            trainer.run()
        return row_of(settings, read_curve(Path(folder)))


def row_of(settings: TrainSettings, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a run, from what it told of its updates."""
    goal, _ = GOALS[settings.task]
    options = PICTURES_OPTIONS if settings.cameras else "--eval-interval 10"
    curve = [
        [r["env_steps"], r["seconds"], r["eval_success_once"]]
        for r in records
        if "eval_success_once" in r
    ]
    reached = next((point for point in curve if point[2] >= goal), None)
    return {
        "host": describe_host(),
        "commit": find_commit(),
        "command": f"rlbench-puffer train --task {settings.task} "
        f"--seed {settings.seed} {options}",
        "task": settings.task,
        "seed": settings.seed,
        "settings": settings.as_dict(),
        "goal": goal,
        "goal_env_steps": reached and reached[0],
        "goal_seconds": reached and reached[1],
        "env_steps": records[-1]["env_steps"],
        "seconds": records[-1]["seconds"],
        "success": curve[-1][2],
        "curve": curve,
    }


def untimed(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its seconds."""
    curve = [[steps, None, success] for steps, _, success in row["curve"]]
    return {**row, "goal_seconds": None, "seconds": None, "curve": curve}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Success against env steps: the middle seed as a line, all seeds as a band."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    tasks = dict.fromkeys(row["task"] for row in rows)
    for task, color in zip(tasks, COLORS, strict=False):
        runs = [row["curve"] for row in rows if row["task"] == task]
        points = list(zip(*runs, strict=False))
        steps = [statistics.mean(p[0] for p in each) / 1e3 for each in points]
        success = [sorted(p[2] for p in each) for each in points]
        middle = [statistics.median(each) for each in success]
        seeds = f"{len(runs)} seed{'s' * (len(runs) > 1)}"
        axes.plot(steps, middle, color=color, label=f"{task}, {seeds}")
        low, high = [s[0] for s in success], [s[-1] for s in success]
        axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    axes.set_xlabel("env steps [thousands]")
    axes.set_ylabel("success in 64 fixed episodes")
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    host = rows[0]["host"]
    commits = " and ".join(sorted({row["commit"] for row in rows}))
    eyes = ", ".join(rows[0]["settings"].get("cameras", ()))
    seen = f", camera {eyes} of 84 x 84 pixels" if eyes else ""
    axes.set_title(
        f"PPO, backend native, shaped reward{seen}: middle seed and range of all\n"
        f"{host['cores']} cores, {host['cpu']}, commit {commits}",
        fontsize=10,
    )
    figure.savefig(path, dpi=100)


def keep(row: dict[str, Any]) -> None:
    """Put a run's row in the place of the one before it; draw all anew."""
    OUT.mkdir(parents=True, exist_ok=True)
    name = "picture_curves" if row["settings"].get("cameras") else "curves"
    path = OUT / f"{name}.jsonl"
    known = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    runs = {(each["task"], each["seed"]): each for each in known}
    runs[row["task"], row["seed"]] = row
    rows = [runs[key] for key in sorted(runs, key=lambda key: (ORDER[key[0]], key[1]))]
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    draw(rows, OUT / f"{name}.png")


def main() -> None:
    """Train every task with every seed; a row each as soon as it is done."""
    parser = argparse.ArgumentParser(description="Learning curves.")
    parser.add_argument("--quick", action="store_true", help="one task, 10 updates")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--tasks", nargs="+", choices=GOALS, default=list(GOALS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--pictures", action="store_true", help="through a camera")
    parser.add_argument("--untimed", action="store_true", help="rows without seconds")
    options = parser.parse_args()
    tasks = options.tasks[:1] if options.quick else options.tasks
    if options.pictures:
        tasks = ["push_button"]
    seeds = options.seeds[:1] if options.quick else options.seeds
    rows: list[dict[str, Any]] = []
    for task in tasks:
        for seed in seeds:
            updates = 10 if options.quick else None
            settings = settings_of(task, seed, options.pictures, updates)
            row = measure_run(settings)
            if options.untimed:
                row = untimed(row)
            rows.append(row)
            if not options.quick:
                keep(row)
            if not options.json:
                print(
                    f"{task}, seed {seed}: success {row['success']:.2f} after "
                    f"{row['env_steps']:,} steps, {row['seconds']} s; "
                    f"{row['goal']} after {row['goal_env_steps']} steps, "
                    f"{row['goal_seconds']} s"
                )
    least = min(row["success"] for row in rows)
    print(json.dumps({"ratio": least, "rows": len(rows)}))


if __name__ == "__main__":
    main()
