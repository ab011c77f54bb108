"""An X server of this process's own: started without guessing, ended for certain."""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Self

from rlbench_puffer.errors import DisplayError

INSTALL = "apt-get install xvfb"

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 4000
_SCREEN = "1280x1024x24"
"""CoppeliaSim and GLFW both want 24 bits of colour."""


class Xvfb:
    """A running Xvfb; a context manager.

    The server picks a free display number itself and tells it through a pipe
    (``-displayfd``), so that servers started at once cannot race for one. It leads a
    process group of its own, so that Ctrl-C passes it by, and the kernel ends it
    when this process ends, however it does.

    Args:
      timeout_s: how long it may take to be ready.

    Attributes:
      display: what ``DISPLAY`` must be, such as ``":3"``.
      pid: its process id.

    Raises:
      DisplayError: Xvfb is not installed, ended, or was not ready in time; the
        message holds its log.
    """

    def __init__(self, timeout_s: float = 20.0) -> None:
        program = shutil.which("Xvfb")
        if program is None:
            raise DisplayError(
                "Xvfb is not on PATH.", f"Install it: `{INSTALL}`.", detail=""
            )
        # A file of its own, unnamed: nothing is left behind.
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._closing = False
        self._ended = threading.Event()
        self._started = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        try:
            # The kernel's signal fires when the *thread* that started the server
            # ends, so a thread of its own starts it and stays until it has ended.
            self._keeper = threading.Thread(
                target=self._keep, args=(program, write_fd), name="xvfb", daemon=True
            )
            self._keeper.start()
            self._started.wait()
        finally:
            os.close(write_fd)
        try:
            if self._process is None:
                raise self._error(f"Xvfb could not be started: {self._failure}.")
            number = self._read_number(read_fd, timeout_s)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(read_fd)
        self.display = f":{number}"
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server still runs; noticed as soon as it ends."""
        return not self._ended.is_set()

    def check(self) -> None:
        """Raise if the server has ended by itself.

        Raises:
          DisplayError: with how it ended and its log.
        """
        if self._ended.is_set() and not self._closing:
            assert self._process is not None
            raise self._error(f"Xvfb {self.display} {_how(self._process.returncode)}.")

    def log(self) -> str:
        """The last lines that the server wrote."""
        if self._log.closed:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        start = max(0, size - _LOG_BYTES)
        text = os.pread(self._log.fileno(), _LOG_BYTES, start)
        return text.decode(errors="replace").strip()

    def close(self) -> None:
        """End the server and remove what it leaves. Calling it twice is fine."""
        self._closing = True
        process = self._process
        if process is not None:
            # On SIGTERM it removes its socket and its lock file by itself.
            for sign, patience_s in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
                if self._ended.is_set():
                    break
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
                self._ended.wait(patience_s)
            self._keeper.join(1.0)
            _remove_remains(process.pid, getattr(self, "display", ""))
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _keep(self, program: str, write_fd: int) -> None:
        libc = ctypes.CDLL(None)
        parent = os.getpid()

        def tie_to_parent() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        try:
            self._process = subprocess.Popen(
                [
                    program,
                    "-displayfd",
                    str(write_fd),
                    "-screen",
                    "0",
                    _SCREEN,
                    "-nolisten",
                    "tcp",
                    *_socket_options(),
                    "-noreset",
                    "+extension",
                    "GLX",
                    "+render",
                ],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(write_fd,),
                process_group=0,
                preexec_fn=tie_to_parent,
            )
        except OSError as error:
            self._failure = error
            self._ended.set()
            return
        finally:
            self._started.set()
        self._process.wait()
        self._ended.set()

    def _read_number(self, read_fd: int, timeout_s: float) -> int:
        poller = select.poll()
        poller.register(read_fd, select.POLLIN)
        text = b""
        # The server writes its number and a newline, then closes the pipe.
        while not text.endswith(b"\n"):
            if not poller.poll(1000 * timeout_s):
                raise self._error(f"Xvfb was not ready within {timeout_s:g} s.")
            part = os.read(read_fd, 16)
            if not part:
                self._ended.wait(2.0)
                assert self._process is not None
                how = _how(self._process.returncode)
                raise self._error(f"Xvfb {how} before it was ready.")
            text += part
        return int(text)

    def _error(self, what: str) -> DisplayError:
        return DisplayError(what, "Look at its log for the cause.", detail=self.log())


def _socket_options() -> list[str]:
    """Without a folder for its socket a server still has Linux's abstract one."""
    folder = Path("/tmp/.X11-unix")
    if folder.exists() and not os.access(folder, os.W_OK):
        return ["-nolisten", "unix"]
    return []


def _how(code: int | None) -> str:
    if code is None:
        return "closed its pipe"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with code {code}"


def _remove_remains(pid: int, display: str) -> None:
    """Remove lock and socket of a server that was killed, if they are its own."""
    if not display:
        return
    lock = Path(f"/tmp/.X{display[1:]}-lock")
    with contextlib.suppress(OSError, ValueError):
        if int(lock.read_text()) == pid:
            lock.unlink()
            Path(f"/tmp/.X11-unix/X{display[1:]}").unlink()
