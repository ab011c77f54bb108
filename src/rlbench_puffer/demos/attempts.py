"""Attempts at demos: an expert on a batch of sub-envs, each keeping what it saw."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.episodes import TaskFacts
from rlbench_puffer.envs.make import make_batch_env, make_spaces
from rlbench_puffer.experts.expert import Expert

MEMORY_BYTES = 256 * 2**20
"""What the observations of all episodes that run at once may take."""

MOST_AT_ONCE = 16
"""Sub-envs of a worker: more gain nothing, for planning is done one by one."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at one demo."""

    index: int
    """Of the demo."""

    seed: int
    """Of the stream of episodes."""

    episode_index: int
    """Which episode of it: attempts made before."""

    variation: int
    """Of the episode."""

    def next(self) -> "Attempt":
        """The attempt after this one has failed."""
        return dataclasses.replace(self, episode_index=self.episode_index + 1)


class Attempts(Protocol):
    """Whoever makes attempts in this process."""

    @property
    def at_once(self) -> int:
        """How many are made side by side."""
        ...

    def run(
        self, attempts: Sequence[Attempt], interrupted: Callable[[], bool]
    ) -> list[Demo | None] | None:
        """Make up to that many.

        Args:
          attempts: what to try.
          interrupted: asked before every step.

        Returns:
          For each a demo, or None if it failed; None when interrupted.
        """
        ...

    def close(self) -> None:
        """Free what simulates."""
        ...


class ExpertAttempts:
    """The built-in engine's experts, which act like any policy.

    Args:
      config: of the environment.
      task: its task.
      most: attempts that are wanted side by side.
      versions: kept with each demo.
    """

    def __init__(
        self, config: EnvConfig, task: TaskFacts, most: int, versions: dict[str, str]
    ) -> None:
        size = make_spaces(config).observation_dtype.itemsize
        self.at_once = min(batch_size(size, task.episode_length), most)
        self._task = task.name
        self._versions = versions
        self._env = make_batch_env(config, self.at_once)
        self._expert = Expert(self._env)

    def run(
        self, attempts: Sequence[Attempt], interrupted: Callable[[], bool]
    ) -> list[Demo | None] | None:
        """See :meth:`Attempts.run`."""
        episodes = run_attempts(
            self._env, self._expert, attempts, self._task, self._versions, interrupted
        )
        if episodes is None:
            return None
        return [demo if demo.success else None for demo in episodes]

    def close(self) -> None:
        """See :meth:`Attempts.close`."""
        self._env.close()


def batch_size(observation_bytes: int, episode_length: int) -> int:
    """How many sub-envs a worker runs at once.

    Args:
      observation_bytes: of one observation.
      episode_length: control steps of an episode at most.
    """
    fitting = MEMORY_BYTES // (observation_bytes * (episode_length + 1))
    return int(min(max(fitting, 1), MOST_AT_ONCE))


def run_attempts(
    env: BatchEnv,
    expert: Expert,
    attempts: Sequence[Attempt],
    task: str,
    versions: dict[str, str],
    interrupted: Callable[[], bool],
) -> list[Demo] | None:
    """Make attempts side by side, each to its episode's end.

    Args:
      env: as many sub-envs as there are attempts, or more.
      expert: chooses the env's actions.
      attempts: what to try.
      task: the task's name.
      versions: kept with each demo.
      interrupted: asked before every step.

    Returns:
      An episode for each attempt, successful or not; None when interrupted.
    """
    n = env.num_agents
    # Sub-envs that have nothing to do are held at a copy of the first attempt.
    filled = [*attempts, *[attempts[0]] * (n - len(attempts))]
    held = np.arange(n) >= len(attempts)
    _, infos = env.reset(
        seed=[attempt.seed for attempt in filled],
        episode_index=[attempt.episode_index for attempt in filled],
        variations=[attempt.variation for attempt in filled],
    )
    starts = [env.get_state(i) for i in range(len(attempts))]
    seen = [env.structured.copy()]
    successes = [env.engine.success.copy()]
    actions: list[NDArray[np.float32]] = []
    results: list[tuple[Any, ...]] = []
    lengths = np.zeros(n, np.int64)
    while not held.all():
        if interrupted():
            return None
        action = expert.act(~held)
        _, rewards, terminals, truncations, _ = env.step(action, held)
        actions.append(action)
        seen.append(env.structured.copy())
        successes.append(env.engine.success.copy())
        results.append((rewards.copy(), terminals.copy(), truncations.copy()))
        lengths[~held] += 1
        held = held | terminals | truncations
    names = env.structured.dtype.names or ()
    demos = []
    for i, attempt in enumerate(attempts):
        length = int(lengths[i])
        rewards, terminals, truncations = (
            np.array([result[part][i] for result in results[:length]])
            for part in range(3)
        )
        demos.append(
            Demo(
                index=attempt.index,
                task=task,
                seed=attempt.seed,
                episode_index=attempt.episode_index,
                variation=attempt.variation,
                descriptions=tuple(infos[i]["descriptions"]),
                start_state=starts[i],
                observations={
                    name: np.stack([row[name][i] for row in seen[: length + 1]])
                    for name in names
                },
                actions=np.stack([action[i] for action in actions[:length]]),
                rewards=rewards,
                terminations=terminals,
                truncations=truncations,
                successes=np.array([step[i] for step in successes[: length + 1]]),
                versions=versions,
            )
        )
    return demos
