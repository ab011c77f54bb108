"""A trained policy, taken out of its checkpoint to act somewhere else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import CheckpointError
from rlbench_puffer.training.checkpoint import load_checkpoint, read_settings
from rlbench_puffer.training.normalization import ObservationNormalizer
from rlbench_puffer.training.policy import Policy


class TrainedPolicy:
    """The policy of a checkpoint, without chance.

    Args:
      path: a checkpoint that ``rlbench-puffer train`` wrote.

    Attributes:
      settings: of the run, by the names of :class:`TrainSettings`.

    Raises:
      CheckpointError: missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = read_settings(path)
        state = load_checkpoint(path, None)
        mean = state["observations"]["mean"].numpy()
        self._observations = ObservationNormalizer(len(mean))
        self._observations.restore(
            {
                "mean": mean,
                "variance": state["observations"]["variance"].numpy(),
                "count": state["observations"]["count"],
            }
        )
        weights = state["policy"]
        self._policy = Policy(
            len(mean), len(weights["log_deviation"]), self.settings["hidden"], 1.0
        )
        self._policy.load_state_dict(weights)

    @property
    def observation_size(self) -> int:
        """Numbers of the low-dimensional observation that it wants."""
        return len(self._observations.mean)

    def check(self, **asked: Any) -> None:
        """See that it was trained for what is asked for.

        Raises:
          CheckpointError: names the setting that differs.
        """
        for name, value in asked.items():
            trained = self.settings[name]
            if trained != value:
                raise CheckpointError(
                    f"The policy of {self.path} was trained with {name} "
                    f"{json.dumps(trained)}, asked for is {json.dumps(value)}. "
                    "Ask for the same."
                )

    def act(self, observations: NDArray[Any]) -> NDArray[np.float32]:
        """Actions (n, action_dim) for observations (n, observation_size), raw."""
        return self._policy.best(self._observations(observations))
