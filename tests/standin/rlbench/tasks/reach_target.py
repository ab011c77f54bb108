"""A task with a shaped reward."""

import numpy as np
from pyrep.robots import Tip

from rlbench.backend.task import Task


class ReachTarget(Task):
    """Come near the target."""

    variations = 20
    low_dim_size = 3

    def reward(self) -> float:
        return -float(np.linalg.norm(Tip().get_pose()[:3] - self.target))
