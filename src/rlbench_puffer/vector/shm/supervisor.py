"""Keeps the worker processes: starts, watches and replaces them, names their faults."""

import contextlib
import dataclasses
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait as wait_for_any
from typing import Any, Literal

from rlbench_puffer.errors import (
    InvalidOptionError,
    UnknownNameError,
    WorkerDiedError,
    WorkerError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.vector.deadlines import Deadlines, check_seconds
from rlbench_puffer.vector.worker_process import Lifeline, WorkerProcess

OnFault = Literal["restart", "raise"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaultPolicy(Deadlines):
    """What happens when a worker dies, hangs or raises.

    Raises:
      UnknownNameError: ``on_fault`` is neither of its two words.
      InvalidOptionError: a time that is not positive, or a negative count.
    """

    on_fault: OnFault = "restart"
    """``"restart"`` replaces the worker and truncates its episodes; ``"raise"``
    raises at once."""

    max_restarts: int = 5
    """Restarts within one window, of all workers together, before the error is
    raised after all."""

    restart_window_s: float = 60.0
    """Length of that window in [s]."""

    start_concurrency: int | None = None
    """Workers that start at the same time; None takes twice the cores at hand."""

    def __post_init__(self) -> None:
        """Check every field."""
        super().__post_init__()
        if self.on_fault not in ("restart", "raise"):
            raise UnknownNameError("fault policy", self.on_fault, ("restart", "raise"))
        check_seconds("restart_window_s", self.restart_window_s)
        if not isinstance(self.max_restarts, int) or self.max_restarts < 0:
            raise InvalidOptionError(
                "max_restarts", self.max_restarts, "a whole number of at least 0"
            )
        concurrency = self.start_concurrency
        if concurrency is not None and (
            not isinstance(concurrency, int) or concurrency < 1
        ):
            raise InvalidOptionError(
                "start_concurrency", concurrency, "a whole number of at least 1"
            )

    def limit_s(self, steps: int, *, resetting: bool) -> float:
        """How long a command may take in [s]: a step, a chunk, or a reset before it."""
        if resetting:
            return self.reset_timeout_s + self.step_timeout_s * steps
        return self.step_timeout_s * max(1, steps)


class Supervisor:
    """The processes of one pool.

    Attributes:
      processes: one for each worker.
      starting: workers that have not said "ready" yet.
      restarts: how many workers were replaced so far.

    Args:
      num_workers: how many.
      entry: ``"module:function"`` that a worker runs.
      order_of: the payload of worker i.
      pass_fds: descriptors that every worker inherits.
      policy: deadlines and restarts.
      cpu_affinity: cores that worker i is bound to, in turn; empty binds nobody.
    """

    def __init__(
        self,
        num_workers: int,
        entry: str,
        order_of: Callable[[int], Any],
        *,
        pass_fds: tuple[int, ...],
        policy: FaultPolicy,
        cpu_affinity: Sequence[int] = (),
    ) -> None:
        self.policy = policy
        self.processes: list[WorkerProcess] = []
        self.starting: dict[int, float] = {}
        self.restarts = 0
        self._num_workers = num_workers
        self._entry = entry
        self._order_of = order_of
        self._pass_fds = pass_fds
        self._cpu_affinity = tuple(cpu_affinity)
        self._restart_times: deque[float] = deque()
        self._lifeline = Lifeline()
        self._owner_pid = os.getpid()
        self._ended = False

    def start_all(self) -> None:
        """Start every worker, a few at a time, and wait until all are ready.

        Raises:
          WorkerError: one failed; all have been ended.
        """
        cores = len(os.sched_getaffinity(0))
        limit = self.policy.start_concurrency or 2 * cores
        try:
            while len(self.processes) < self._num_workers or self.starting:
                while (
                    len(self.processes) < self._num_workers
                    and len(self.starting) < limit
                ):
                    self.processes.append(self._launch(len(self.processes)))
                self._wait_for_news()
                for index in list(self.starting):
                    error = self.start_error(index)
                    if error is not None:
                        raise error
        except BaseException:
            self.end_all(0.0)
            raise

    def relaunch(self, index: int) -> None:
        """Put a new process in a worker's place; it will say when it is ready."""
        self.processes[index].end(0.0)
        self.restarts += 1
        self.processes[index] = self._launch(index)

    def may_restart(self) -> bool:
        """Whether the policy allows one more restart now; if so, it is noted."""
        if self.policy.on_fault == "raise":
            return False
        now = time.monotonic()
        while (
            self._restart_times
            and now - self._restart_times[0] > self.policy.restart_window_s
        ):
            self._restart_times.popleft()
        if len(self._restart_times) >= self.policy.max_restarts:
            return False
        self._restart_times.append(now)
        return True

    def start_error(self, index: int) -> WorkerError | None:
        """Look after a starting worker: note that it is ready, or say why not."""
        process = self.processes[index]
        exited = process.has_exited()
        message = self.message(index)
        if message is not None:
            kind, content = message
            if kind == "ready":
                del self.starting[index]
                return None
            return self.raised(index, "init", content)
        if exited:
            return self.died(index, "init")
        if time.monotonic() > self.starting[index]:
            return self.timed_out(index, "init", self.policy.init_timeout_s)
        return None

    def message(self, index: int) -> Any:
        """A worker's message if one is there, else None."""
        conn = self.processes[index].conn
        with contextlib.suppress(EOFError, OSError):
            if conn.poll():
                return conn.recv()
        return None

    def infos(self, index: int) -> list[dict[str, Any]]:
        """The infos that a worker has announced.

        It sends right after the announcement. Should it be stopped in between, the
        next wait finds out; the infos are lost with it.
        """
        conn = self.processes[index].conn
        with contextlib.suppress(EOFError, OSError):
            if conn.poll(self.policy.step_timeout_s):
                return conn.recv()
        return []

    def told(self, index: int, phase: str) -> WorkerError:
        """The error that a worker has announced."""
        process = self.processes[index]
        if process.conn.poll(1.0):
            message = self.message(index)
            if message is not None:
                return self.raised(index, phase, message[1])
        # It promised a message and sent none; what is left of it is ended.
        process.kill()
        return self.died(index, phase)

    def died(self, index: int, phase: str) -> WorkerDiedError:
        """The error for a process that is gone."""
        process = self.processes[index]
        return WorkerDiedError(
            index, phase, process.how_it_ended(), process.last_words()
        )

    def timed_out(self, index: int, phase: str, limit_s: float) -> WorkerTimeoutError:
        """The error for a process that missed its deadline."""
        what = f"did not answer within {limit_s:g} s and was killed"
        words = self.processes[index].last_words()
        return WorkerTimeoutError(index, phase, what, words)

    def raised(self, index: int, phase: str, texts: Any) -> WorkerRaisedError:
        """The error for an exception in the environment."""
        what = f"raised {texts['type']}: {texts['message']}"
        return WorkerRaisedError(index, phase, what, texts["traceback"])

    def report(self) -> list[dict[str, Any]]:
        """Process id and life of every worker; empty after the end."""
        if self._ended:
            return []
        return [
            {
                "worker_index": process.index,
                "pid": process.pid,
                "alive": not process.has_exited(),
                "starting": process.index in self.starting,
            }
            for process in self.processes
        ]

    @property
    def owned_here(self) -> bool:
        """Whether this process started the workers; a forked copy did not."""
        return os.getpid() == self._owner_pid

    def end_all(self, patience_s: float) -> None:
        """End every process: those that do not exit by themselves are killed."""
        if self._ended or not self.owned_here:
            return
        self._ended = True
        deadline = time.monotonic() + patience_s
        for process in self.processes:
            process.end(deadline)
        self._lifeline.close()

    def _launch(self, index: int) -> WorkerProcess:
        process = WorkerProcess(
            index,
            self._lifeline,
            self._entry,
            self._order_of(index),
            pass_fds=self._pass_fds,
        )
        if self._cpu_affinity:
            core = self._cpu_affinity[index % len(self._cpu_affinity)]
            process.set_affinity({core})
        self.starting[index] = time.monotonic() + self.policy.init_timeout_s
        return process

    def _wait_for_news(self) -> None:
        """Sleep until a starting worker says something or exits, 50 ms at most."""
        watched: list[Any] = []
        for index in self.starting:
            watched += [self.processes[index].conn, self.processes[index].pidfd]
        wait_for_any(watched, timeout=0.05)
