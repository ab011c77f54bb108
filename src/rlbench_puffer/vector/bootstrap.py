"""First code of a worker process: ties its life to the parent's, then goes to work.

Runs before anything heavy is imported. The parent has already set the thread
limits in the environment, given the process a group of its own (so that Ctrl-C
reaches the parent only) and pointed its stderr at a memory file.
"""

import contextlib
import ctypes
import faulthandler
import fcntl
import importlib
import os
import pickle
import select
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

_PR_SET_PDEATHSIG = 1
_F_SETSIG = 10


def main() -> None:
    """Entry of ``python -c``; the arguments are descriptors and the parent's pid."""
    conn_fd, lifeline_fd, parent_pid, in_main_thread = map(int, sys.argv[1:5])
    tie_to_parent(lifeline_fd, parent_pid, pdeathsig=bool(in_main_thread))
    # A crash in native code leaves a Python traceback among the last words.
    faulthandler.enable()
    conn = Connection(conn_fd)
    try:
        entry, payload = pickle.loads(conn.recv_bytes())
        module, _, name = entry.partition(":")
        run = getattr(importlib.import_module(module), name)
        run(conn, payload)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The parent is gone or has given this worker up: nobody is left to tell.
        os._exit(1)
    except BaseException as error:  # noqa: BLE001 - every cause must reach the parent
        with contextlib.suppress(OSError):
            report_error(conn, error)
        sys.exit(1)


def tie_to_parent(lifeline_fd: int, parent_pid: int, *, pdeathsig: bool) -> None:
    """Let the kernel end this process when the parent ends, however it ends.

    Two ways, for each has a hole. PDEATHSIG fires when the parent *thread* that
    started this process ends, so it is set only if that was the main thread. The
    lifeline is a pipe whose other end the parent holds: when it closes, the kernel
    sends a signal; but a process that the parent forked may hold it open, too.

    Args:
      lifeline_fd: read end of the pipe.
      parent_pid: the parent's process id.
      pdeathsig: whether the parent's main thread started this process.
    """
    if pdeathsig:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline_fd, _F_SETSIG, int(signal.SIGKILL))
    flags = fcntl.fcntl(lifeline_fd, fcntl.F_GETFL)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
    # The parent may have died before the lines above took effect.
    poller = select.poll()
    poller.register(lifeline_fd, select.POLLHUP)
    if poller.poll(0) or os.getppid() != parent_pid:
        os._exit(1)


def report_error(conn: Connection, error: BaseException) -> None:
    """Send an exception to the parent as texts: a foreign one may not unpickle."""
    conn.send(("error", error_texts(error)))


def error_texts(error: BaseException) -> dict[str, Any]:
    """An exception as plain texts: its type, its message and its traceback."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
