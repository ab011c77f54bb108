"""What a worker process of the shared-memory pool does: build, announce, serve."""

from multiprocessing.connection import Connection
from typing import Any

from rlbench_puffer.vector.bootstrap import report_error
from rlbench_puffer.vector.runner import Runner
from rlbench_puffer.vector.shm.memory import Block
from rlbench_puffer.vector.shm.order import WorkerOrder
from rlbench_puffer.vector.shm.sync import (
    CHUNK,
    CLOSE,
    ENDED,
    HAS_INFOS,
    RAISED,
    RESET,
    STEP,
    CommandEnd,
)

ENTRY = f"{__name__}:serve"


def serve(conn: Connection, order: WorkerOrder) -> None:
    """Build the host, say so, and work until told to close.

    Args:
      conn: the pipe to the parent, for infos, errors and the handshake.
      order: what to build.
    """
    worker = order.worker_index
    block, runner = order.build()
    words = CommandEnd(block, worker)
    conn.send(("ready", None))
    try:
        _work(conn, block, worker, runner, words)
    except Exception as error:  # noqa: BLE001 - the parent raises it by name
        report_error(conn, error)
        words.done(RAISED)
        # The parent decides; it ends this process after reading the message.
        words.next_command()
    runner.host.close()


def _work(
    conn: Connection, block: Block, worker: int, runner: Runner, words: CommandEnd
) -> None:
    books = block.tally_slots(worker)
    # Attributes looked up once: a step costs two microseconds here.
    next_command, step, done = words.next_command, runner.step, words.done
    write_tally = runner.write_tally
    while True:
        code = next_command()
        if code == STEP:
            infos, ended = step()
        elif code == CHUNK:
            rows = block.chunk_buffers(worker, 0, words.argument())
            infos, ended = runner.step_chunk(rows)
        elif code == RESET:
            infos, ended = _reset(block, worker, runner, words.argument())
        elif code == CLOSE:
            return
        else:
            raise ValueError(
                f"command code {code} is none of RESET, STEP, CHUNK, CLOSE"
            )
        write_tally(books[words.number & 1])
        if not infos:
            done(ENDED if ended else 0)
            continue
        # The parent reads the message after it has seen the status, so a message
        # larger than the pipe cannot block both sides.
        done(HAS_INFOS | ENDED if ended else HAS_INFOS)
        conn.send(infos)


def _reset(
    block: Block, worker: int, runner: Runner, chunk_len: int
) -> tuple[list[dict[str, Any]], bool]:
    """Reset; if it stands at the head of a chunk, run the rest of the chunk, too."""
    infos = runner.reset(
        block.seeds[worker].tolist(), block.episode_indices[worker].tolist()
    )
    if not chunk_len:
        return infos, False
    head = block.chunk_buffers(worker, 0, 1)
    head.rewards[:] = 0.0
    head.terminals[:] = False
    head.truncations[:] = False
    if chunk_len == 1:
        return infos, False
    more, ended = runner.step_chunk(block.chunk_buffers(worker, 1, chunk_len))
    return infos + more, ended
