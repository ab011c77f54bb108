"""What the builtin engine asks of a task."""

from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.scene import Placement, Scene


class BuiltinTask(Protocol):
    """One task, simulated n times; an instance belongs to one engine."""

    @property
    def graspable(self) -> tuple[str, ...]:
        """Names of free bodies that the closing gripper attaches."""
        ...

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the task's bodies to the scene."""

    def bind(self, scene: Scene) -> None:
        """Keep the views of the n simulations that the rules below read."""

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Place the task's objects for one episode of one sub-env."""

    def begin(self, env_ids: NDArray[np.intp]) -> None:
        """Note what must be noted once the new episodes' geometry is known."""

    def success(self) -> NDArray[np.bool_]:
        """The success rule, (num_envs,)."""
        ...

    def shaped_reward(self, success: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The dense reward of the control step just made, (num_envs,)."""
        ...

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """Write ``task_low_dim_state``, (num_envs, low_dim_size)."""

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """Sentences for the goal of a variation."""
        ...
