"""The base of the stand-in's tasks."""

import re
from typing import Any

import numpy as np
from pyrep import PyRep
from pyrep.objects.object import Object
from pyrep.robots import Tip


class Task:
    """A target on a table, and a tip that should come near it."""

    variations = 3
    low_dim_size = 8

    def __init__(self, pyrep: PyRep, robot: Any) -> None:
        self.pyrep = pyrep
        self.robot = robot
        self.target = np.zeros(3)
        self.steps = 0

    def get_name(self) -> str:
        return re.sub("(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def variation_count(self) -> int:
        return self.variations

    def init_episode(self, index: int) -> list[str]:
        self.steps = 0
        offset = np.random.uniform(-0.1, 0.1, 3)  # noqa: NPY002 - as RLBench does
        self.target = np.array([0.3, 0.0, 1.2]) + offset
        return [f"{self.get_name()} {index}", "the same in other words"]

    def step(self) -> None:
        """Called each time the simulation is stepped."""
        self.steps += 1

    def success(self) -> tuple[bool, bool]:
        near = bool(np.linalg.norm(Tip().get_pose()[:3] - self.target) < 0.05)
        return near, near

    def decorate_observation(self, observation: Any) -> Any:
        """May change an observation."""
        return observation

    def reward(self) -> float | None:
        return None

    def get_base(self) -> Any:
        return self

    def get_objects_in_tree(self, object_type: Any) -> list[Object]:
        return [Object(3, self.target)]

    def get_low_dim_state(self) -> np.ndarray:
        return np.resize(self.target, self.low_dim_size)

    def get_waypoints(self) -> list[str]:
        return ["waypoint0", "waypoint1"]
