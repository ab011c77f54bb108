"""The layout of a vector environment from a configuration; starts nothing."""

import dataclasses
from types import SimpleNamespace

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.envs.make import make_spaces
from rlbench_puffer.tasks.make import make_task
from rlbench_puffer.vector.layout import VecLayout


def plan_layout(
    config: EnvConfig, *, num_envs: int, num_workers: int, batch_size: int
) -> VecLayout:
    """Counts, which must fit each other already, and the configuration's spaces.

    Args:
      config: what each sub-env is made from.
      num_envs: all sub-envs.
      num_workers: processes, or threads, or 1 when there are none.
      batch_size: sub-envs that one ``recv`` returns.
    """
    spaces = make_spaces(config)
    return VecLayout(
        num_envs=num_envs,
        num_workers=num_workers,
        batch_size=batch_size,
        single_observation_space=spaces.single_observation_space,
        single_action_space=spaces.single_action_space,
        emulated=SimpleNamespace(
            observation_dtype=spaces.single_observation_space.dtype,
            emulated_observation_dtype=spaces.observation_dtype,
        ),
        structured_space=spaces.observation_space,
        episode_length=config.episode_length or make_task(config).episode_length,
        raises_invalid_actions=config.on_invalid == "raise",
    )


def hosted_config(config: EnvConfig) -> EnvConfig:
    """The configuration of the sub-envs behind a vector environment.

    Under ``on_invalid="raise"`` the vector environment raises, for which no worker has
    to lose its life: the sub-env itself stands still and tells why.
    """
    if config.on_invalid != "raise":
        return config
    return dataclasses.replace(config, on_invalid="noop_penalty")
