"""``rlbench-puffer plot``: redraws figures from rows alone."""

from pathlib import Path
from typing import Annotated

import tyro


def plot(path: Annotated[Path, tyro.conf.Positional]) -> int:
    """Redraw every figure from rows alone.

    Args:
      path: Folder of rows, or one rows file.

    Returns:
      The exit code, 0.
    """
    from rich.console import Console

    from rlbench_puffer.benchmark.throughput import draw_folder

    draw_folder(path, Console())
    return 0
