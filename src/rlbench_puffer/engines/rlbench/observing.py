"""Puts an observation of RLBench's into the arrays that environments own."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.rlbench.facts import SimulatedTask
from rlbench_puffer.errors import SimulationError


class FieldWriter:
    """Writes an observation's fields of numbers, as float32.

    Args:
      config: says which fields.
      task: the task's name, for messages.
    """

    def __init__(self, config: EnvConfig, task: str) -> None:
        self._names = config.observations
        self._task = task
        self.forget()

    def write(self, observation: Any, out: NDArray[np.void]) -> None:
        """Write them.

        Args:
          observation: RLBench's.
          out: (1,) structured array.

        Raises:
          SimulationError: ``task_low_dim_state`` is longer than was learnt.
        """
        if out is not self._out:
            # Most often the same array comes, and finding its fields takes longer
            # than writing them. A gripper without touch sensors has an empty one.
            rows = [(name, out[name][0]) for name in self._names]
            self._out, self._rows = out, [(n, row) for n, row in rows if row.size]
        for name, row in self._rows:
            value = getattr(observation, name)
            if name == "task_low_dim_state" and np.size(value) != row.size:
                value = _padded(np.ravel(value), row.size, self._task)
            row[:] = value

    def forget(self) -> None:
        """Let go of the array that was written last."""
        self._out: NDArray[np.void] | None = None
        self._rows: list[tuple[str, NDArray[np.float32]]] = []


def write_pictures(observation: Any, config: EnvConfig, out: NDArray[np.void]) -> None:
    """Write the cameras' pictures, which RLBench has drawn when it stepped.

    Args:
      observation: RLBench's.
      config: says which cameras.
      out: (1,) structured array.
    """
    for camera, options in config.camera_pairs:
        for kind in options.kinds:
            name = f"{camera}_{kind}"
            picture = getattr(observation, name)
            # RLBench makes a mask's whole numbers of colours from 0 to 1.
            out[name][0] = np.rint(picture) if kind == "mask" else picture


def readable(config: EnvConfig, task: SimulatedTask) -> EnvConfig:
    """The configuration without what RLBench would fail to read of this robot."""
    if task.robot.touch_force_size:
        return config
    names = tuple(n for n in config.observations if n != "gripper_touch_forces")
    return dataclasses.replace(config, observations=names or ("joint_positions",))


def _padded(value: NDArray[Any], size: int, task: str) -> NDArray[Any]:
    if value.size > size:
        raise SimulationError(
            f"task_low_dim_state of {task} has {value.size} numbers, expected {size} "
            "at most, which its other variations have. Choose variations of one size, "
            "or leave the field out of observations."
        )
    return np.append(value, np.zeros(size - value.size))
