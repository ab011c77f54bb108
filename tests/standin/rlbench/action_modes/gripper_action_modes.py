"""What the last number of an action means to the stand-in."""

import time
from typing import Any

import numpy as np
from pyrep.backend import standin as sim


class Discrete:
    """Open above 0.5; a loop that NaN never leaves."""

    def __init__(self, attach_grasped_objects: bool = True) -> None:
        self._attach = attach_grasped_objects

    def action(self, scene: Any, action: np.ndarray) -> None:
        while not np.isfinite(action[0]):
            time.sleep(0.1)
        sim.simulator.fingers[:] = 0.04 if action[0] > 0.5 else 0.0


class GripperJointPosition:
    """Each finger's position."""

    def __init__(
        self, attach_grasped_objects: bool = True, absolute_mode: bool = True
    ) -> None:
        self._attach = attach_grasped_objects

    def action(self, scene: Any, action: np.ndarray) -> None:
        sim.simulator.fingers[:] = action[0]
