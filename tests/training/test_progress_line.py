"""The progress line as terminals show it."""

import fcntl
import os
import struct
import termios
from pathlib import Path

import pytest

pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

from rlbench_puffer.training.logs import TrainingLog
from rlbench_puffer.training.progress import progress_line

LONG = progress_line(
    {
        "update": 1000,
        "env_steps": 4_096_000,
        "steps_per_second": 1234.0,
        "return": 15.14,
        "success": 1.0,
    },
    1000,
    None,
)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (120, LONG),
        (len(LONG), LONG.replace("  ", " ")),
        (30, LONG.replace("  ", " ")[:29]),
        # A terminal without a size has 80 columns.
        (0, LONG),
    ],
)
def test_a_line_fits_its_terminal(columns: int, told: str, tmp_path: Path) -> None:
    assert len(LONG) < 80
    terminal, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(side, "w") as out:
        log = TrainingLog(tmp_path, out=out)
        log.show(LONG)
        log.show("short", final=True)
        log.close()
        shown = os.read(terminal, 4096).decode()
    os.close(terminal)
    first, second = shown.removesuffix("\r\n").split("\r")[1:]
    assert first.rstrip() == told
    # As long as the line before it, of which nothing is left to see.
    assert len(first) == len(second) == (columns or 80) - 1
    assert second.rstrip() == "short"
