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

BOARD = "tensorboard"
"""The folder of TensorBoard's files, in that of the run."""

_AXES = ("update", "env_steps")
"""What TensorBoard has numbers over, rather than draws."""

_COLUMNS = 80
"""Of a terminal that does not tell its size, as many in containers."""


class TrainingLog:
    """Keeps the records of a run in a folder and shows them in a line.

    Args:
      folder: where; made if it is missing.
      resume_at: updates already done; later lines of the curve are dropped, for the
        run makes them again. 0 begins a new curve.
      out: where the progress line goes.

    Raises:
      CheckpointError: nothing can be written there.
    """

    def __init__(
        self, folder: Path, resume_at: int = 0, out: TextIO | None = None
    ) -> None:
        self._out = out or sys.stdout
        self._path = folder / CURVE
        self._dirty = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [line for line in read_curve(folder) if line["update"] <= resume_at]
            # Whole or not at all: a full disk must not cost the curve so far.
            partial = self._path.with_name(f"{CURVE}.partial")
            partial.write_text("".join(json.dumps(line) + "\n" for line in kept))
            partial.replace(self._path)
            self._file = self._path.open("a")
            self._board = Writer(str(folder / BOARD))
        except OSError as error:
            raise CheckpointError(
                f"The folder {folder} cannot be written to: {error}. Make room, or "
                "choose another --output-dir."
            ) from error

    def add(self, record: dict[str, Any]) -> None:
        """Keep one update's record; numbers go to TensorBoard, too.

        Raises:
          CheckpointError: the disk is full.
        """
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritten(f"The curve {self._path}", error) from error
        try:
            for name, value in record.items():
                if isinstance(value, int | float) and name not in _AXES:
                    self._board.add_scalar(name, float(value), record["env_steps"])
            # A thread of its own writes; what it could not write is told here.
            self._board.flush()
        except OSError as error:
            where = self._path.with_name(BOARD)
            raise _unwritten(f"TensorBoard's file in {where}", error) from error

    def show(self, text: str, *, final: bool = False) -> None:
        """The progress line: rewritten in a terminal, a new line elsewhere."""
        if self._out.isatty():
            # The last column stays free: terminals wrap there.
            room = (os.get_terminal_size(self._out.fileno()).columns or _COLUMNS) - 1
            if len(text) > room:
                text = text.replace("  ", " ")
            self._out.write(f"\r{text[:room]:<{room}}")
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
        for file in (self._file, self._board):
            with contextlib.suppress(OSError):
                file.close()


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


def _unwritten(what: str, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{what} could not be written: {error}. The newest checkpoint, where there is "
        "one, is whole. Make room, then go on with --resume."
    )
