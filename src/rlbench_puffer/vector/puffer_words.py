"""PufferLib's semaphores as the parent sees them: posted, waited for, watched."""

import os
import time
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rlbench_puffer.errors import WorkerTimeoutError
from rlbench_puffer.vector.deadlines import Deadlines
from rlbench_puffer.vector.puffer_worker import (
    CHUNK,
    CHUNK_LEN,
    CLOSE,
    CLOSING,
    ERROR,
    MAIN,
    PARENT_SLEEPS,
    RESET,
    SEMAPHORE,
    WORKER_SLEEPS,
)
from rlbench_puffer.vector.shm.memory import WORDS_PER_WORKER, Block
from rlbench_puffer.vector.shm.supervisor import Supervisor
from rlbench_puffer.vector.waiting import Waiter, burst_for, futex_wake

Info = dict[str, Any]

_NAP_S = 1e-4
"""Sleep between two looks at several groups, in [s]; no one word stands for all."""


_LOOK_EVERY_S = 0.1
"""Between two looks at workers that nobody waits for, in [s]."""


class SemaphoreSet:
    """The semaphores of all workers.

    Attributes:
      semaphores: (num_workers,) uint32; PufferLib's methods store commands here.
      waiter: the parent's waiting, for ``health()``.

    Args:
      block: the shared block.
      supervisor: the processes.
      deadlines: how long workers may take.
      workers_per_batch: workers of one group.
    """

    def __init__(
        self,
        block: Block,
        supervisor: Supervisor,
        deadlines: Deadlines,
        workers_per_batch: int,
        *,
        in_turn: bool = False,
    ) -> None:
        count = block.plan.num_workers
        self.waiter = Waiter(burst_for(count))
        self.semaphores: NDArray[Any] = block.arrays["words"][:count, SEMAPHORE]
        self._lengths: NDArray[Any] = block.arrays["words"][:count, CHUNK_LEN]
        self._block = block
        self._raw: Any = block.words
        self._supervisor = supervisor
        self._deadlines = deadlines
        self._commands: list[int | None] = [None] * count
        self._posted_at = [0.0] * count
        self._chunk_len = 1
        self._groups = [
            range(start, start + workers_per_batch)
            for start in range(0, count, workers_per_batch)
        ]
        self._next_group = 0
        self._in_turn = in_turn
        self._looked_at = 0.0

    def post_all(self, command: int, chunk_len: int = 1) -> None:
        """Give every worker a command."""
        self._lengths[:] = self._chunk_len = chunk_len
        self.semaphores[:] = command
        self.posted(range(len(self._commands)), command)

    def ask_to_close(self) -> None:
        """Tell every worker to free its sub-envs and exit, whatever it is doing."""
        self._block.arrays["words"][: len(self._commands), CLOSING] = 1
        self.post_all(CLOSE)

    def posted(self, workers: Sequence[int], command: int) -> None:
        """A command has been stored for some workers: wake those that sleep."""
        now = time.monotonic()
        for worker in workers:
            self._commands[worker] = command
            self._posted_at[worker] = now
            base = worker * WORDS_PER_WORKER
            if self._raw[base + WORKER_SLEEPS]:
                futex_wake(self._block.words_address + 4 * (base + SEMAPHORE))

    def wait_group(self) -> range:
        """Wait for a group of workers that have all answered.

        Among those that are ready, the one served longest ago comes first; in turn
        the others are not looked at.

        Raises:
          WorkerError: a worker died or missed its deadline.
        """
        count = len(self._groups)
        if count == 1:
            self.wait_all()
            return self._groups[0]
        turn = 0
        # Others may always be ready at once; one that died is found all the same.
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._look_around()
        while True:
            for i in range(1 if self._in_turn else count):
                group = (self._next_group + i) % count
                if all(self._answered(worker) for worker in self._groups[group]):
                    self._next_group = (group + 1) % count
                    return self._groups[group]
            turn += 1
            if turn <= self.waiter.budget:
                os.sched_yield()
            else:
                time.sleep(_NAP_S)
                self._look_around()

    def wait_all(self) -> None:
        """Wait until no worker owes an answer.

        Raises:
          WorkerError: a worker died or missed its deadline.
        """
        raw = self._raw
        for worker, command in enumerate(self._commands):
            if command is None:
                continue
            base = worker * WORDS_PER_WORKER
            index = base + SEMAPHORE
            if raw[index] >= MAIN or self.waiter.spin(raw, index, command):
                continue
            address = self._block.words_address + 4 * index
            flag = base + PARENT_SLEEPS
            while not self.waiter.sleep(raw, index, command, address, flag):
                self._look_around()

    def answers(self, workers: Sequence[int]) -> list[Info]:
        """Take the answers of some workers; their infos.

        Raises:
          WorkerError: one of them raised.
        """
        infos: list[Info] = []
        for worker in workers:
            answer = self._raw[worker * WORDS_PER_WORKER + SEMAPHORE]
            if self._commands[worker] is not None and answer != MAIN:
                infos += self._message(worker, answer)
            self._commands[worker] = None
        return infos

    def busy(self) -> list[int]:
        """Workers whose answers have not been taken."""
        return [w for w, command in enumerate(self._commands) if command is not None]

    def _message(self, worker: int, answer: int) -> list[Info]:
        conn = self._supervisor.processes[worker].conn
        if not conn.poll(self._deadlines.step_timeout_s):
            raise self._timed_out(worker)
        try:
            message = conn.recv()
        except (EOFError, OSError):
            self._supervisor.processes[worker].kill()
            raise self._supervisor.died(worker, self._phase(worker)) from None
        if answer == ERROR:
            raise self._supervisor.raised(worker, self._phase(worker), message[1])
        return message

    def _answered(self, worker: int) -> bool:
        return self._raw[worker * WORDS_PER_WORKER + SEMAPHORE] >= MAIN

    def _look_around(self) -> None:
        now = self._looked_at = time.monotonic()
        for worker in self.busy():
            process = self._supervisor.processes[worker]
            # Exit is asked before the answer: a worker may answer, then exit.
            exited = process.has_exited()
            if self._answered(worker):
                continue
            if exited:
                raise self._supervisor.died(worker, self._phase(worker))
            if now - self._posted_at[worker] > self._limit(worker):
                raise self._timed_out(worker)
            process.trim_stderr()

    def _phase(self, worker: int) -> str:
        return "reset" if self._commands[worker] == RESET else "step"

    def _limit(self, worker: int) -> float:
        command = self._commands[worker]
        if command == RESET:
            return self._deadlines.reset_timeout_s
        chunk = self._chunk_len if command == CHUNK else 1
        return self._deadlines.step_timeout_s * chunk

    def _timed_out(self, worker: int) -> WorkerTimeoutError:
        self._supervisor.processes[worker].kill()
        limit = self._limit(worker)
        return self._supervisor.timed_out(worker, self._phase(worker), limit)
