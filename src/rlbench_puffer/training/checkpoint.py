"""Checkpoints: written whole or not at all, refused where they do not fit."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rlbench_puffer.errors import CheckpointError

FORMAT = 3
"""Version of the fields; files of another version are refused."""

NEUTRAL = frozenset(("num_workers", "updates", "display"))
"""Settings that a resumed run may change: they change no number of what was done.
More updates do change how the learning rate falls from there on, and another display
may draw the last bit of a colour otherwise."""


def save_checkpoint(
    path: Path, settings: dict[str, Any], state: dict[str, Any]
) -> None:
    """Write a checkpoint; the file that was there stays until the new one is whole.

    Args:
      path: the file.
      settings: of the run, as JSON can hold them.
      state: tensors, arrays as tensors, numbers, and dicts and lists of those.

    Raises:
      CheckpointError: the disk is full, or the folder cannot be written to.
    """
    partial = path.with_name(f"{path.name}.partial")
    content = {"format": FORMAT, "settings": json.dumps(settings), "state": state}
    try:
        with partial.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    # torch's own writer tells a failed write as a RuntimeError.
    except (OSError, RuntimeError) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        kept = "The previous one is whole. " if path.exists() else ""
        raise CheckpointError(
            f"The checkpoint {path} could not be written: {error}. {kept}Make room, "
            "then go on with --resume."
        ) from error


def load_checkpoint(path: Path, settings: dict[str, Any] | None) -> dict[str, Any]:
    """The state that :func:`save_checkpoint` wrote.

    Args:
      path: the file.
      settings: what the run that goes on is made from; None takes any.

    Raises:
      CheckpointError: missing, damaged, or of other settings; names the first that
        differs.
    """
    content = _read(path)
    known = json.loads(content["settings"])
    for name, value in (settings or {}).items():
        if name not in NEUTRAL and known.get(name) != value:
            raise CheckpointError(
                f"The checkpoint {path} is of another run: its {name} is "
                f"{known.get(name)!r}, asked for is {value!r}. Pass the same options, "
                "or choose another --output-dir."
            )
    return content["state"]


def state_to_resume(
    path: Path, settings: dict[str, Any], resume: bool
) -> dict[str, Any] | None:
    """The state that a run goes on from, or None for one that begins.

    Args:
      path: its checkpoint.
      settings: what it is made from.
      resume: whether it goes on.

    Raises:
      CheckpointError: nothing to resume, or something that would be overwritten.
    """
    if resume:
        return load_checkpoint(path, settings)
    if path.exists():
        raise CheckpointError(
            f"{path} holds the state of an earlier run, which this one would "
            "overwrite. Go on with --resume, or choose another --output-dir."
        )
    return None


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of the run that wrote a checkpoint.

    Raises:
      CheckpointError: missing or damaged.
    """
    return json.loads(_read(path)["settings"])


def as_tensors(state: dict[str, Any]) -> dict[str, Any]:
    """A state with its arrays as tensors.

    Files are read without running code of theirs, which allows tensors and no arrays.
    """
    return {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in state.items()
    }


def as_arrays(state: dict[str, Any]) -> dict[str, Any]:
    """What :func:`as_tensors` was given."""
    return {
        name: value.numpy() if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
    }


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint {path}. Train first, or look at --output-dir."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        damaged = content["format"] != FORMAT or "state" not in content
    except Exception as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be read: "
            f"{str(error) or type(error).__name__}. Take an older one."
        ) from error
    if damaged:
        raise CheckpointError(
            f"The checkpoint {path} has format {content['format']}, expected {FORMAT}."
        )
    return content
