"""What a vector environment of simulators does otherwise: one of them to a process."""

import os
from typing import Any

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.env import RLBenchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError

RESET_TIMEOUT_S = 60.0
"""Resets took 10.2 s at most over 79 tasks on a loaded machine; with backend ``gym``
the first one launches the simulator as well."""

STEP_TIMEOUT_S = 30.0
"""A planned step took 1.1 s at the 99th percentile; and the step after an episode's
end is a reset."""


def workers_of(
    config: EnvConfig, backend: str, num_envs: int, num_workers: int | None
) -> int | None:
    """The number of workers, where the engine decides it.

    Raises:
      InvalidOptionError: more than one sub-env in a process.
    """
    if config.engine == "builtin":
        return num_workers
    if backend == "serial":
        if num_envs != 1:
            raise InvalidOptionError(
                "num_envs",
                num_envs,
                f'1 with backend "serial" and engine "{config.engine}", for a process '
                "can hold one simulator only",
                'Use backend="shm", "puffer" or "gym".',
            )
        return num_workers
    if num_workers not in (None, num_envs):
        raise InvalidOptionError(
            "num_workers",
            num_workers,
            f'num_envs={num_envs} with engine "{config.engine}", for a process can '
            "hold one simulator only",
            "Leave it out.",
        )
    return num_envs


def with_deadlines(config: EnvConfig, own: dict[str, Any]) -> dict[str, Any]:
    """A backend's options with deadlines that a simulator can keep."""
    if config.engine == "builtin":
        return own
    return {
        "reset_timeout_s": RESET_TIMEOUT_S,
        "step_timeout_s": STEP_TIMEOUT_S,
        **own,
    }


def make_simulated_batch_env(config: EnvConfig, *args: Any, **kwargs: Any) -> BatchEnv:
    """``make_batch_env`` for a worker, whose stdout becomes its log."""
    _send_stdout_to_log()
    return make_batch_env(config, *args, **kwargs)


def make_simulated_env(config: EnvConfig) -> RLBenchEnv:
    """One environment for a worker, whose stdout becomes its log."""
    _send_stdout_to_log()
    return RLBenchEnv(config)


def _send_stdout_to_log() -> None:
    """The simulator prints when it ends, however it ends."""
    os.dup2(2, 1)
