"""The processes of Gymnasium's AsyncVectorEnv: started, handed over, ended."""

import contextlib
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from typing import Any

import gymnasium
from gymnasium.vector import AsyncVectorEnv
from gymnasium.vector.async_vector_env import AsyncState

CLOSE_PATIENCE_S = 2.0
"""How long close() lets workers free their simulators before it kills them."""


class RaisedInWorker(Exception):
    """What a worker of AsyncVectorEnv puts into its error queue.

    Args:
      worker: its index.
      kind: the exception's class.
      message: the exception or its text.
      trace: its traceback.
    """

    def __init__(self, worker: int, kind: type, message: object, trace: str) -> None:
        self.worker = worker
        self.what = f"raised {kind.__name__}: {message}"
        self.trace = trace
        super().__init__(self.what)


class PatientAsyncVectorEnv(AsyncVectorEnv):
    """AsyncVectorEnv whose first question to the workers is asked by its owner.

    Its own would wait for ever for a worker that does not start. It has to be asked
    inside the constructor all the same: only there does something hold the
    semaphores that the workers open while they start.

    Args:
      started: called with this object when all processes have been started.
      env_fns, **options: AsyncVectorEnv's.
    """

    def __init__(
        self,
        started: Callable[[Any], None],
        env_fns: Sequence[Callable[[], gymnasium.Env[Any, Any]]],
        **options: Any,
    ) -> None:
        self._started = started
        # Starting the tracker lets Ctrl-C through again, so that comes first.
        resource_tracker.ensure_running()
        # Workers inherit the mask: Ctrl-C while they still import is our affair alone.
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().__init__(env_fns, **options)
        finally:
            self._unmask()

    def _unmask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _check_spaces(self) -> None:
        self._unmask()
        started, self._started = self._started, _nothing
        started(self)

    def _raise_if_errors(self, successes: Any) -> None:
        """Raise what a worker raised, without Gymnasium's logging it as a warning."""
        if not all(successes):
            raise RaisedInWorker(*self.error_queue.get(timeout=5.0))

    def __del__(self) -> None:
        # GymVecEnv ends the workers; AsyncVectorEnv's own way may wait for ever.
        pass


def _nothing(vec: Any) -> None:
    """Stands in for the owner's question once it has been asked."""


def end_processes(vec: Any, patience_s: float) -> None:
    """Ask the workers to close, wait for a while, kill those that are left."""
    if patience_s and vec._state is AsyncState.DEFAULT:
        for pipe in vec.parent_pipes:
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(OSError):
                    pipe.send(("close", None))
        deadline = time.monotonic() + patience_s
        for process in vec.processes:
            process.join(max(0.0, deadline - time.monotonic()))
    for process in vec.processes:
        if process.is_alive():
            process.kill()
    for process in vec.processes:
        process.join()
        process.close()
    for pipe in vec.parent_pipes:
        if pipe is not None:
            pipe.close()
    vec.processes = []
    vec.parent_pipes = []
    vec.error_queue.close()
    vec.error_queue.cancel_join_thread()
    # Its two descriptors close with its last reference.
    vec.error_queue = None
    vec.closed = True


def release(vec: Any, stderr_fds: list[int], owner_pid: int) -> None:
    """Free everything; also runs without close()."""
    if os.getpid() != owner_pid:
        return
    if not vec.closed:
        end_processes(vec, 0.0)
    close_all(stderr_fds)


def close_all(fds: list[int]) -> None:
    """Close descriptors and forget them."""
    while fds:
        os.close(fds.pop())


@contextlib.contextmanager
def no_main_module() -> Iterator[None]:
    """Hide the user's script from processes that are being spawned.

    multiprocessing would import it in every worker, which a script without a
    ``__main__`` guard answers by making the vector environment once more. The
    environment functions travel by cloudpickle and need no such import.
    """
    real = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = real


def last_words(stderr_fd: int) -> str:
    """The last lines in a worker's stderr memory file."""
    start = max(0, os.fstat(stderr_fd).st_size - 4096)
    text = os.pread(stderr_fd, 4096, start).decode(errors="replace")
    return "\n".join(text.splitlines()[-20:])
