"""What a training run tells: JSON lines, TensorBoard, one line of progress."""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from tensorboard.summary import Writer

from rlbench_puffer.errors import CheckpointError

CURVE = "curve.jsonl"
"""One line of JSON for each update."""


class TrainingLog:
    """Keeps the records of a run in a folder and shows them in a line.

    Args:
      folder: where; made if it is missing.
      resume_at: updates already done; later lines of the curve are dropped, for the
        run makes them again. 0 begins a new curve.
      out: where the progress line goes.
    """

    def __init__(
        self, folder: Path, resume_at: int = 0, out: TextIO | None = None
    ) -> None:
        self._out = out or sys.stdout
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / CURVE
        kept = [line for line in read_curve(folder) if line["update"] <= resume_at]
        # Whole or not at all: a full disk must not cost the curve so far.
        partial = self._path.with_name(f"{CURVE}.partial")
        partial.write_text("".join(json.dumps(line) + "\n" for line in kept))
        partial.replace(self._path)
        self._file = self._path.open("a")
        self._board = Writer(str(folder / "tensorboard"))
        self._dirty = False

    def add(self, record: dict[str, Any]) -> None:
        """Keep one update's record; numbers go to TensorBoard, too.

        Raises:
          CheckpointError: the disk is full.
        """
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise CheckpointError(
                f"The curve {self._path} could not be written: {error}. The newest "
                "checkpoint is whole. Make room, then go on with --resume."
            ) from error
        for name, value in record.items():
            if isinstance(value, int | float) and name not in ("update", "env_steps"):
                self._board.add_scalar(name, float(value), record["env_steps"])

    def show(self, text: str, *, final: bool = False) -> None:
        """The progress line: rewritten in a terminal, a new line elsewhere."""
        if self._out.isatty():
            width = os.get_terminal_size(self._out.fileno()).columns
            self._out.write(f"\r{text[: width - 1]:<{width - 1}}")
            self._dirty = True
            if final:
                self._out.write("\n")
                self._dirty = False
        else:
            self._out.write(f"{text}\n")
        self._out.flush()

    def close(self) -> None:
        """Write what is buffered."""
        if self._dirty:
            self._out.write("\n")
        # What could not be written before cannot be now; that has been told.
        with contextlib.suppress(OSError):
            self._file.close()
        self._board.close()


def read_curve(folder: Path) -> list[dict[str, Any]]:
    """The records of a run, oldest first; a last line cut short is left out."""
    path = folder / CURVE
    records: list[dict[str, Any]] = []
    if path.is_file():
        for line in path.read_text().splitlines():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                break
    return records
