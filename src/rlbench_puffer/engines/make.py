"""Makes the engine that a configuration names; imports it lazily."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rlbench_puffer.config import EnvConfig

if TYPE_CHECKING:
    from rlbench_puffer.engines.base import Engine


def make_engine(
    config: EnvConfig, task_class: Callable[[], Any], num_envs: int
) -> "Engine":
    """The engine of ``config`` with ``num_envs`` simulations of a task.

    Args:
      config: names the engine and its options.
      task_class: makes the task's rules; called once.
      num_envs: how many simulations.
    """
    from rlbench_puffer.engines.builtin.engine import BuiltinEngine

    return BuiltinEngine(config, task_class(), num_envs)
