"""``rlbench-puffer tasks`` for the engines that run RLBench's own tasks."""

import dataclasses
import json as json_format
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlbench_puffer.benchmark.machine import available_cores
from rlbench_puffer.config import check_positive_int
from rlbench_puffer.engines.rlbench.task_names import (
    find_task_name,
    rlbench_folder,
    rlbench_task_names,
)
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.setup.sources import missing_models
from rlbench_puffer.trials.rows import TaskTrial, latest, read_trials
from rlbench_puffer.trials.run import FILE, TrialRequest, run_trials
from rlbench_puffer.trials.table import (
    HEADINGS,
    REFERENCE_FILE,
    Reference,
    cells,
    read_reference,
    totals,
    write_markdown,
)

if TYPE_CHECKING:
    from rich.console import Console


def list_simulated(tasks: Sequence[str], *, json: bool) -> int:
    """List RLBench's tasks, and whether each one's model is at hand."""
    from rich.console import Console
    from rich.table import Table

    lacking = set(missing_models(rlbench_folder()))
    names = [find_task_name(task).name for task in tasks] or list(rlbench_task_names())
    if json:
        rows = [{"task": name, "model": name not in lacking} for name in names]
        print(json_format.dumps(rows))
        return 0
    table = Table(title=f"RLBench's tasks in {rlbench_folder()}")
    table.add_column("task", no_wrap=True)
    table.add_column("model")
    for name in names:
        table.add_row(name, "[red]missing[/]" if name in lacking else "at hand")
    Console().print(table)
    return 0


def check_simulated(
    request: TrialRequest,
    tasks: Sequence[str],
    out: Path,
    *,
    num_workers: int | None,
    resume: bool,
    json: bool,
) -> int:
    """Try tasks; write rows and a table.

    Without names, those whose model is at hand.

    Raises:
      UnknownNameError: RLBench has no such task.
      InvalidOptionError: a number that does not fit.
    """
    from rich.console import Console

    check_positive_int("seeds", request.seeds)
    if request.demos < 0:
        raise InvalidOptionError("demos", request.demos, "a whole number of at least 0")
    if not request.timeout_s > 0:
        raise InvalidOptionError("timeout", request.timeout_s, "seconds above 0")
    if num_workers is not None:
        check_positive_int("num_workers", num_workers)
    lacking = set(missing_models(rlbench_folder()))
    at_hand = [name for name in rlbench_task_names() if name not in lacking]
    names = [find_task_name(task).name for task in tasks] or at_hand
    reference = read_reference(out / REFERENCE_FILE)
    console = Console(stderr=json)

    def told(trial: TaskTrial) -> None:
        row = zip(HEADINGS[1:-1], cells(trial, reference)[1:-1], strict=True)
        words = ", ".join(f"{heading} {cell}" for heading, cell in row)
        problem = f" - {trial.problem.splitlines()[0]}" if trial.problem else ""
        line = f"{trial.task}: {words}{problem}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    trials = run_trials(
        request,
        names,
        out,
        num_workers=num_workers or available_cores(),
        resume=resume,
        told=told,
    )
    kept = [
        trial for trial in read_trials(out / FILE) if trial.engine == request.engine
    ]
    write_markdown(out / f"{request.engine}.md", latest(kept), reference)
    if json:
        print(json_format.dumps([dataclasses.asdict(trial) for trial in trials]))
    else:
        show_trials(trials, reference, console)
    return int(any(trial.good_walks < trial.seeds for trial in trials))


def show_trials(
    trials: Sequence[TaskTrial], reference: Reference, console: "Console"
) -> None:
    """A table, what went wrong, and the trials in a few sentences."""
    from rich.table import Table

    trials = sorted(trials, key=lambda trial: trial.task)
    table = Table(title=f"RLBench's own tasks on engine {trials[0].engine}")
    table.add_column(HEADINGS[0], overflow="fold")
    for name in HEADINGS[1:-1]:
        table.add_column(name, justify="right")
    for trial in trials:
        table.add_row(*cells(trial, reference)[:-1])
    console.print(table)
    told = [f"{t.task}: {t.problem.splitlines()[0]}" for t in trials if t.problem]
    for text in [*told, *totals(trials, reference).sentences()]:
        console.print(text, highlight=False, markup=False, soft_wrap=True)
