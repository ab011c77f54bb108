"""What runs first inside each process of Gymnasium's AsyncVectorEnv."""

import contextlib
import ctypes
import faulthandler
import os
import signal
from collections.abc import Callable
from typing import Any

import gymnasium

from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.worker_process import THREAD_LIMITS

_PR_SET_PDEATHSIG = 1


class SpacesOnlyEnv(gymnasium.Env[Any, Any]):
    """Stands in for the environment that AsyncVectorEnv builds in the parent.

    Args:
      observation_space, action_space: what it is asked for.
    """

    def __init__(
        self,
        observation_space: gymnasium.Space[Any],
        action_space: gymnasium.Space[Any],
    ) -> None:
        self.observation_space = observation_space
        self.action_space = action_space


class BootstrappedEnvFn:
    """An environment function that prepares its process before it builds.

    Called in the parent it returns spaces only: no simulator starts there.

    Args:
      make_env: builds the environment.
      layout: the vector environment's spaces.
      stderr_fd: the parent's descriptor of this worker's stderr memory file.
    """

    def __init__(
        self,
        make_env: Callable[[], gymnasium.Env[Any, Any]],
        layout: VecLayout,
        stderr_fd: int,
    ) -> None:
        self._make_env = make_env
        self._observation_space = (
            layout.structured_space or layout.single_observation_space
        )
        self._action_space = layout.single_action_space
        self._parent_pid = os.getpid()
        self._stderr_fd = stderr_fd

    def __call__(self) -> gymnasium.Env[Any, Any]:
        """The environment, or its spaces where this is the parent."""
        if os.getpid() == self._parent_pid:
            return SpacesOnlyEnv(self._observation_space, self._action_space)
        self._bootstrap()
        return self._make_env()

    def _bootstrap(self) -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != self._parent_pid:
            os._exit(1)
        # Out of the terminal's group: Ctrl-C is the parent's affair.
        with contextlib.suppress(PermissionError):
            os.setpgid(0, 0)
        os.environ.update(THREAD_LIMITS)
        path = f"/proc/{self._parent_pid}/fd/{self._stderr_fd}"
        with contextlib.suppress(OSError):
            memory_file = os.open(path, os.O_WRONLY | os.O_APPEND)
            os.dup2(memory_file, 2)
            os.close(memory_file)
        faulthandler.enable()
