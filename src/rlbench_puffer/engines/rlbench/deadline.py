"""A limit on how long a block of code may take, without threads."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from rlbench_puffer.errors import SimulationError


@contextlib.contextmanager
def deadline(seconds: float, what: str) -> Iterator[None]:
    """Raise within the block when it takes too long.

    It interrupts Python code, such as PyRep's loop that waits for a simulator to
    start, and not C code: there only killing the process helps, which a pool's
    deadlines do. On another thread than the main one it does nothing, for signals
    reach only that.

    Args:
      seconds: the limit in [s].
      what: the beginning of "... did not finish within 60 s".

    Raises:
      SimulationError: the limit has passed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise SimulationError(
            f"{what} did not finish within {seconds:g} s. A process holds one "
            "simulator only; raise the limit if this machine is slow."
        )

    start = time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        if left:
            # Somebody else's alarm still rings in time.
            rest = left - (time.monotonic() - start)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 1e-3), interval)
