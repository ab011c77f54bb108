"""What chooses the actions of recorded episodes."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.errors import UnknownNameError
from rlbench_puffer.experts.expert import Expert

PolicyName = Literal["random", "expert"]
"""``random``: uniformly drawn actions that change every 8 steps; ``expert``: the
task's scripted expert."""

Actions = NDArray[np.float32]
"""One action of each sub-env, (num_envs, 8)."""

Act = Callable[[], Actions]
"""The actions of a batch's next control step, (num_envs, 8)."""

HOLD_STEPS = 8
"""Control steps for which the random policy keeps an action: without it the arm only
trembles."""


def check_policy(name: str) -> None:
    """Raise UnknownNameError unless there is a policy of that name."""
    if name not in get_args(PolicyName):
        raise UnknownNameError("policy", name, get_args(PolicyName))


def make_policy(name: PolicyName, env: BatchEnv, seed: int) -> Act:
    """A policy for all sub-envs of a batch.

    Args:
      name: which one.
      env: what it acts in.
      seed: of random actions.
    """
    if name == "expert":
        return Expert(env).act
    return RandomPolicy(env.num_agents, seed)


class RandomPolicy:
    """Uniformly drawn actions, each kept for some steps.

    Args:
      num_envs: how many sub-envs.
      seed: of the draws.
    """

    def __init__(self, num_envs: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._action = np.zeros((num_envs, 8), np.float32)
        self._step = 0

    def __call__(self) -> NDArray[np.float32]:
        """The next actions."""
        if self._step % HOLD_STEPS == 0:
            drawn = self._rng.uniform(-1, 1, self._action.shape)
            self._action = drawn.astype(np.float32)
        self._step += 1
        return self._action
