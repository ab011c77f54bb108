"""Keeps what a launching simulator changes in its process: signals, stdout, folder."""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def kept_surroundings() -> Iterator[None]:
    """Put back what CoppeliaSim's launch and shutdown change.

    Launching installs C handlers for SIGINT, SIGTERM and SIGSEGV, which Python does
    not see: SIGTERM and Ctrl-C then wedge a process that steps, and a crash exits
    with code 1. It also changes the working directory for a while. What it prints on
    stdout goes to stderr instead, which in a worker is its log.
    """
    folder = os.getcwd()  # noqa: PTH109 - os.chdir wants it as it is
    handlers = _handlers()
    try:
        with _quiet_stdout():
            yield
    finally:
        os.chdir(folder)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if faulthandler.is_enabled():
            # Enabling what is enabled would do nothing.
            faulthandler.disable()
            faulthandler.enable(file=2)


def _handlers() -> dict[int, Any]:
    """Python's handlers; only the main thread may set any."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = (signal.SIGINT, signal.SIGTERM)
    found = {int(number): signal.getsignal(number) for number in numbers}
    return {n: signal.SIG_DFL if h is None else h for n, h in found.items()}


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    with contextlib.suppress(ValueError, AttributeError):
        sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
