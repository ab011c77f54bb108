"""A demo: one successful episode of an expert, with all it takes to replay it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.base import EngineState


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Demo:
    """One kept episode of T control steps.

    ``env.reset(options={"demo": demo})`` starts an ``RLBenchEnv`` where it started;
    its actions then give its observations again, bit for bit, if the environment has
    the demo's options and the packages their versions.
    """

    index: int
    """Its number in the set; decides seed and variation."""

    task: str
    """The task's name."""

    seed: int
    """Seed of the stream of episodes that it was taken from."""

    episode_index: int
    """Which episode of that stream it is: so many attempts failed before it."""

    variation: int
    """The task variation."""

    descriptions: tuple[str, ...]
    """Sentences that describe the goal."""

    start_state: EngineState
    """The environment's complete state right after the reset."""

    observations: Mapping[str, NDArray[Any]]
    """What the environment gave: each field (T + 1, ...), the first of the reset."""

    actions: NDArray[np.float32]
    """What it was given, (T, 8), in the units of its action space."""

    rewards: NDArray[np.float32]
    """(T,)."""

    terminations: NDArray[np.bool_]
    """(T,)."""

    truncations: NDArray[np.bool_]
    """(T,)."""

    successes: NDArray[np.bool_]
    """The task's success rule at each observation, (T + 1,)."""

    versions: Mapping[str, str]
    """Of the interpreter and the packages that made it."""

    @property
    def success(self) -> bool:
        """Whether it ended in success."""
        return bool(self.successes[-1])

    def __len__(self) -> int:
        """Control steps."""
        return len(self.actions)
