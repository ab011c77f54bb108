"""The control words between parent and worker: who writes what, and in what order.

The parent writes a command's data, then its code and argument, then its number;
the worker writes results and books, then its status, then the command's number as
done. The number is always stored last, so whoever sees it sees the rest.
"""

from collections.abc import Sequence
from typing import Any

from rlbench_puffer.vector.shm.memory import WORDS_PER_WORKER, Block
from rlbench_puffer.vector.waiting import Waiter, burst_for, futex_sleep, futex_wake

# Written by the parent: the first cache line.
COMMAND = 0
CODE = 1
ARGUMENT = 2
PARENT_WAITS = 3
# Written by the worker: the second.
DONE = 16
STATUS = 17
WORKER_SLEEPS = 18

RESET, STEP, CHUNK, CLOSE = 1, 2, 3, 4
"""Codes. RESET's argument is the chunk it stands at the head of, or 0."""

HAS_INFOS, ENDED, RAISED = 1, 2, 4
"""Status bits: a message follows on the pipe; an episode ended; an exception."""

WAITS_FOR_THIS, WAITS_FOR_ANY = 1, 2
"""What the parent sleeps on: this worker's DONE word, or the doorbell."""

NUMBER_MASK = 0xFFFFFFFF


class _End:
    """One end of one worker's words.

    Args:
      block: the shared block.
      worker: whose words.
    """

    def __init__(self, block: Block, worker: int) -> None:
        self._words: Any = block.words
        self._base = worker * WORDS_PER_WORKER
        self._command_address = block.words_address + 4 * (self._base + COMMAND)
        self.done_address = block.words_address + 4 * (self._base + DONE)


class CommandEnd(_End):
    """The worker's end: takes commands, says when they are done."""

    def __init__(self, block: Block, worker: int) -> None:
        super().__init__(block, worker)
        self._doorbell = block.plan.num_workers * WORDS_PER_WORKER
        self._doorbell_address = block.words_address + 4 * self._doorbell
        self._command_index = self._base + COMMAND
        self._code_index = self._base + CODE
        self._waits_index = self._base + PARENT_WAITS
        self._done_index = self._base + DONE
        self._status_index = self._base + STATUS
        self.number: int = self._words[self._done_index]
        self.waiter = Waiter(burst_for(block.plan.num_workers))
        self._spin = self.waiter.spin

    def next_command(self) -> int:
        """Wait for a command; its code."""
        words, index = self._words, self._command_index
        old = self.number
        if not self._spin(words, index, old):
            flag = self._base + WORKER_SLEEPS
            while not self.waiter.sleep(words, index, old, self._command_address, flag):
                pass
        self.number = words[index]
        return words[self._code_index]

    def argument(self) -> int:
        """The argument of the present command."""
        return self._words[self._base + ARGUMENT]

    def done(self, status: int) -> None:
        """Publish the results of the present command."""
        words = self._words
        words[self._status_index] = status
        words[self._done_index] = self.number
        waits = words[self._waits_index]
        if not waits:
            return
        if waits == WAITS_FOR_THIS:
            futex_wake(self.done_address)
        elif waits == WAITS_FOR_ANY:
            # Two workers may both store the same new number; the parent sleeps
            # in bounded slices, so the worst is one slice lost.
            words[self._doorbell] = (words[self._doorbell] + 1) & NUMBER_MASK
            futex_wake(self._doorbell_address)


class WorkerWords(_End):
    """The parent's end of one worker's words.

    Attributes:
      number: the last command's number.
      done_index, status_index, done_address: where the worker answers.
    """

    def __init__(self, block: Block, worker: int) -> None:
        super().__init__(block, worker)
        self.done_index = self._base + DONE
        self.status_index = self._base + STATUS
        self.waits_index = self._base + PARENT_WAITS
        self._code_index = self._base + CODE
        self._argument_index = self._base + ARGUMENT
        self._command_index = self._base + COMMAND
        self._sleeps_index = self._base + WORKER_SLEEPS
        self.number = 0
        # Code and argument stand in the words until others are posted.
        self._steps = False

    def post(self, code: int, argument: int = 0) -> None:
        """Give the worker a command."""
        words = self._words
        words[self._code_index] = code
        words[self._argument_index] = argument
        self._steps = code == STEP and not argument
        self._post()

    def post_step(self) -> None:
        """``post(STEP)``, which mostly follows upon itself."""
        if not self._steps:
            self.post(STEP)
            return
        # What _post does, without the call.
        words = self._words
        self.number = number = (self.number + 1) & NUMBER_MASK
        words[self._command_index] = number
        if words[self._sleeps_index]:
            futex_wake(self._command_address)

    def _post(self) -> None:
        words = self._words
        self.number = number = (self.number + 1) & NUMBER_MASK
        words[self._command_index] = number
        if words[self._sleeps_index]:
            futex_wake(self._command_address)

    def is_done(self) -> bool:
        """Whether the last command has been answered."""
        return self._words[self.done_index] == self.number

    def clear(self) -> None:
        """Start anew, for a new process; the old one must be gone."""
        for index in range(self._base, self._base + WORDS_PER_WORKER):
            self._words[index] = 0
        self.number = 0
        self._steps = False


class Doorbell:
    """One word that any worker changes, for a parent that waits for several.

    Args:
      block: the shared block; the word is in the line after the workers'.
    """

    def __init__(self, block: Block) -> None:
        self._words: Any = block.words
        self._index = block.plan.num_workers * WORDS_PER_WORKER
        self._address = block.words_address + 4 * self._index

    def sleep(self, waiting: Sequence[WorkerWords]) -> bool:
        """Sleep until one of some workers answers, for one slice at most.

        Returns:
          Whether it slept; not if an answer was there already, or nobody owes one.
        """
        words = self._words
        old = words[self._index]
        for each in waiting:
            words[each.waits_index] = WAITS_FOR_ANY
        slept = bool(waiting) and not any(each.is_done() for each in waiting)
        if slept:
            futex_sleep(self._address, old)
        for each in waiting:
            words[each.waits_index] = 0
        return slept
