"""How often the scripted expert solves each task.

    uv run python benchmarks/tasks_check.py [--quick] [--json]

For each task and each class of variations: the part of 100 seeds in which the expert
succeeds within the task's episode length, acting in ``joint_velocity``; what
``rlbench-puffer tasks --check`` shows. ``ratio`` is the lowest of these rates over the
0.95 asked for.
"""

import argparse
import dataclasses
import datetime
import json
from pathlib import Path

from rlbench_puffer.benchmark.machine import (
    describe_host,
    find_commit,
    package_versions,
)
from rlbench_puffer.experts.check import ASKED_RATE, check_task
from rlbench_puffer.tasks.registry import TASK_NAMES

SEEDS, QUICK_SEEDS = 100, 5
OUT = Path(__file__).parents[1] / "results" / "tasks_check.jsonl"


def main() -> None:
    """Check every task; write a row for each class of variations."""
    parser = argparse.ArgumentParser(description="The experts' success rates.")
    parser.add_argument("--quick", action="store_true", help="5 seeds, no file")
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    made = {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "host": describe_host(),
        "commit": find_commit(),
        "versions": package_versions(),
    }
    rows = []
    for task in TASK_NAMES:
        for row in check_task(task, QUICK_SEEDS if options.quick else SEEDS):
            rows.append(made | dataclasses.asdict(row))
            if not options.json:
                print(
                    f"{row.task}, {row.variation}: {row.success_rate:.1%} of "
                    f"{row.seeds} seeds, {row.mean_steps} steps"
                )
    if not options.quick:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ratio = round(min(row["success_rate"] for row in rows) / ASKED_RATE, 3)
    print(json.dumps({"ratio": ratio, "rows": rows}))


if __name__ == "__main__":
    main()
