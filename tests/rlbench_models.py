"""RLBench's task models, which this project does not have, if they are at hand."""

import importlib.util
import os
from pathlib import Path

import pytest

from rlbench_puffer.engines.rlbench.task_names import rlbench_folder
from rlbench_puffer.errors import MissingDependencyError
from rlbench_puffer.setup.sources import missing_models

NOT_AT_HAND = (
    "no rlbench is installed, and RLBENCH_MODELS names no folder of its task models"
)


def _missing() -> str | None:
    try:
        folder = rlbench_folder()
    except MissingDependencyError as error:
        return str(error)
    lacking = set(missing_models(folder)) & {"reach_target", "open_drawer"}
    return f"no model of {', '.join(lacking)} in {folder}" if lacking else None


RLBENCH_MISSING = _missing()
"""Why RLBench's own tasks cannot run here, or None."""

needs_rlbench = pytest.mark.skipif(
    RLBENCH_MISSING is not None, reason=str(RLBENCH_MISSING)
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
