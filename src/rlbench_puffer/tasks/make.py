"""Finds the task that a configuration names, whatever simulates it."""

from typing import Any

from rlbench_puffer.config import EnvConfig


def make_task(config: EnvConfig) -> Any:
    """What an environment must know of a task: ``envs.episodes.TaskFacts``.

    Of engine ``builtin`` it is the task's class. Of the others it is learnt once
    in a short child process and then read from disk.

    Raises:
      UnknownNameError: there is none of that name; the message lists close ones.
      SimulationError: the facts could not be learnt.
      MissingDependencyError: RLBench is not installed.
    """
    if config.engine == "builtin":
        from rlbench_puffer.tasks.registry import find_task

        return find_task(config.task)
    from rlbench_puffer.engines.rlbench.facts import simulated_task

    return simulated_task(config)
