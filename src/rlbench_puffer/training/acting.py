"""A trained policy at work outside of training: what a checkpoint holds, acting."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import CheckpointError
from rlbench_puffer.training.checkpoint import (
    as_arrays,
    load_checkpoint,
    read_settings,
)
from rlbench_puffer.training.eyes import Eyes
from rlbench_puffer.training.normalization import ObservationNormalizer
from rlbench_puffer.training.observations import ObservationReader
from rlbench_puffer.training.policy import Policy


class TrainedPolicy:
    """The policy of a checkpoint, without chance; a context manager.

    A policy that looks through cameras draws what it sees itself: the cameras and the
    size of those who film it are their own matter.

    Args:
      path: a file that ``rlbench-puffer train`` wrote.

    Attributes:
      task: name of the task that it was trained on.
      engine: what simulated it there.
      arm_action_mode: what its actions mean.

    Raises:
      CheckpointError: missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        settings, state = read_settings(path), load_checkpoint(path, None)
        self._path = path
        self._settings = settings
        self.task: str = settings["task"]
        self.engine: str = settings["engine"]
        self.arm_action_mode: str = settings["arm_action_mode"]
        moments: dict[str, Any] = as_arrays(state["observations"])
        self._size = int(moments["mean"].size)
        self._normalize = ObservationNormalizer(self._size)
        self._normalize.restore(moments)
        height, width = settings["camera_size"]
        picture = (settings["frame_stack"], height, width, 3 * len(settings["cameras"]))
        self._policy = Policy(
            self._size,
            int(state["policy"]["log_deviation"].numel()),
            settings["hidden"],
            settings["initial_deviation"],
            picture if settings["cameras"] else None,
            settings["precision"],
        )
        self._policy.load_state_dict(state["policy"])
        self._env: BatchEnv | None = None
        self._eyes: Eyes | None = None
        self._own: BatchEnv | None = None

    def actions(self, env: BatchEnv) -> NDArray[np.float32]:
        """What it does in every sub-env at the present observations, (n, 8).

        Called once for every control step from the start of an episode on.

        Args:
          env: of its task; pictures among the observations are not looked at.

        Raises:
          CheckpointError: the observations are not those that it was trained on.
          DisplayError: it looks through cameras, and nothing draws here.
        """
        if self._env is not env:
            self._meet(env)
        assert self._eyes is not None
        drawn = None
        if self._own is not None:
            for env_id in range(env.num_agents):
                self._own.set_state(env_id, env.get_state(env_id))
            drawn = self._own.structured
        begins = env.episode_steps == 0
        return self._policy.best(self._eyes(env.structured, begins, drawn))

    def close(self) -> None:
        """Free what it draws with. Twice is fine."""
        if self._own is not None:
            self._own.close()
            self._own = None
        self._env = None

    def __enter__(self) -> Self:
        """For ``with`` blocks."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    def _check_cameras(self, env: BatchEnv) -> None:
        """A process holds one simulator: pictures come from the environment's own."""
        size = tuple(self._settings["camera_size"])
        sizes = {name: camera.size for name, camera in env.config.camera_pairs}
        names = self._settings["cameras"]
        if any(sizes.get(name) != size for name in names):
            raise CheckpointError(
                f"The policy of {self._path} looks through {', '.join(names)} at "
                f"{size[0]} x {size[1]} pixels, and a process can hold one simulator. "
                f"Use `--cameras {' '.join(names)} --size {size[0]} {size[1]}`."
            )

    def _meet(self, env: BatchEnv) -> None:
        """Get ready for an environment."""
        self.close()
        settings = self._settings
        names, known = settings["observations"], env.structured.dtype.names or ()
        missing = [name for name in names if name not in known]
        size = sum(env.structured.dtype[n].shape[0] for n in names if n in known)
        if missing or size != self._size:
            lacking = f" without {', '.join(missing)}" if missing else ""
            raise CheckpointError(
                f"The policy of {self._path} looks at {self._size} numbers, these "
                f"observations have {size}{lacking}. Use its own task, {self.task}."
            )
        looks_at = env
        if settings["cameras"] and self.engine != "builtin":
            self._check_cameras(env)
        elif settings["cameras"]:
            config = make_config(
                self.task,
                arm_action_mode=self.arm_action_mode,
                observations=tuple(names) or ("gripper_open",),
                cameras=dict.fromkeys(
                    settings["cameras"], tuple(settings["camera_size"])
                ),
                display=env.config.display,
            )
            looks_at = self._own = make_batch_env(config, env.num_agents)
        reader = ObservationReader(
            looks_at.structured.dtype, names, settings["cameras"]
        )
        self._eyes = Eyes(
            reader, self._normalize, env.num_agents, settings["frame_stack"]
        )
        self._env = env
