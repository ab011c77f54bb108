"""What trials showed, beside what CoppeliaSim was seen to do with the same tasks."""

import dataclasses
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from rlbench_puffer.errors import RecordsError
from rlbench_puffer.trials.rows import TaskTrial

HEADINGS = (
    "task",
    "walks",
    "reset [s]",
    "worst",
    "steps/s",
    "demos",
    "CoppeliaSim",
    "what went wrong first",
)

REFERENCE_FILE = "demos_coppeliasim.json"
"""Name of the recordings' file in a folder of trials."""

Reference = dict[str, tuple[int, int]]
"""By task: demos that succeeded on CoppeliaSim, and how many were tried."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Totals:
    """The trials in a few numbers."""

    tasks: int
    walks: int
    good_walks: int
    demo_tasks: int
    """Tasks of which at least one demo succeeded."""

    shared_tasks: int
    """Tasks that CoppeliaSim was recorded with as well."""

    shared_successes: int
    """Demos of those that succeeded."""

    shared_attempts: int
    """Demos of those that were tried."""

    reference_tasks: int
    """Of those tasks, the ones that CoppeliaSim did at least once."""

    lost_tasks: tuple[str, ...]
    """Tasks that CoppeliaSim did, and these trials did not."""

    def sentences(self) -> list[str]:
        """For people."""
        told = [
            f"{self.good_walks} of {self.walks} resets with random steps after them "
            f"showed no problem ({_share(self.good_walks, self.walks)}).",
            f"{self.demo_tasks} of {self.tasks} tasks reached success at least once.",
        ]
        if self.shared_tasks:
            told.append(
                f"Of the {self.shared_tasks} tasks that CoppeliaSim was recorded with, "
                f"it does {self.reference_tasks}; here {self.shared_successes} of "
                f"{self.shared_attempts} single attempts succeeded "
                f"({_share(self.shared_successes, self.shared_attempts)})."
            )
        if self.lost_tasks:
            told.append(
                f"CoppeliaSim does, and here not: {', '.join(self.lost_tasks)}."
            )
        return told


def read_reference(path: Path) -> Reference:
    """CoppeliaSim's demos; nothing where there is no file.

    Raises:
      RecordsError: the file holds something else.
    """
    if not path.exists():
        return {}
    try:
        tasks = json.loads(path.read_text())["tasks"]
        # Of a task that took too long, nothing was recorded.
        recorded = {
            name: [bool(done) for done in told["succeeded"]]
            for name, told in tasks.items()
            if "succeeded" in told
        }
    except (ValueError, KeyError, TypeError) as error:
        raise RecordsError(f"{path} holds no recorded demos: {error!r}.") from error
    return {name: (sum(done), len(done)) for name, done in recorded.items()}


def totals(trials: Sequence[TaskTrial], reference: Reference) -> Totals:
    """Count."""
    shared = [trial for trial in trials if trial.task in reference and trial.demos]
    done_there = [trial for trial in shared if reference[trial.task][0]]
    return Totals(
        tasks=len(trials),
        walks=sum(trial.seeds for trial in trials),
        good_walks=sum(trial.good_walks for trial in trials),
        demo_tasks=sum(trial.successes > 0 for trial in trials),
        shared_tasks=len(shared),
        shared_successes=sum(trial.successes for trial in shared),
        shared_attempts=sum(trial.demos for trial in shared),
        reference_tasks=len(done_there),
        lost_tasks=tuple(trial.task for trial in done_there if not trial.successes),
    )


def cells(trial: TaskTrial, reference: Reference) -> tuple[str, ...]:
    """A trial's row under :data:`HEADINGS`."""
    resets = [walk.reset_seconds for walk in trial.walks]
    rates = [walk.steps_per_second for walk in trial.walks if walk.steps_per_second]
    there = reference.get(trial.task)
    first_line = (trial.problem or "").splitlines()[:1]
    return (
        trial.task,
        f"{trial.good_walks}/{trial.seeds}",
        f"{statistics.median(resets):.2f}" if resets else "-",
        f"{max(resets):.2f}" if resets else "-",
        f"{statistics.median(rates):.0f}" if rates else "-",
        f"{trial.successes}/{trial.demos}",
        f"{there[0]}/{there[1]}" if there else "-",
        "".join(first_line),
    )


def write_markdown(
    path: Path, trials: Sequence[TaskTrial], reference: Reference
) -> None:
    """The table as a page, whole or not at all."""
    lines = [f"# RLBench's own tasks on engine {trials[0].engine}", ""]
    lines += [f"- {text}" for text in totals(trials, reference).sentences()]
    lines += [
        "",
        "walks: resets without a problem, each with 50 random joint velocities after "
        "it; demos: scripted demos, one attempt for each seed; CoppeliaSim: the same "
        "there. Times are of the machine named in the rows beside this page, and mean "
        "little if it had other things to do.",
        "",
    ]
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    rows += [cells(trial, reference) for trial in trials]
    lines += [f"| {' | '.join(_escaped(row))} |" for row in rows]
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    part.replace(path)


def _escaped(row: Sequence[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in row]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
