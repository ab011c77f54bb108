"""Attempts at demos by RLBench's own scripted expert, one at a time."""

from collections.abc import Callable, Sequence

import numpy as np

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.demos.attempts import Attempt
from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.engines.rlbench.engine import DEMO_SECONDS, RLBenchEngine
from rlbench_puffer.engines.rlbench.facts import SimulatedTask
from rlbench_puffer.engines.rlbench.live_demo import LiveDemo
from rlbench_puffer.envs.actions import ActionScaling
from rlbench_puffer.envs.batch_env import EnvSpaces
from rlbench_puffer.envs.episodes import allowed_variations, start_of_episode


class LiveAttempts:
    """The process's one simulator, in which RLBench's expert tries.

    Args:
      config: of the environment whose episodes the demos are.
      task: facts of its task.
      versions: kept with each demo.
    """

    at_once = 1
    """Attempts that are made side by side."""

    def __init__(
        self, config: EnvConfig, task: SimulatedTask, versions: dict[str, str]
    ) -> None:
        self._task = task
        self._versions = versions
        self._dtype = EnvSpaces(task, config).observation_dtype
        self._scaling = ActionScaling(config, task.robot)
        self._variations = allowed_variations(config, task)
        self._engine = RLBenchEngine(config, task)

    def run(
        self, attempts: Sequence[Attempt], interrupted: Callable[[], bool]
    ) -> list[Demo | None] | None:
        """Make attempts.

        Args:
          attempts: what to try.
          interrupted: asked before every simulation step.

        Returns:
          For each attempt a demo, or None if it failed; None when interrupted.
        """
        stopped = False

        def stop() -> bool:
            nonlocal stopped
            stopped = stopped or interrupted()
            return stopped

        demos: list[Demo | None] = []
        for attempt in attempts:
            # As an environment does that begins this episode.
            rng, _ = start_of_episode(
                attempt.seed, attempt.episode_index, self._variations
            )
            live = self._engine.live_demo(
                rng, attempt.variation, self._dtype, stop=stop, seconds=DEMO_SECONDS
            )
            if stopped:
                return None
            demos.append(None if live is None else self._demo(attempt, live))
        return demos

    def close(self) -> None:
        """Shut the simulator down."""
        self._engine.close()

    def _demo(self, attempt: Attempt, live: LiveDemo) -> Demo:
        length = len(live.actions)
        return Demo(
            index=attempt.index,
            task=self._task.name,
            seed=attempt.seed,
            episode_index=attempt.episode_index,
            variation=attempt.variation,
            descriptions=live.descriptions,
            start_state=live.start_state,
            observations={
                name: live.observations[name] for name in self._dtype.names or ()
            },
            actions=self._scaling.from_physical(live.actions),
            rewards=live.rewards,
            terminations=live.successes[1:],
            truncations=np.zeros(length, bool),
            successes=live.successes,
            versions=self._versions,
        )
