"""The stand-in's environment: it launches the simulator and loads tasks."""

import os
from pathlib import Path
from typing import Any

from pyrep import PyRep

from rlbench.const import SUPPORTED_ROBOTS
from rlbench.observation_config import ObservationConfig
from rlbench.task_environment import TaskEnvironment


class Environment:
    """Each environment has a scene."""

    def __init__(
        self,
        action_mode: Any,
        dataset_root: str = "",
        obs_config: ObservationConfig | None = None,
        headless: bool = False,
        static_positions: bool = False,
        robot_setup: str = "panda",
        randomize_every: Any = None,
        frequency: int = 1,
        visual_randomization_config: Any = None,
        attach_grasped_objects: bool = True,
        shaped_rewards: bool = False,
    ) -> None:
        if dataset_root and not Path(dataset_root).exists():
            raise RuntimeError(f"Data set root does not exist: {dataset_root}")
        self.action_mode = action_mode
        self.obs_config = obs_config or ObservationConfig()
        self.shaped_rewards = shaped_rewards
        self.static_positions = static_positions
        self._robot_setup = robot_setup
        self._pyrep: PyRep | None = None

    def launch(self) -> None:
        if self._pyrep is not None:
            raise RuntimeError("Already called launch!")
        self._pyrep = PyRep()
        self._pyrep.launch(headless=True)
        arm, gripper, _ = SUPPORTED_ROBOTS[self._robot_setup]
        self.arm, self.gripper = arm(), gripper()

    def shutdown(self) -> None:
        if self._pyrep is not None:
            self._pyrep.shutdown()
        self._pyrep = None

    def get_task(self, task_class: Any) -> TaskEnvironment:
        if self._pyrep is None:
            self.launch()
        assert self._pyrep is not None
        if "STANDIN_LACKS_MODEL" in os.environ:
            raise FileNotFoundError(
                "The following is not a valid task .ttm file: task_ttms/x.ttm"
            )
        return TaskEnvironment(self, task_class(self._pyrep, self))
