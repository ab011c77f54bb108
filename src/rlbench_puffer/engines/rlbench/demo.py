"""A demo of RLBench's, and the state in which it began."""

import dataclasses
from typing import Any

import numpy as np

from rlbench_puffer.engines.base import EngineState

START_KEYS = ("words", "variation", "demo")
"""What an engine's state may hold of how its episode began."""


@dataclasses.dataclass(frozen=True, eq=False)
class RLBenchDemo:
    """One of RLBench's demos; ``reset(options={"demo": ...})`` takes it."""

    task: str
    """The task's name."""

    demo: Any
    """RLBench's ``Demo``: a list of its observations."""

    variation: int
    """The task variation."""

    def __len__(self) -> int:
        return len(self.demo)

    @property
    def start_state(self) -> EngineState:
        """What ``RLBenchEnv.get_state`` would have returned right after its reset."""
        return {
            "engine": {
                "words": np.zeros(8, np.uint32),
                "variation": self.variation,
                "demo": self.demo,
                "num_actions": 0,
                "actions": np.zeros((1, 1)),
            },
            "episode_length": 0,
            "episode_return": 0.0,
            "invalid_actions": 0,
            "terminated": False,
            "truncated": False,
        }
