"""Makes the engine that a configuration names; imports it lazily."""

from typing import TYPE_CHECKING, Any

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.errors import InvalidOptionError

if TYPE_CHECKING:
    from rlbench_puffer.engines.base import Engine


def make_engine(config: EnvConfig, task: Any, num_envs: int) -> "Engine":
    """The engine of ``config`` with ``num_envs`` simulations of a task.

    Args:
      config: names the engine and its options.
      task: of engine ``builtin``, what makes the task's rules; of the others, the
        task's facts.
      num_envs: how many simulations; one with the other engines.

    Raises:
      InvalidOptionError: more simulations than the engine can hold in a process.
    """
    if config.engine != "builtin":
        from rlbench_puffer.engines.rlbench.engine import RLBenchEngine

        if num_envs != 1:
            raise InvalidOptionError(
                "num_envs",
                num_envs,
                f'1 in one process with engine "{config.engine}"',
                'Use make_vec(backend="shm") for more.',
            )
        return RLBenchEngine(config, task)
    from rlbench_puffer.engines.builtin.engine import BuiltinEngine

    return BuiltinEngine(config, task(), num_envs)
