"""What a trial of one of RLBench's tasks showed, as a line of a file."""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rlbench_puffer.errors import RecordsError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Walk:
    """One reset and random actions after it."""

    seed: int
    reset_seconds: float
    """What the reset took [s]."""

    steps: int = 0
    """Control steps that were taken."""

    steps_per_second: float | None = None
    """Of those."""

    problem: str | None = None
    """What was raised, was not finite or flew away; None: nothing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DemoAttempt:
    """One attempt of RLBench's scripted expert."""

    seed: int
    variation: int
    succeeded: bool
    """By the task's own rule."""

    steps: int = 0
    """Control steps of the demo; 0 if there is none."""

    seconds: float
    """What it took, with its reset [s]."""

    problem: str | None = None
    """Why there is no demo."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskTrial:
    """One task, tried."""

    task: str
    engine: str
    time: str
    """When, UTC, ISO 8601."""

    host: dict[str, Any]
    commit: str | None
    versions: dict[str, str]
    seeds: int
    """Resets that were asked for."""

    demos: int
    """Demos that were asked for."""

    walks: tuple[Walk, ...] = ()
    attempts: tuple[DemoAttempt, ...] = ()
    seconds: float = 0.0
    """What all took, with start and end of the simulator [s]."""

    error: str | None = None
    """Why it could not begin, or came to no end: raised, killed or too slow."""

    @property
    def work(self) -> tuple[Any, ...]:
        """Equal for trials of the same work by the same code."""
        return (self.task, self.engine, self.commit, self.seeds, self.demos)

    @property
    def good_walks(self) -> int:
        """Resets whose steps showed no problem."""
        return sum(walk.problem is None for walk in self.walks)

    @property
    def successes(self) -> int:
        """Demos that succeeded."""
        return sum(attempt.succeeded for attempt in self.attempts)

    @property
    def problem(self) -> str | None:
        """The first thing that went wrong."""
        told = [walk.problem for walk in self.walks]
        told += [attempt.problem for attempt in self.attempts]
        return next((text for text in (self.error, *told) if text), None)


def append_trial(path: Path, trial: TaskTrial) -> None:
    """Add a line, in one write, and see it safely on the disk.

    Raises:
      RecordsError: the file cannot be written, or holds only a part of the line.
    """
    line = json.dumps(dataclasses.asdict(trial)) + "\n"
    try:
        with path.open("ab") as file:
            # A line that a killed run left unfinished must not swallow this one.
            if file.tell() and not path.read_bytes().endswith(b"\n"):
                line = "\n" + line
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RecordsError(
            f"The row of {trial.task} could not be added to {path}: {error.strerror}. "
            "Make room and run the same command again: it goes on."
        ) from error


def read_trials(path: Path) -> list[TaskTrial]:
    """All trials of a file, in its order; none where there is no file.

    A line that a killed run left unfinished is left out.

    Raises:
      RecordsError: the file is no file of trials.
    """
    if not path.exists():
        return []
    trials: list[TaskTrial] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        try:
            trials.append(_trial(fields))
        except (TypeError, KeyError) as error:
            raise RecordsError(
                f"{path}, line {number} is no trial of a task: {error}. Give another "
                "folder with --out."
            ) from error
    return trials


def latest(trials: Iterable[TaskTrial]) -> list[TaskTrial]:
    """The last trial of each task, sorted by task."""
    by_task = {trial.task: trial for trial in trials}
    return [by_task[task] for task in sorted(by_task)]


def _trial(fields: dict[str, Any]) -> TaskTrial:
    walks = tuple(Walk(**walk) for walk in fields.pop("walks"))
    attempts = tuple(DemoAttempt(**attempt) for attempt in fields.pop("attempts"))
    return TaskTrial(**fields, walks=walks, attempts=attempts)
