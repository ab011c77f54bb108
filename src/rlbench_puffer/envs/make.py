"""Makes environments from a configuration; imports engines and tasks lazily."""

from typing import TYPE_CHECKING, Any

from rlbench_puffer.config import EnvConfig, make_config

if TYPE_CHECKING:
    from rlbench_puffer.envs.batch_env import BatchEnv, Buffers, EnvSpaces
    from rlbench_puffer.envs.env import RLBenchEnv


def make(task: str, *, render_mode: str | None = None, **options: Any) -> "RLBenchEnv":
    """One RLBench task as a ``gymnasium.Env``.

    Args:
      task: the task's name, such as ``"open_drawer"``.
      render_mode: Gymnasium's: None, or ``"rgb_array"``.
      **options: fields of :class:`rlbench_puffer.EnvConfig`.

    Raises:
      UnknownNameError: unknown task, engine, mode or option; lists close matches.
      InvalidOptionError: an option's value does not fit.
    """
    from rlbench_puffer.envs.env import RLBenchEnv

    return RLBenchEnv(make_config(task, **options), render_mode=render_mode)


def make_spaces(config: EnvConfig) -> "EnvSpaces":
    """The spaces of a configuration; starts no simulator."""
    from rlbench_puffer.envs.batch_env import EnvSpaces
    from rlbench_puffer.tasks.make import make_task

    return EnvSpaces(make_task(config), config)


def make_batch_env(
    config: EnvConfig,
    num_envs: int,
    *,
    buffers: "Buffers | None" = None,
    first_env_id: int = 0,
) -> "BatchEnv":
    """``num_envs`` sub-envs of one batched engine; what a worker hosts."""
    from rlbench_puffer.engines.make import make_engine
    from rlbench_puffer.envs.batch_env import BatchEnv
    from rlbench_puffer.envs.episodes import allowed_variations
    from rlbench_puffer.tasks.make import make_task

    task = make_task(config)
    # Before a simulator starts.
    allowed_variations(config, task)
    engine = make_engine(config, task, num_envs)
    return BatchEnv(engine, task, config, buffers=buffers, first_env_id=first_env_id)
