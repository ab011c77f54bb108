"""A task of a user's own that fails when and how an environment variable says."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
from pyrep.backend import standin as sim
from rlbench.backend.exceptions import TaskEnvironmentError
from rlbench.tasks.reach_target import ReachTarget


class Faulty(ReachTarget):
    """``STANDIN_FAULT`` is "when:how:at:flag".

    ``when`` is ``reset`` or ``step``, ``at`` the number of that call in this process,
    and the fault happens once in all processes, which the file ``flag`` remembers.
    """

    resets = 0
    spoilt = False

    def init_episode(self, index: int) -> list[str]:
        self.resets += 1
        self._fail("reset", self.resets)
        return super().init_episode(index)

    def step(self) -> None:
        super().step()
        self._fail("step", self.steps)

    def get_low_dim_state(self) -> np.ndarray:
        state = super().get_low_dim_state()
        return state * np.nan if self.spoilt else state

    def _fail(self, when: str, number: int) -> None:
        told, how, at, flag = os.environ["STANDIN_FAULT"].split(":", 3)
        if told != when or int(at) != number:
            return
        try:
            Path(flag).touch(exist_ok=False)
        except FileExistsError:
            return
        fail(self, how)


def fail(task: Faulty, how: str) -> None:
    """Do it."""
    if how == "segfault":
        sim.crash()
    elif how == "exit":
        os._exit(1)
    elif how == "abort":
        os.abort()
    elif how == "wait":
        while True:
            time.sleep(0.05)
    elif how == "hang":
        sim.hang()
    elif how == "refused":
        raise RuntimeError("The call failed on the V-REP side. Return value: -1")
    elif how == "restless":
        while True:
            task.step()
    elif how == "interrupted":
        raise KeyboardInterrupt
    elif how == "unplaceable":
        raise TaskEnvironmentError("Could not place the task faulty in the scene.")
    elif how == "nan":
        task.spoilt = True
    elif how == "fly":
        task.target = np.array([0.0, 1000.0, 0.0])
    elif how == "server":
        # The X server dies under the simulator.
        (server,) = psutil.Process().children()
        server.kill()
        sim.hang()
    else:
        raise ValueError(how)
