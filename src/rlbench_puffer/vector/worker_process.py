"""One worker process as its parent sees it: started, watched, ended, described."""

import contextlib
import errno
import fcntl
import os
import pickle
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rlbench_puffer.errors import InvalidOptionError

THREAD_LIMITS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # Mesa's software renderer: 0 draws on the calling thread.
    "LP_NUM_THREADS": "0",
}
"""Environment variables of a worker; set before its interpreter starts."""

_BOOT = (
    "import sys; sys.path[:] = {path!r}; "
    "from rlbench_puffer.vector.bootstrap import main; main()"
)
_LAST_WORDS_BYTES = 4096
_STDERR_LIMIT_BYTES = 1 << 20


class Lifeline:
    """A pipe whose write end only this process holds; its end ends all workers."""

    def __init__(self) -> None:
        self.read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC)

    def close(self) -> None:
        """Close both ends; workers that still live are killed by the kernel."""
        for fd in (self.read_fd, self._write_fd):
            if fd >= 0:
                os.close(fd)
        self.read_fd = self._write_fd = -1


class WorkerProcess:
    """One process, started with ``python -c`` rather than forked.

    It inherits no lock, thread or GL context, does not import the user's script
    (so that a script without ``__main__`` guard is no fork bomb), and leads a
    process group of its own: Ctrl-C reaches the parent's group only. It stays in the
    parent's session, for Linux schedules sessions against each other, and
    ``sched_yield`` gives way only within one (measured: twice the time a step).

    Args:
      index: which worker of the vector environment.
      lifeline: the pipe that ties it to this process.
      entry: ``"module:function"`` to call in the worker with (conn, payload).
      payload: picklable argument; closures may be wrapped with cloudpickle.
      pass_fds: more descriptors that it inherits under their numbers.
      environment: variables that override this process's.

    Raises:
      InvalidOptionError: this process has no descriptors left.
    """

    def __init__(
        self,
        index: int,
        lifeline: Lifeline,
        entry: str,
        payload: Any,
        *,
        pass_fds: tuple[int, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.index = index
        self._stderr_fd = -1
        self.pidfd = -1
        try:
            self._start(lifeline, pass_fds, environment or {})
        except OSError as error:
            self._close_descriptors()
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise too_few_descriptors(index) from error
            raise
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # A worker that is already dead is found by whoever waits for it.
            self.conn.send_bytes(pickle.dumps((entry, payload)))

    def _start(
        self,
        lifeline: Lifeline,
        pass_fds: tuple[int, ...],
        environment: dict[str, str],
    ) -> None:
        self._stderr_fd = os.memfd_create("worker-stderr", os.MFD_CLOEXEC)
        _append_only(self._stderr_fd)
        parent_socket, child_socket = socket.socketpair()
        self.conn = Connection(parent_socket.detach())
        path = [entry or str(Path.cwd()) for entry in sys.path]
        in_main_thread = threading.current_thread() is threading.main_thread()
        try:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT.format(path=path),
                    str(child_socket.fileno()),
                    str(lifeline.read_fd),
                    str(os.getpid()),
                    str(int(in_main_thread)),
                ],
                stdin=subprocess.DEVNULL,
                stderr=self._stderr_fd,
                env={**os.environ, **THREAD_LIMITS, **environment},
                pass_fds=(child_socket.fileno(), lifeline.read_fd, *pass_fds),
                process_group=0,
            )
        finally:
            child_socket.close()
        self.pid = self.process.pid
        self.pidfd = os.pidfd_open(self.pid)
        self._exit_poll = select.poll()
        self._exit_poll.register(self.pidfd, select.POLLIN)

    def has_exited(self) -> bool:
        """Whether the process is gone; one system call, no blocking."""
        return self.pidfd < 0 or bool(self._exit_poll.poll(0))

    def kill(self) -> None:
        """Kill the process and everything in its process group, and reap it."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            # Should the group be gone, the process itself may still be there.
            self.process.kill()
            self.process.wait()

    def end(self, deadline: float) -> None:
        """Wait for the process to exit by itself, then make sure of it.

        Args:
          deadline: ``time.monotonic()`` at which waiting ends and killing begins.
        """
        if self.pidfd >= 0:
            patience = max(0.0, deadline - time.monotonic())
            self._exit_poll.poll(1000 * patience)
            if self._exit_poll.poll(0):
                # Children it may have left behind in its group go with it.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                self.process.wait()
            else:
                self.kill()
        self._close_descriptors()

    def how_it_ended(self) -> str:
        """What happened to a process that has exited, as "was killed by SIGKILL"."""
        code = self.process.wait()
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"was killed by {name}"
        return f"exited with code {code}"

    def last_words(self) -> str:
        """The last lines that the worker wrote to stderr."""
        if self._stderr_fd < 0:
            return ""
        size = os.fstat(self._stderr_fd).st_size
        start = max(0, size - _LAST_WORDS_BYTES)
        text = os.pread(self._stderr_fd, _LAST_WORDS_BYTES, start)
        lines = text.decode(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def trim_stderr(self) -> None:
        """Forget what a talkative worker wrote, before it fills the memory."""
        if os.fstat(self._stderr_fd).st_size > _STDERR_LIMIT_BYTES:
            os.ftruncate(self._stderr_fd, 0)

    def set_affinity(self, cores: set[int]) -> None:
        """Bind the process to some cores."""
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(self.pid, cores)

    def _close_descriptors(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
        for fd in (self._stderr_fd, self.pidfd):
            if fd >= 0:
                os.close(fd)
        self._stderr_fd = self.pidfd = -1


def too_few_descriptors(index: int) -> InvalidOptionError:
    """The error for a process that may open no more files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return InvalidOptionError(
        "num_workers",
        f"more than {index}",
        f"no more workers than the limit of {soft} open files allows (3 each)",
        "Raise it with `ulimit -n 4096`, or use fewer workers.",
    )


def _append_only(fd: int) -> None:
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND)
