"""Runs: which rows were measured together, and which of them a sweep goes on with."""

import dataclasses
import datetime
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.machine import (
    describe_host,
    find_commit,
    package_versions,
)
from rlbench_puffer.benchmark.records import Row
from rlbench_puffer.errors import InvalidOptionError

ResumeMode = Literal["unfinished", "always", "never"]
"""When a sweep goes on with the newest run: if cells are missing, always, never."""


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What rows must share to be of one run: run, machine, code and versions."""

    run: str
    host: dict[str, Any]
    commit: str | None
    versions: dict[str, str]


def new_provenance() -> Provenance:
    """A new run on this machine with this code."""
    now = datetime.datetime.now(datetime.UTC)
    return Provenance(
        # The time first, so that sorted names are in order of time.
        run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}",
        host=describe_host(),
        commit=find_commit(),
        versions=package_versions(),
    )


def comparable_rows(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """For each task, the newest run and the earlier rows that may stand beside it.

    Earlier rows may if machine, code, versions and work are those of the newest
    run. A cell that was measured several times is there once, as it was measured
    last. Rows of the newest run are all kept, so that a figure can refuse them
    when they are not of one kind.

    Returns:
      The rows, and how many earlier ones were left out as not comparable.
    """
    rows = sorted(rows, key=lambda row: (row.run, row.time))
    newest = {row.task: row for row in rows}
    kept = [
        row
        for row in rows
        if row.run == newest[row.task].run
        or differing_fields(row, newest[row.task]) == []
    ]
    latest = {row.cell: row for row in kept}
    return list(latest.values()), len(rows) - len(kept)


COMPARED_FIELDS = (
    "host",
    "commit",
    "versions",
    "engine",
    "cameras",
    "action_mode",
    "seed",
    "seconds",
    "ranks",
    "max_steps",
)
"""What rows must share to be compared with each other, besides the task."""


def differing_fields(one: Row, other: Row) -> list[str]:
    """Names of the fields that forbid comparing two rows."""
    return [
        name for name in COMPARED_FIELDS if getattr(one, name) != getattr(other, name)
    ]


def resume_mode(*, resume: bool, no_resume: bool) -> ResumeMode:
    """The mode that two flags stand for; neither means ``"unfinished"``.

    Raises:
      InvalidOptionError: both were given.
    """
    if resume and no_resume:
        raise InvalidOptionError(
            "resume", True, "either --resume or --no-resume", "Leave out one of them."
        )
    if resume:
        return "always"
    return "never" if no_resume else "unfinished"


def choose_run(
    rows: Sequence[Row],
    cells: Sequence[Cell],
    repeats: int,
    mode: ResumeMode,
    here: Provenance,
) -> tuple[Provenance, list[Row]]:
    """The run a sweep's rows shall belong to, and its cells that are finished.

    Args:
      rows: what the output folder holds.
      cells: what is to be measured.
      repeats: how many samples each of them shall have.
      mode: when to go on with the newest run.
      here: a new run on this machine with this code.

    Returns:
      The run and the rows among ``cells`` that need no measuring again. A row with
      an error or too few samples does.
    """
    if mode == "never" or not rows:
        return here, []
    name = max(row.run for row in rows)
    run = [row for row in rows if row.run == name]
    same = all(
        (row.host, row.commit, row.versions) == (here.host, here.commit, here.versions)
        for row in run
    )
    if not same:
        return here, []
    wanted = {cell.identity for cell in cells}
    finished = {
        row.cell: row
        for row in run
        if row.error is None and row.cell in wanted and len(row.samples) >= repeats
    }
    if mode == "unfinished":
        foreign = any(row.cell not in wanted for row in run)
        if foreign or len(finished) == len(wanted):
            return here, []
    return dataclasses.replace(here, run=name), list(finished.values())
