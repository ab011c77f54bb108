"""Benchmark rows: what one is, how it is kept in a file, how it is read back.

A row is one line of JSON and one cell measured. Its numbers follow one rule: an
env step is one control step of one sub-env, and the step in which a sub-env
resets itself after an episode's end is not one.
"""

import dataclasses
import json
import os
import statistics
import types
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rlbench_puffer.benchmark.cell import WORKER_BACKENDS
from rlbench_puffer.errors import RecordsError

SCHEMA = 1
"""Version of the row's fields; rows of another version are refused."""


class RecordsWarning(UserWarning):
    """A rows file was mended or read in part."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One measured cell."""

    schema: int = SCHEMA
    """Version of these fields."""

    time: str
    """When the row was made, UTC, ISO 8601."""

    run: str
    """Which sweep it belongs to; only rows of one run were measured interleaved."""

    host: dict[str, Any]
    """The machine: see :func:`rlbench_puffer.benchmark.machine.describe_host`."""

    commit: str | None
    """Commit of the code, ``+`` if it had been changed; None outside a checkout."""

    versions: dict[str, str]
    """Versions of the interpreter and of the packages that matter."""

    task: str
    """Task name."""

    engine: str
    """What simulates."""

    backend: str
    """What vectorises."""

    num_envs: int
    """Sub-envs."""

    num_workers: int
    """Child processes; 0 where the backend has none."""

    batch_size: int
    """Sub-envs returned by one ``recv``."""

    chunk_len: int
    """Actions of one round trip."""

    cameras: tuple[str, ...] = ()
    """Cameras rendered, rgb, each as name, height and width: ``"front@84x84"``."""

    action_mode: str
    """Arm and gripper action mode."""

    seed: int
    """Seed of the sub-envs and of the actions."""

    seconds: float
    """Length asked of one sample in [s]."""

    samples: tuple[float, ...] = ()
    """Env steps per second of each repeat."""

    steps_per_second: float | None = None
    """Median of the samples; None if there is none."""

    spread: float | None = None
    """Interquartile range of the samples, env steps per second."""

    latency_ms: dict[str, float] | None = None
    """``p50`` and ``p99`` of one round trip in [ms], medians over the repeats."""

    phases: dict[str, float] = dataclasses.field(default_factory=dict)
    """Seconds of each phase during the samples, where the backend tells: phases of
    the workers as means over them, those of the main process as ``main_...``, and
    ``ipc``, which is main's waiting minus the slowest worker's work."""

    startup_seconds: float | None = None
    """From nothing to the first observations, in [s]."""

    peak_rss_bytes: int | None = None
    """Sum over the cell's processes of each one's largest resident memory."""

    error: str | None = None
    """Why the cell failed, or None."""

    ranks: int = 1
    """Processes of a torchrun job that measured together: rates and memory are added,
    times are the slowest one's."""

    max_steps: int | None = None
    """Control steps of an episode; None for the task's own."""

    episodes: int | None = None
    """Episodes that ended meanwhile; None where nobody counted."""

    success_rate: float | None = None
    """Share of them with the task done, with random actions; None without any."""

    @property
    def cell(self) -> tuple[Any, ...]:
        """What was measured: equal for two rows of the same cell of a sweep."""
        return tuple(getattr(self, name) for name in CELL_FIELDS)


LATER_FIELDS = ("ranks", "max_steps", "episodes", "success_rate")
"""Fields that older rows of this schema lack; they have their defaults."""

CELL_FIELDS = (
    "task",
    "engine",
    "backend",
    "num_envs",
    "num_workers",
    "batch_size",
    "chunk_len",
    "cameras",
    "action_mode",
    "seed",
    "seconds",
)
"""The fields that say what was measured, and so what another row must equal."""


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """First quartile, median and third quartile; a single sample is all three."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, middle, high


def file_name(backend: str, num_workers: int) -> str:
    """Name of the file that holds a backend's rows.

    The worker count is part of it where it can be chosen: ``gym`` has one process
    for each sub-env, ``serial`` has none.
    """
    chosen = f"_num_w_{num_workers}" if backend in WORKER_BACKENDS else ""
    return f"throughput_{backend}{chosen}.jsonl"


def append_row(path: Path, row: Row) -> None:
    """Add one row to a file, in one write, and see it safely on the disk.

    A last line that a killed run left unfinished is mended or dropped first, for
    otherwise it would become a broken line in the middle.

    Raises:
      RecordsError: the file cannot be written, or holds only a part of the row: the
        disk is full.
    """
    line = row_to_json(row) + "\n"
    try:
        mend(path)
        with path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RecordsError(
            f"The row could not be added to {path}: {error.strerror}. Make room, or "
            "choose another folder."
        ) from error


def mend(path: Path) -> None:
    """Make a file end with a whole row; warns about a line that was dropped."""
    if not path.exists():
        return
    data = path.read_bytes()
    kept, _, last = data.rstrip(b"\n").rpartition(b"\n")
    if not last:
        return
    try:
        json.loads(last)
    except ValueError:
        _warn_dropped(path, kept.count(b"\n") + 2 if kept else 1)
        with path.open("r+b") as file:
            file.truncate(len(kept) + 1 if kept else 0)
        return
    if not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")


def read_rows(path: Path) -> list[Row]:
    """Every row of a file or of all ``throughput_*.jsonl`` files of a folder.

    A broken last line, as a killed run leaves it, is left out with a
    :class:`RecordsWarning`.

    Raises:
      RecordsError: there is no such file or no rows file in the folder, a line
        other than the last is broken, or a row is of another schema; the message
        names file and line.
    """
    if path.is_dir():
        files = sorted(path.glob("throughput_*.jsonl"))
        if not files:
            raise RecordsError(
                f"{path} holds no throughput_*.jsonl. Give the folder that a sweep "
                "wrote to, or run `rlbench-puffer sweep` first."
            )
        return [row for file in files for row in read_rows(file)]
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RecordsError(
            f"{path} cannot be read: {error.strerror}. Give a rows file or its folder."
        ) from error
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            if number == len(lines):
                _warn_dropped(path, number)
                break
            raise RecordsError(
                f"{path}:{number}: this line is no JSON ({error}). Only a last line "
                "may be broken, by a killed run; mend or delete this one."
            ) from error
        rows.append(row_from_json(fields, f"{path}:{number}"))
    return rows


def row_to_json(row: Row) -> str:
    """A row as one line of JSON, without a line end."""
    return json.dumps(dataclasses.asdict(row), allow_nan=False)


def row_from_json(fields: object, where: str) -> Row:
    """A row from its decoded JSON.

    Args:
      fields: what ``json.loads`` gave.
      where: file and line, for messages.

    Raises:
      RecordsError: another schema, or fields missing, unknown or of a wrong type.
    """
    if not isinstance(fields, dict):
        raise RecordsError(f"{where}: expected a JSON object, got {fields!r:.80}.")
    if fields.get("schema") != SCHEMA:
        raise RecordsError(
            f"{where}: schema {fields.get('schema')!r}, expected {SCHEMA}. Measure "
            "again, or read these rows with the version that wrote them."
        )
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields.items()
    }
    wrong = sorted(
        [f"unknown field {name!r}" for name in values.keys() - _TYPES.keys()]
        + [
            f"no field {name!r}"
            for name in _TYPES.keys() - values.keys() - set(LATER_FIELDS)
        ]
        + [
            f"{name}={values[name]!r:.40}"
            for name in values.keys() & _TYPES.keys()
            if not isinstance(values[name], _TYPES[name])
        ]
    )
    if wrong:
        raise RecordsError(f"{where}: not a throughput row: {'; '.join(wrong)}.")
    return Row(**values)


def _types() -> dict[str, tuple[type, ...]]:
    """Which types each field of a row may have, from the row's annotations."""

    def accepted(annotation: Any) -> Iterable[type]:
        if isinstance(annotation, types.UnionType):
            return [kind for part in annotation.__args__ for kind in accepted(part)]
        kind = getattr(annotation, "__origin__", annotation)
        # JSON writers may drop the point of a whole number.
        return (int, float) if kind is float else (kind,)

    return {
        field.name: tuple(accepted(field.type)) for field in dataclasses.fields(Row)
    }


_TYPES = _types()


def _warn_dropped(path: Path, number: int) -> None:
    warnings.warn(
        f"{path}:{number}: the last line is broken, as a killed run leaves it; it "
        "was left out.",
        RecordsWarning,
        stacklevel=3,
    )
