"""Scales actions to the range that demos use, as visual RL on RLBench does."""

import dataclasses
from collections.abc import Iterable
from typing import Any, overload

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.errors import InvalidActionError, InvalidOptionError

UNMOVED = 1e-6
"""Range of a component, as a part of the action space's, below which demos say
nothing about it."""


@dataclasses.dataclass(frozen=True, eq=False)
class DemoActionScaling:
    """Maps [-1, 1] to the range of actions in demos, widened by a margin.

    Arms use a small part of the speeds that they could have; a policy whose outputs
    span only that part learns sooner. The gripper's number keeps its whole range.

    Args:
      low: (8,) what -1 stands for, in the units of the environment's action space.
      high: (8,) what 1 stands for.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def from_demos(
        cls,
        demos: Iterable[Demo],
        action_space: gymnasium.spaces.Box,
        margin: float = 0.2,
    ) -> "DemoActionScaling":
        """The scaling that fits some demos.

        Args:
          demos: whose actions count; in the units of ``action_space``.
          action_space: of one environment, (8,); the scaled range stays inside.
          margin: part of each component's range that is added at both ends.

        Raises:
          InvalidOptionError: no demos, a negative margin, or actions that are not of
            this space.
        """
        if not margin >= 0:
            raise InvalidOptionError("margin", margin, "a number of at least 0")
        arrays = [demo.actions for demo in demos]
        if not arrays:
            raise InvalidOptionError("demos", [], "at least one demo")
        actions = np.concatenate(arrays)
        low, high = action_space.low, action_space.high
        if actions.shape[1:] != low.shape or (
            (actions < low).any() or (actions > high).any()
        ):
            raise InvalidOptionError(
                "demos",
                "actions outside of the action space",
                "demos collected with the same action mode and normalisation",
            )
        least, most = actions.min(axis=0), actions.max(axis=0)
        widening = margin * (most - least)
        moved = most - least > UNMOVED * (high - low)
        moved[-1] = False
        return cls(
            np.where(moved, np.maximum(least - widening, low), low),
            np.where(moved, np.minimum(most + widening, high), high),
        )

    def to_env(self, actions: ArrayLike) -> NDArray[np.float32]:
        """Actions (..., 8) in [-1, 1] in the units of the environment.

        Raises:
          InvalidActionError: an action that is not in [-1, 1].
        """
        given = np.asarray(actions, np.float64)
        if not (np.abs(given) <= 1.0).all():
            raise InvalidActionError(
                "A scaled action is not in [-1, 1].",
                "Clip the policy's output, and look for NaN in its input.",
            )
        low, high = self.low.astype(np.float64), self.high.astype(np.float64)
        scaled = (low + (given + 1.0) / 2.0 * (high - low)).astype(np.float32)
        # Rounding must not leave the action space.
        return np.clip(scaled, self.low, self.high)

    def from_env(self, actions: ArrayLike) -> NDArray[np.float32]:
        """The inverse, for demos' actions: (..., 8); what is beyond ends at -1 or 1."""
        low, high = self.low.astype(np.float64), self.high.astype(np.float64)
        part = (np.asarray(actions, np.float64) - low) / (high - low)
        return np.clip(2.0 * part - 1.0, -1.0, 1.0).astype(np.float32)

    @overload
    def wrap(self, env: gymnasium.Env[Any, Any]) -> "ScaledActions": ...

    @overload
    def wrap(
        self, env: gymnasium.vector.VectorEnv[Any, Any, Any]
    ) -> "ScaledVector": ...

    def wrap(
        self,
        env: gymnasium.Env[Any, Any] | gymnasium.vector.VectorEnv[Any, Any, Any],
    ) -> "ScaledActions | ScaledVector":
        """An environment whose actions are in [-1, 1] and scaled by this.

        Args:
          env: an ``RLBenchEnv``, or vector environments as Gymnasium has them. For
            PufferLib's interface call :meth:`to_env` on what is sent.
        """
        if isinstance(env, gymnasium.vector.VectorEnv):
            return ScaledVector(env, self)
        return ScaledActions(env, self)


class ScaledActions(gymnasium.ActionWrapper[Any, Any, Any]):
    """One environment with scaled actions; see :class:`DemoActionScaling`."""

    def __init__(
        self, env: gymnasium.Env[Any, Any], scaling: DemoActionScaling
    ) -> None:
        super().__init__(env)
        self.scaling = scaling
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, scaling.low.shape)

    def action(self, action: ArrayLike) -> NDArray[np.float32]:
        """See :meth:`DemoActionScaling.to_env`."""
        return self.scaling.to_env(action)


class ScaledVector(gymnasium.vector.VectorActionWrapper):
    """Vector environments with scaled actions; see :class:`DemoActionScaling`."""

    def __init__(
        self,
        env: gymnasium.vector.VectorEnv[Any, Any, Any],
        scaling: DemoActionScaling,
    ) -> None:
        super().__init__(env)
        self.scaling = scaling
        self.single_action_space = gymnasium.spaces.Box(-1.0, 1.0, scaling.low.shape)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: ArrayLike) -> NDArray[np.float32]:
        """See :meth:`DemoActionScaling.to_env`."""
        return self.scaling.to_env(actions)
