"""What training runs are interrupted and compared by."""

import io
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

from rlbench_puffer.training.logs import read_curve


class Impatient(io.StringIO):
    """Somebody who presses Ctrl-C at some update."""

    def __init__(self, update: int) -> None:
        super().__init__()
        self._update = update

    def write(self, text: str) -> int:
        """Take the line, or interrupt."""
        if text.startswith(f"update {self._update}/"):
            raise KeyboardInterrupt
        return super().write(text)


def same(first: Any, second: Any) -> bool:
    """Whether two states are equal bit for bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            same(first[name], second[name]) for name in first
        )
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if hasattr(first, "numpy"):
        return first.numpy().tobytes() == second.numpy().tobytes()
    return first == second


def numbers(folder: Path) -> list[dict[str, Any]]:
    """A run's curve without its times."""
    timed = ("seconds", "steps_per_second")
    return [
        {name: value for name, value in record.items() if name not in timed}
        for record in read_curve(folder)
    ]
