"""The base of every built-in task: what one states, and what is derived from it."""

import abc
from typing import ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.robot_facts import PANDA, RobotFacts
from rlbench_puffer.tasks.waypoints import Waypoint

FloatArray = NDArray[np.float64]


class Task(abc.ABC):
    """One task on n simulations; an instance belongs to one engine.

    A subclass states the class attributes, adds its bodies in :meth:`build`, keeps
    views in :meth:`bind`, places its objects in :meth:`reset`, and answers
    :meth:`success`, :meth:`potential` and :meth:`low_dim_state` for all sub-envs at
    once.

    The shaped reward of a control step is the growth of the potential, plus
    ``success_bonus`` in the step that succeeds: potential-based, so that it rewards
    no detour (Ng, Harada and Russell 1999, with discount 1).
    """

    name: ClassVar[str]
    """RLBench's name in snake case."""

    summary: ClassVar[str]
    """What is to be done, in one line."""

    variation_count: ClassVar[int]
    """How many variations there are."""

    variation_names: ClassVar[tuple[str, ...]] = ()
    """A name for each variation where they are different motions; empty where they
    only look different. Experts are checked on each."""

    low_dim_size: ClassVar[int]
    """Length of ``task_low_dim_state``."""

    low_dim_layout: ClassVar[str]
    """What the numbers of ``task_low_dim_state`` are, with sizes and units."""

    episode_length: ClassVar[int]
    """Control steps until an episode is truncated, unless configured otherwise."""

    success_bonus: ClassVar[float] = 10.0
    """Shaped reward of success."""

    robot: ClassVar[RobotFacts] = PANDA
    """Limits of the arm and the gripper."""

    graspable: ClassVar[tuple[str, ...]] = ()
    """Names of free bodies that the closing gripper attaches."""

    @abc.abstractmethod
    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the task's bodies to the scene; lengths in [m], world frame."""

    @abc.abstractmethod
    def views(self, scene: Scene) -> None:
        """Keep the live views that the rules read."""

    @abc.abstractmethod
    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Place the task's objects for one episode of one sub-env."""

    @abc.abstractmethod
    def success(self) -> NDArray[np.bool_]:
        """Which sub-envs have succeeded, (num_envs,)."""

    @abc.abstractmethod
    def potential(self) -> FloatArray:
        """How near each sub-env is to success, (num_envs,); more is nearer."""

    @abc.abstractmethod
    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """Write the task's own observation, (num_envs, low_dim_size)."""

    @abc.abstractmethod
    def descriptions(self, variation: int) -> tuple[str, ...]:
        """Sentences that describe the goal of a variation."""

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """The way of a scripted expert through one sub-env's present episode.

        Args:
          env_id: the sub-env, just reset.

        Returns:
          Poses of the tip, first to last. Empty: the task has no expert.
        """
        del env_id
        return ()

    def bind(self, scene: Scene) -> None:
        """Keep what the task and this base read of the n simulations."""
        self._last_potential = scene.variable("last_potential", (), np.float64)
        self.views(scene)

    def begin(self, env_ids: NDArray[np.intp]) -> None:
        """Take the potential of new episodes' first states."""
        self._last_potential[env_ids] = self.potential()[env_ids]

    def shaped_reward(self, success: NDArray[np.bool_]) -> FloatArray:
        """The dense reward of the control step just made, (num_envs,)."""
        potential = self.potential()
        reward = potential - self._last_potential + self.success_bonus * success
        self._last_potential[:] = potential
        return reward
