"""Videos of RLBench's own scripted expert."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.rlbench.engine import RLBenchEngine
from rlbench_puffer.engines.rlbench.live_demo import LiveDemo
from rlbench_puffer.envs.batch_env import EnvSpaces
from rlbench_puffer.envs.episodes import allowed_variations, start_of_episode
from rlbench_puffer.errors import RecordingError
from rlbench_puffer.recording.episode_videos import EpisodeVideos
from rlbench_puffer.tasks.make import make_task

ATTEMPTS = 10
"""How often the expert may fail in a row."""


def record_live_demos(
    config: EnvConfig,
    *,
    episodes: int,
    seed: int,
    stride: int,
    videos: Callable[[int], EpisodeVideos],
) -> list[Path]:
    """Film episodes in which the expert succeeds.

    Args:
      config: of the environment; its cameras with rgb are filmed.
      episodes: how many.
      seed: of the stream of episodes; those that fail are left out.
      stride: control steps from one frame to the next.
      videos: makes those of an episode of that number.

    Returns:
      The files, in order.

    Raises:
      RecordingError: a file could not be written, or the expert kept failing.
    """
    written: list[Path] = []
    for number, demo in enumerate(_demos(config, episodes, seed)):
        last = len(demo.observations) - 1
        with videos(number) as filmed:
            for step in sorted({*range(0, last, stride), last}):
                filmed.add(demo.observations[step])
        written += filmed.paths
    return written


def _demos(config: EnvConfig, count: int, seed: int) -> Iterator[LiveDemo]:
    task = make_task(config)
    variations = allowed_variations(config, task)
    dtype: np.dtype[np.void] = EnvSpaces(task, config).observation_dtype
    engine = RLBenchEngine(config, task)
    try:
        index = failed = made = 0
        while made < count:
            rng, variation = start_of_episode(seed, index, variations)
            demo = engine.live_demo(rng, variation, dtype)
            index += 1
            failed = failed + 1 if demo is None else 0
            if failed == ATTEMPTS:
                raise RecordingError(
                    f"RLBench's expert failed {ATTEMPTS} times in a row at "
                    f"{task.name}. Try another --seed."
                )
            if demo is not None:
                made += 1
                yield demo
    finally:
        engine.close()
