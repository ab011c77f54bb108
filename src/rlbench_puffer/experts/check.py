"""How often the expert solves each task: one row for each class of variations."""

import dataclasses
import time
from collections.abc import Iterator, Sequence

import numpy as np

from rlbench_puffer.config import ArmActionMode, EnvConfig, check_positive_int
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.tasks.registry import find_task

ASKED_RATE = 0.95
"""Part of the seeds that an expert must solve."""

ALL_VARIATIONS = "all"
"""Name of the class of variations that are the same motion."""

_AT_ONCE = 25
"""Sub-envs that run side by side."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckRow:
    """The expert's record on one class of a task's variations."""

    task: str
    """Task name."""

    variation: str
    """The variation's name; ``all`` where they only look different."""

    arm_action_mode: str
    """What the expert's actions meant."""

    seeds: int
    """Episodes: the first of each seed from 0 on."""

    success_rate: float
    """Part of them that succeeded within the task's episode length."""

    mean_steps: float | None
    """Control steps of an episode that succeeded, on average."""

    most_steps: int | None
    """Control steps of the longest of them."""

    episode_length: int
    """Control steps that there are."""

    stuck: int
    """Episodes in which the planner found no way."""

    failed_seeds: tuple[int, ...]
    """Seeds whose episode did not succeed."""

    seconds: float
    """What it took [s]."""


def check_task(
    task: str, seeds: int = 100, arm_action_mode: ArmActionMode = "joint_velocity"
) -> Iterator[CheckRow]:
    """Let the expert try a task on many seeds.

    Args:
      task: its name.
      seeds: episodes for each class of variations.
      arm_action_mode: what its actions mean.

    Yields:
      A row for each class of variations, as soon as it is done.

    Raises:
      UnknownNameError: no such task.
      ConfigError: the task has no expert.
    """
    check_positive_int("seeds", seeds)
    facts = find_task(task)
    classes: list[tuple[str, EnvConfig]] = [
        (name, EnvConfig(task=task, variation=i, arm_action_mode=arm_action_mode))
        for i, name in enumerate(facts.variation_names)
    ] or [(ALL_VARIATIONS, EnvConfig(task=task, arm_action_mode=arm_action_mode))]
    for name, config in classes:
        began = time.perf_counter()
        success = np.zeros(seeds, bool)
        stuck = np.zeros(seeds, bool)
        steps = np.zeros(seeds, np.int64)
        env = make_batch_env(config, min(seeds, _AT_ONCE))
        expert = Expert(env)
        for first in range(0, seeds, env.num_agents):
            chosen = range(first, min(first + env.num_agents, seeds))
            rows = slice(first, chosen.stop)
            success[rows], steps[rows] = run_episodes(env, expert, chosen)
            stuck[rows] = expert.stuck[: len(chosen)]
        env.close()
        solved = bool(success.any())
        yield CheckRow(
            task=task,
            variation=name,
            arm_action_mode=arm_action_mode,
            seeds=seeds,
            success_rate=round(float(success.mean()), 4),
            mean_steps=round(float(steps[success].mean()), 1) if solved else None,
            most_steps=int(steps[success].max()) if solved else None,
            episode_length=env.episode_length,
            stuck=int(stuck.sum()),
            failed_seeds=tuple(int(seed) for seed in np.flatnonzero(~success)),
            seconds=round(time.perf_counter() - began, 2),
        )


def run_episodes(
    env: BatchEnv, expert: Expert, seeds: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Let the expert act in one episode of each seed.

    Args:
      env: as many sub-envs as there are seeds, or more.
      expert: of that env.
      seeds: of the episodes.

    Returns:
      success (k,) bool and control steps (k,) int64.
    """
    count, n = len(seeds), env.num_agents
    # Sub-envs that are too many are held at a copy of the first episode.
    env.reset(seed=[*seeds, *[seeds[0]] * (n - count)])
    held = np.arange(n) >= count
    success = np.zeros(n, bool)
    steps = np.zeros(n, np.int64)
    while not held.all():
        _, _, terminals, truncations, _ = env.step(expert.act(~held), held)
        steps += ~held
        success |= env.engine.success & ~held
        held = held | terminals | truncations
    return success[:count], steps[:count]
