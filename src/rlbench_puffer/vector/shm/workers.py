"""The workers as the pool sees them: commands out, results in, faults in between."""

import os
import time
from collections.abc import Sequence
from multiprocessing.connection import wait as wait_for_any
from typing import Any

from rlbench_puffer.errors import WorkerError
from rlbench_puffer.vector.books import Accounts
from rlbench_puffer.vector.runner import TALLY_BYTES, read_tally
from rlbench_puffer.vector.shm.memory import Block
from rlbench_puffer.vector.shm.supervisor import Supervisor
from rlbench_puffer.vector.shm.sync import (
    CLOSE,
    HAS_INFOS,
    NUMBER_MASK,
    RAISED,
    RESET,
    STEP,
    Doorbell,
    WorkerWords,
)
from rlbench_puffer.vector.waiting import Waiter, burst_for

_LOOK_EVERY_S = 0.1
"""Between two looks at workers that nobody waits for, in [s]."""


class WorkerSet:
    """All workers of a pool.

    Attributes:
      lost: the error of each worker that failed in the step being waited for; its
        replacement is on its way.
      waiter: the parent's waiting, for ``health()``.
      sent_at: when :meth:`exchange` had sent, in [s] of the perf counter.

    Args:
      block: the shared block.
      supervisor: the processes.
      accounts: where a dead worker's books go.
    """

    def __init__(
        self, block: Block, supervisor: Supervisor, accounts: Accounts
    ) -> None:
        count = block.plan.num_workers
        self.lost: dict[int, WorkerError] = {}
        self.waiter = Waiter(burst_for(count))
        self._spin = self.waiter.spin
        self._block = block
        self._raw: Any = block.words
        self._supervisor = supervisor
        self._policy = supervisor.policy
        self._accounts = accounts
        self._words = [WorkerWords(block, worker) for worker in range(count)]
        self._everyone = range(count)
        self._nothing = [0] * count
        self._stepping = [STEP] * count
        self._pending = [0] * count
        self._arguments = [0] * count
        self._posted_at = [0.0] * count
        # Replaced workers that have not been told to reset yet, and those among
        # them whose reset stands in for a step that the user asked for.
        self._unreset: set[int] = set()
        self._queued: set[int] = set()
        self._looked_at = 0.0
        self.sent_at = 0.0
        self._doorbell = Doorbell(block)

    def post(self, workers: Sequence[int], code: int, argument: int = 0) -> None:
        """Give some workers a command.

        A worker that was replaced gets a reset instead of its first step: that is
        the step after its episodes' end.
        """
        now = time.monotonic()
        for worker in workers:
            self._pending[worker] = code
            self._arguments[worker] = argument
            self._posted_at[worker] = now
            if self._unreset and worker in self._unreset:
                self._post_reset(worker, code, argument)
            else:
                self._words[worker].post(code, argument)

    def exchange(self) -> int:
        """Give every worker a single step and wait for all of them.

        The same as :meth:`post` and :meth:`wait_all`, in fewer calls.

        Returns:
          The status bits of all workers together.

        Raises:
          WorkerError: a worker failed and may not be replaced.
        """
        if self._unreset:
            self.post(self._everyone, STEP)
            self.sent_at = time.perf_counter()
            return self.wait_all(self._everyone)
        for words in self._words:
            words.post_step()
        # The books are kept while the workers are at it.
        self.sent_at = time.perf_counter()
        self._pending[:] = self._stepping
        self._arguments[:] = self._nothing
        self._posted_at[:] = [time.monotonic()] * len(self._words)
        status = self.wait_all(self._everyone)
        if not status and not self.lost:
            # Nothing is left to collect.
            self._pending[:] = self._nothing
        return status

    def wait_all(self, workers: Sequence[int]) -> int:
        """Wait until every one of some workers has a result or is lost.

        Returns:
          The status bits of all of them together.

        Raises:
          WorkerError: a worker failed and may not be replaced.
        """
        if self._unreset or self.lost:
            self._wait_carefully(workers)
        raw, all_words = self._raw, self._words
        status = 0
        for worker in workers:
            words = all_words[worker]
            number, done = words.number, words.done_index
            if raw[done] != number and not self._spin(
                raw, done, (number - 1) & NUMBER_MASK
            ):
                self._wait_for(worker)
            status |= raw[words.status_index]
        if status & RAISED:
            self._wait_carefully(workers)
        return status

    def wait_some(self, count: int) -> list[int]:
        """Wait until ``count`` workers have results; the earliest, sorted by index.

        Raises:
          WorkerError: a worker failed and may not be replaced.
        """
        spins = 0
        # Others may always be ready at once; one that died is found all the same.
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._look_around()
        while True:
            ready = [w for w in range(len(self._words)) if self._has_result(w)]
            for worker in ready:
                if worker not in self.lost and self.status(worker) & RAISED:
                    self._fault_of_raised(worker)
                    ready = []
                    break
            if len(ready) >= count:
                ready.sort(key=self._finished_at)
                return sorted(ready[:count])
            if spins < self.waiter.budget and not self._supervisor.starting:
                spins += 1
                os.sched_yield()
                continue
            spins = 0
            self._sleep_for_any()
            self._look_around()

    def status(self, worker: int) -> int:
        """The status bits of a worker's result."""
        return self._raw[self._words[worker].status_index]

    def infos(self, worker: int) -> list[dict[str, Any]]:
        """The infos that came with a worker's result."""
        if not self.status(worker) & HAS_INFOS:
            return []
        return self._supervisor.infos(worker)

    def take(self, workers: Sequence[int]) -> None:
        """The results of some workers have been delivered."""
        if len(workers) == len(self._pending):
            self._pending[:] = self._nothing
        else:
            for worker in workers:
                self._pending[worker] = 0
        if self.lost:
            for worker in workers:
                self.lost.pop(worker, None)

    def stood_in(self, worker: int) -> bool:
        """Whether the worker's result is a reset in place of a step; asks once."""
        if worker in self._queued:
            self._queued.discard(worker)
            return True
        return False

    def drain(self) -> None:
        """Wait for all pending results and drop them; replaced workers are fresh.

        Raises:
          WorkerError: a worker failed and may not be replaced.
        """
        busy = [
            w
            for w, code in enumerate(self._pending)
            if code and w not in self._supervisor.starting
        ]
        for worker in busy:
            if not self._has_result(worker):
                self._wait_carefully([worker])
            if worker not in self.lost and not self.status(worker) & RAISED:
                self.infos(worker)
        for worker in busy:
            if worker not in self.lost and self.status(worker) & RAISED:
                self._fault_of_raised(worker)
        self.lost.clear()
        self._queued.clear()
        self._pending[:] = self._nothing

    def tallies(self) -> list[dict[str, float]]:
        """The books of every worker up to its last delivered result."""
        return [self._tally(worker) for worker in range(len(self._words))]

    def ask_to_close(self) -> None:
        """Tell every worker to free its sub-envs and exit."""
        for words in self._words:
            words.post(CLOSE)

    def _post_reset(self, worker: int, code: int, argument: int) -> None:
        self._pending[worker] = RESET
        if code != RESET:
            self._queued.add(worker)
            # A single step is a chunk of no length: only the reset.
            self._arguments[worker] = argument
        if worker not in self._supervisor.starting:
            self._unreset.discard(worker)
            self._words[worker].post(RESET, self._arguments[worker])

    def _has_result(self, worker: int) -> bool:
        if worker in self.lost:
            return True
        if not self._pending[worker] or worker in self._unreset:
            return False
        return self._words[worker].is_done()

    def _finished_at(self, worker: int) -> float:
        if worker in self.lost:
            return 0.0
        return self._block.finished_at(worker, self._words[worker].number)

    def _wait_for(self, worker: int) -> None:
        """The slow end of a wait: sleep, look around, sleep again."""
        words = self._words[worker]
        old = (words.number - 1) & NUMBER_MASK
        while not self.waiter.sleep(
            self._raw, words.done_index, old, words.done_address, words.waits_index
        ):
            self._look_around()
            if worker in self.lost or worker in self._unreset:
                self._wait_carefully([worker])
                return

    def _wait_carefully(self, workers: Sequence[int]) -> None:
        """The wait for times when workers are being replaced."""
        while True:
            for worker in workers:
                if (
                    worker not in self.lost
                    and self._has_result(worker)
                    and self.status(worker) & RAISED
                ):
                    self._fault_of_raised(worker)
            missing = [w for w in workers if not self._has_result(w)]
            if not missing:
                return
            self._sleep_for_any()
            self._look_around()

    def _sleep_for_any(self) -> None:
        """Sleep until any worker has news, for one slice at most."""
        starting = list(self._supervisor.starting)
        if starting:
            processes = [self._supervisor.processes[worker] for worker in starting]
            wait_for_any([process.conn for process in processes], timeout=0.005)
            return
        waiting = [
            words
            for worker, words in enumerate(self._words)
            if self._pending[worker] and not words.is_done()
        ]
        self.waiter.sleeps += self._doorbell.sleep(waiting)

    def _look_around(self) -> None:
        now = self._looked_at = time.monotonic()
        supervisor = self._supervisor
        for worker in list(supervisor.starting):
            error = supervisor.start_error(worker)
            if error is not None:
                self._replace(worker, error)
            elif worker not in supervisor.starting and self._pending[worker] == RESET:
                self._unreset.discard(worker)
                self._posted_at[worker] = now
                self._words[worker].post(RESET, self._arguments[worker])
        for worker, code in enumerate(self._pending):
            if not code or worker in supervisor.starting or worker in self.lost:
                continue
            # Exit is asked before the result: a worker may answer, then exit.
            exited = supervisor.processes[worker].has_exited()
            if self._has_result(worker):
                continue
            if exited:
                error = supervisor.died(worker, self._phase(worker))
                self._replace(worker, error)
            elif now - self._posted_at[worker] > self._limit(worker):
                phase, limit = self._phase(worker), self._limit(worker)
                self._replace(worker, supervisor.timed_out(worker, phase, limit))
            else:
                supervisor.processes[worker].trim_stderr()

    def _phase(self, worker: int) -> str:
        return "reset" if self._pending[worker] == RESET else "step"

    def _limit(self, worker: int) -> float:
        resetting = self._pending[worker] == RESET
        return self._policy.limit_s(self._arguments[worker], resetting=resetting)

    def _fault_of_raised(self, worker: int) -> None:
        self._replace(worker, self._supervisor.told(worker, self._phase(worker)))

    def _replace(self, worker: int, error: WorkerError) -> None:
        """Put a new process in a failed worker's place, or raise its error."""
        if not self._supervisor.may_restart():
            raise error
        self._accounts.carry_over(self._tally(worker))
        self._accounts.restarts += 1
        self._accounts.last_faults.append(str(error))
        self._supervisor.relaunch(worker)
        self._words[worker].clear()
        offset = self._block.tally_offset(worker, 0)
        self._block.tallies[offset : offset + 2 * TALLY_BYTES] = bytes(2 * TALLY_BYTES)
        self._unreset.add(worker)
        if self._pending[worker] not in (0, RESET):
            self.lost[worker] = error

    def _tally(self, worker: int) -> dict[str, float]:
        number = self._words[worker].number
        if self._pending[worker]:
            number = (number - 1) & NUMBER_MASK
        offset = self._block.tally_offset(worker, number)
        return read_tally(self._block.tallies, offset)
