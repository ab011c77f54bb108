"""RLBench's task models, which this project does not have, if they are at hand."""

import importlib.util
import os
from pathlib import Path

NOT_AT_HAND = (
    "no rlbench is installed, and RLBENCH_MODELS names no folder of its task models"
)


def model_files() -> list[Path]:
    """The models in the folder RLBENCH_MODELS, else those of the installed package."""
    folder = os.environ.get("RLBENCH_MODELS")
    if folder is None:
        found = importlib.util.find_spec("rlbench")
        if found is None or found.origin is None:
            return []
        folder = str(Path(found.origin).parent / "task_ttms")
    return sorted(Path(folder).glob("*.ttm"))
