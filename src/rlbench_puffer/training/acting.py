"""A trained policy at work outside of training: what a checkpoint holds, acting."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.errors import CheckpointError
from rlbench_puffer.training.checkpoint import load_checkpoint, read_settings
from rlbench_puffer.training.normalization import ObservationNormalizer
from rlbench_puffer.training.policy import Policy


class TrainedPolicy:
    """The policy of a checkpoint, without chance.

    Args:
      path: a file that ``rlbench-puffer train`` wrote.

    Attributes:
      task: name of the task that it was trained on.
      arm_action_mode: what its actions mean.

    Raises:
      CheckpointError: missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        settings, state = read_settings(path), load_checkpoint(path, None)
        self._path = path
        self.task: str = settings["task"]
        self.arm_action_mode: str = settings["arm_action_mode"]
        moments: dict[str, Any] = {
            name: value if isinstance(value, float) else value.numpy()
            for name, value in state["observations"].items()
        }
        self._size = int(moments["mean"].size)
        self._normalize = ObservationNormalizer(self._size)
        self._normalize.restore(moments)
        action_size = int(state["policy"]["log_deviation"].numel())
        self._policy = Policy(
            self._size, action_size, settings["hidden"], settings["initial_deviation"]
        )
        self._policy.load_state_dict(state["policy"])

    def actions(self, env: BatchEnv) -> NDArray[np.float32]:
        """What it does in every sub-env at the present observations, (n, 8).

        Args:
          env: of its task; pictures among the observations are not looked at.

        Raises:
          CheckpointError: the observations are not those that it was trained on.
        """
        fields = [env.structured[name] for name in env.config.observations]
        seen = np.concatenate(fields, axis=1)
        if seen.shape[1] != self._size:
            raise CheckpointError(
                f"The policy of {self._path} looks at {self._size} numbers, these "
                f"observations have {seen.shape[1]}. Use its own task, {self.task}."
            )
        return self._policy.best(self._normalize(seen))
