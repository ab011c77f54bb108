"""Simulator states of an episode in a file, so that it can be drawn again later."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from rlbench_puffer.errors import RecordingError

_PREFIX = "engine."
_FORMAT = 1


def save_states(path: Path, task: str, states: Sequence[dict[str, Any]]) -> None:
    """Write the states of one episode, in order.

    Args:
      path: an ``.npz`` file; written under another name first, so that a file of
        this name is complete.
      task: what they are states of.
      states: what ``get_state`` returned after the reset and after each step.

    Raises:
      RecordingError: the file cannot be written.
    """
    arrays = {
        f"{_PREFIX}{name}": np.stack([state["engine"][name] for state in states])
        for name in states[0]["engine"]
    }
    for name in states[0].keys() - {"engine"}:
        arrays[name] = np.array([state[name] for state in states])
    arrays["header"] = np.array(json.dumps({"format": _FORMAT, "task": task}))
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordingError(f"{path} cannot be written: {error}.") from error


def load_states(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The task and the states that :func:`save_states` wrote.

    Raises:
      RecordingError: the file cannot be read or holds something else.
    """
    try:
        # NumPy leaves open a broken file that it opened itself.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        if header["format"] != _FORMAT:
            raise ValueError(f"format {header['format']}, expected {_FORMAT}")
        count = len(arrays["episode_length"])
        states = [_state(arrays, index) for index in range(count)]
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise RecordingError(
            f"{path} is no file of states: {error}. "
            "`rlbench-puffer record --save-states` writes one."
        ) from error
    return header["task"], states


def _state(arrays: dict[str, np.ndarray], index: int) -> dict[str, Any]:
    engine: dict[str, Any] = {}
    state: dict[str, Any] = {"engine": engine}
    for name, values in arrays.items():
        value = values[index]
        if name.startswith(_PREFIX):
            engine[name.removeprefix(_PREFIX)] = value
        else:
            state[name] = value.item()
    return state
