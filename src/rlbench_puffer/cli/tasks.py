"""``rlbench-puffer tasks``: what there is to do, and whether it can be done."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from rlbench_puffer.cli.simulated_tasks import check_simulated, list_simulated
from rlbench_puffer.trials.run import TrialRequest

if TYPE_CHECKING:
    from rlbench_puffer.experts.check import CheckRow

Flag = tyro.conf.FlagCreatePairsOff


def tasks(
    tasks: tuple[str, ...] = (),
    engine: Literal["builtin", "mujoco", "coppeliasim"] = "builtin",
    check: Annotated[bool, Flag] = False,
    seeds: int | None = None,
    arm_action_mode: str = "joint_velocity",
    demos: int = 3,
    num_workers: int | None = None,
    timeout: float = 300.0,
    out: Path = Path("results/rlbench_on_mujoco"),
    no_resume: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
) -> int:
    """List an engine's tasks, or let scripted experts try them.

    With the engines mujoco and coppeliasim, --check resets each of RLBench's tasks,
    takes 50 random steps and lets RLBench's own expert try, each task in a process of
    its own. Rows and a table go into a folder, and the same command goes on where it
    was interrupted.

    Args:
      tasks: Tasks to tell of; without it, all.
      engine: What simulates.
      check: Run the experts.
      seeds: With builtin, episodes of each task, or of each variation that is another
        motion (100); else resets of each task (5).
      arm_action_mode: With builtin, what the experts' actions mean.
      demos: With the other engines, demos of each task that are tried.
      num_workers: With the other engines, tasks at a time; as many as there are cores.
      timeout: With the other engines, seconds that a task may take.
      out: With the other engines, folder of rows and table.
      no_resume: Try again what the same code has tried already.
      json: Print a list of rows as JSON, as the only line.

    Returns:
      The exit code: 0, or 1 if an expert succeeds in less than 95 % of the seeds, or
      a task of RLBench's has a problem in its resets and steps.
    """
    if engine != "builtin":
        if not check:
            return list_simulated(tasks, json=json)
        return check_simulated(
            TrialRequest(
                engine=engine,
                seeds=5 if seeds is None else seeds,
                demos=demos,
                timeout_s=timeout,
            ),
            tasks,
            out,
            num_workers=num_workers,
            resume=not no_resume,
            json=json,
        )
    from rlbench_puffer.tasks.registry import TASK_NAMES, find_task

    chosen = tasks or TASK_NAMES
    for name in chosen:
        find_task(name)
    if check:
        return _check(
            chosen, 100 if seeds is None else seeds, arm_action_mode, json=json
        )
    rows = [
        {
            "task": name,
            "variations": task.variation_count,
            "episode_length": task.episode_length,
            "low_dim_size": task.low_dim_size,
            "low_dim_layout": task.low_dim_layout,
            "summary": task.summary,
        }
        for name in chosen
        for task in [find_task(name)]
    ]
    if json:
        print(json_format.dumps(rows))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Built-in tasks")
    table.add_column("task", no_wrap=True)
    for name in ("var.", "steps", "low-dim"):
        table.add_column(name, justify="right")
    table.add_column("what is to be done", overflow="fold")
    table.caption = (
        "var.: variations; steps: of an episode; low-dim: size of task_low_dim_state"
    )
    names = ("task", "variations", "episode_length", "low_dim_size", "summary")
    for row in rows:
        table.add_row(*(str(row[name]) for name in names))
    Console().print(table)
    return 0


def _check(
    tasks: tuple[str, ...], seeds: int, arm_action_mode: str, *, json: bool
) -> int:
    from rich.console import Console

    from rlbench_puffer.experts.check import ASKED_RATE, check_task

    console = Console(stderr=json)
    rows: list[CheckRow] = []
    for name in tasks:
        with console.status(f"The expert tries {name}"):
            rows += check_task(
                name,
                seeds,
                arm_action_mode,  # pyright: ignore[reportArgumentType]
            )
    if json:
        print(json_format.dumps([dataclasses.asdict(row) for row in rows]))
    else:
        _show(rows, console)
    return int(any(row.success_rate < ASKED_RATE for row in rows))


def _show(rows: "list[CheckRow]", console: object) -> None:
    from rich.console import Console
    from rich.table import Table

    from rlbench_puffer.experts.check import ASKED_RATE

    assert isinstance(console, Console)
    table = Table(title=f"Experts on {rows[0].seeds} seeds, {rows[0].arm_action_mode}")
    table.add_column("task", no_wrap=True)
    table.add_column("variation")
    for name in ("success", "steps", "most", "of"):
        table.add_column(name, justify="right")
    table.add_column("failed seeds", overflow="fold")
    for row in rows:
        color = "green" if row.success_rate >= ASKED_RATE else "red"
        table.add_row(
            row.task,
            row.variation,
            f"[{color}]{row.success_rate:.1%}[/]",
            "-" if row.mean_steps is None else f"{row.mean_steps:.0f}",
            "-" if row.most_steps is None else str(row.most_steps),
            str(row.episode_length),
            " ".join(map(str, row.failed_seeds)),
        )
    console.print(table)
