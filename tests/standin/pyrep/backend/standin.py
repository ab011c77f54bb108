"""What stands for CoppeliaSim itself: one simulator in a process, and its vices.

Each vice was measured on CoppeliaSim 4.1 revision 1. Where the real one calls C, this
calls the same C function. With ``pyrep_mujoco`` in CoppeliaSim's place there are no
vices.
"""

import ctypes
import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from pyrep.backend import sim

NATIVE = hasattr(sim, "NATIVE")
"""Whether this stands for CoppeliaSim."""

_LIBC: Any = ctypes.CDLL(None, use_errno=True)
_HOME = np.array([0.0, 0.174533, 0.0, -0.872665, 0.0, 1.221730, 0.785398])


class Simulator:
    """The process's one simulator."""

    def __init__(self) -> None:
        self.launched = False
        self.was_shut_down = False
        self.handler: Any = None
        self.server: Any = None
        self.reset_robot(7)

    def reset_robot(self, dof: int) -> None:
        """Put the robot home."""
        self.q = np.resize(_HOME, dof).copy()
        self.velocities = np.zeros(dof)
        self.fingers = np.full(2, 0.04)


simulator = Simulator()


def check_library() -> None:
    """Fail as the dynamic loader does when nobody told it of CoppeliaSim."""
    if not NATIVE:
        return
    root = os.environ.get("COPPELIASIM_ROOT", "")
    maps = Path("/proc/self/maps").read_text()
    # The loader has read the variable as it was when the process started.
    at_start = Path("/proc/self/environ").read_bytes().decode().split("\0")
    told = any(v.startswith("LD_LIBRARY_PATH=") and root in v for v in at_start)
    if root and f"{root}/libcoppeliaSim.so.1" not in maps and not told:
        raise ImportError(
            "libcoppeliaSim.so.1: cannot open shared object file: "
            "No such file or directory"
        )


def launch(root: str) -> None:
    """Start the simulator; a second one hangs for ever."""
    if not NATIVE:
        return
    while simulator.launched or "STANDIN_LAUNCH_HANGS" in os.environ:
        time.sleep(0.1)
    os.chdir(root)
    (Path(root) / "system").mkdir(exist_ok=True)
    (Path(root) / "system" / "settings.dat").write_text("rewritten\n")
    _connect()
    _take_signals()
    simulator.launched = True
    simulator.was_shut_down = False


def shutdown() -> None:
    """Stop it, with its usual noise on stdout."""
    if not NATIVE:
        return
    os.write(1, b"[CoppeliaSim:loadinfo]   done.\nQMutex noise on stdout\n")
    if "STANDIN_SHUTDOWN_HANGS" in os.environ:
        hang()
    simulator.launched = False
    simulator.was_shut_down = True
    server, simulator.server = simulator.server, None
    if server is not None:
        server.shutdown(socket.SHUT_RDWR)


def step() -> None:
    """One simulation step of 50 ms."""
    if simulator.was_shut_down:
        crash()
    simulator.q = simulator.q + 0.05 * simulator.velocities
    # A loop in C waits for the joints to arrive, which NaN never does.
    while not np.isfinite(simulator.q).all():
        time.sleep(0.1)


def physics_present() -> bool:
    """Whether the plugin of the scene's physics engine is installed."""
    if not NATIVE:
        return True
    root = Path(os.environ["COPPELIASIM_ROOT"])
    return any(root.glob("libsimExtDynamics*"))


def draw() -> None:
    """What drawing does to a process without an X server."""
    if NATIVE and not os.environ.get("DISPLAY"):
        crash()


def hang() -> NoReturn:
    """Hang in C, where no Python handler runs."""
    while True:
        _LIBC.poll(None, 0, 1000)
        _LIBC.pause()


def crash() -> NoReturn:
    """A segmentation fault, real enough for whoever handles it."""
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60.0)
    raise AssertionError("a segmentation fault was survived")


def _take_signals() -> None:
    """Install C handlers behind Python's back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Whoever is interrupted waits in the handler, and never comes back.
        _LIBC.signal(int(number), _LIBC.pause)

    def backtrace(number: int) -> None:
        os.write(1, b"QtGui backtrace on stdout\n")
        os.write(2, b"Error: signal 11:\nlibcoppeliaSim.so.1(+0x1234)[0x7f]\n")
        os._exit(1)

    simulator.handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(backtrace)
    _LIBC.signal(int(signal.SIGSEGV), simulator.handler)


def _connect() -> None:
    """Connect to the X server, as Qt's platforms do or abort."""
    platform = os.environ.get("QT_QPA_PLATFORM", "xcb")
    display = os.environ.get("DISPLAY", "")
    if platform in ("eglfs", "minimalegl"):
        _abort(f"EGL library doesn't support platform {platform}")
    if platform == "offscreen" and not display:
        return
    server = _server(display)
    if server is None:
        if platform == "offscreen":
            return
        _abort(f"qt.qpa.xcb: could not connect to display {display}")

    simulator.server = server

    def watch() -> None:
        while server.recv(1):
            pass
        server.close()
        if simulator.server is not server:
            return
        sys.stderr.write("The X11 connection broke (error 1).\n")
        sys.stderr.flush()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _server(display: str) -> Any:
    found = re.fullmatch(r":(\d+)(\.\d+)?", display)
    if not found:
        return None
    for name in (f"\0/tmp/.X11-unix/X{found[1]}", f"/tmp/.X11-unix/X{found[1]}"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(name)
        except OSError:
            connection.close()
        else:
            return connection
    return None


def _abort(text: str) -> NoReturn:
    sys.stderr.write(f"{text}\nThis application failed to start.\n")
    sys.stderr.flush()
    os.abort()
