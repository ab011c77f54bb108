"""A recorded demonstration."""

from typing import Any

import numpy as np


class Demo:
    """Observations, and the state of chance that they began with."""

    def __init__(self, observations: list[Any], random_seed: Any = None) -> None:
        self._observations = observations
        self.random_seed = random_seed
        self.num_reset_attempts: int | None = 1

    def __len__(self) -> int:
        return len(self._observations)

    def __getitem__(self, index: int) -> Any:
        return self._observations[index]

    def restore_state(self) -> None:
        np.random.set_state(self.random_seed)  # noqa: NPY002 - as RLBench does
