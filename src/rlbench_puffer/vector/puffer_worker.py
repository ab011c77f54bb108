"""What a worker of the ``puffer`` backend does; it speaks PufferLib's semaphores.

PufferLib keeps one number for each worker: below MAIN it is a command to the
worker, from MAIN on an answer. Here the number is a whole word of shared memory, so
that both sides can sleep on it.
"""

from multiprocessing.connection import Connection

from rlbench_puffer.vector.bootstrap import report_error
from rlbench_puffer.vector.runner import Runner
from rlbench_puffer.vector.shm.memory import WORDS_PER_WORKER, Block
from rlbench_puffer.vector.shm.order import WorkerOrder
from rlbench_puffer.vector.waiting import Waiter, burst_for, futex_wake

ENTRY = f"{__name__}:serve"

# PufferLib's numbers; CHUNK takes one that its semaphores do not use.
RESET, STEP, CHUNK, CLOSE, MAIN, INFO, ERROR = 0, 1, 2, 4, 5, 6, 7

# Words of one worker: the semaphore and the length of a chunk are the parent's to
# write between two answers; then who sleeps, and whether the end has come, which the
# parent may say while the worker is about to overwrite the semaphore.
SEMAPHORE, CHUNK_LEN, PARENT_SLEEPS, CLOSING, WORKER_SLEEPS = 0, 1, 2, 3, 16


def serve(conn: Connection, order: WorkerOrder) -> None:
    """Build the host, say so, and work until told to close.

    Args:
      conn: the pipe to the parent, for infos, errors and the handshake.
      order: what to build.
    """
    worker = order.worker_index
    block, runner = order.build()
    semaphore = _Semaphore(block, worker)
    conn.send(("ready", None))
    try:
        _work(conn, block, worker, runner, semaphore)
    except Exception as error:  # noqa: BLE001 - the parent raises it by name
        report_error(conn, error)
        semaphore.answer(ERROR)
        semaphore.next_command()
    runner.host.close()


class _Semaphore:
    """The worker's side of its word."""

    def __init__(self, block: Block, worker: int) -> None:
        self._words = block.words
        self._base = worker * WORDS_PER_WORKER
        self._address = block.words_address + 4 * (self._base + SEMAPHORE)
        self._waiter = Waiter(burst_for(block.plan.num_workers))
        self._last = MAIN
        # A fresh block holds zeros, and zero is PufferLib's RESET.
        self._words[self._base + SEMAPHORE] = MAIN

    def next_command(self) -> int:
        words, index = self._words, self._base + SEMAPHORE
        if not self._waiter.spin(words, index, self._last):
            flag = self._base + WORKER_SLEEPS
            while not self._waiter.sleep(words, index, self._last, self._address, flag):
                if words[self._base + CLOSING]:
                    return CLOSE
        return words[index]

    def chunk_len(self) -> int:
        return self._words[self._base + CHUNK_LEN]

    def answer(self, value: int) -> None:
        self._last = value
        self._words[self._base + SEMAPHORE] = value
        if self._words[self._base + PARENT_SLEEPS]:
            futex_wake(self._address)


def _work(
    conn: Connection, block: Block, worker: int, runner: Runner, semaphore: _Semaphore
) -> None:
    books = block.tally_slots(worker)[0]
    while True:
        command = semaphore.next_command()
        if command == STEP:
            infos, _ = runner.step()
        elif command == CHUNK:
            length = semaphore.chunk_len()
            infos, _ = runner.step_chunk(block.chunk_buffers(worker, 0, length))
        elif command == RESET:
            seeds = block.seeds[worker].tolist()
            infos = runner.reset(seeds, [0] * len(seeds))
        elif command == CLOSE:
            return
        else:
            raise ValueError(f"semaphore {command} is no command")
        runner.write_tally(books)
        semaphore.answer(INFO if infos else MAIN)
        if infos:
            conn.send(infos)
