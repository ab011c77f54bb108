"""Opens a process's display, once, however many engines share it."""

import os
import threading
from typing import TYPE_CHECKING

from rlbench_puffer.config import DisplayName
from rlbench_puffer.errors import DisplayError, InvalidOptionError

if TYPE_CHECKING:
    from rlbench_puffer.display.base import Display


class _Shared:
    """The process's one display and how many use it."""

    def __init__(self) -> None:
        self.display: Display | None = None
        self.users = 0
        self.lock = threading.Lock()


_shared = _Shared()


class DisplayLease:
    """A share in the process's display; close it when nothing is drawn any more."""

    def __init__(self, display: "Display") -> None:
        self.display = display
        self._open = True

    def close(self) -> None:
        """Give the share back; the last one closes the display. Twice is fine."""
        with _shared.lock:
            if not self._open:
                return
            self._open = False
            _shared.users -= 1
            if _shared.users == 0:
                _shared.display = None
                self.display.close()


def lease_display(name: DisplayName) -> DisplayLease:
    """A share in this process's display for MuJoCo, opened if nobody has yet.

    Args:
      name: ``"auto"`` takes the display that is open, else EGL if it works, else
        OSMesa, else Xvfb.

    Raises:
      InvalidOptionError: ``"none"``: there is something to draw.
      DisplayError: the display cannot be had, or another one is open.
    """
    if name == "none":
        raise InvalidOptionError(
            "display", name, "a display, for there are pictures to draw", 'Use "auto".'
        )
    with _shared.lock:
        display = _shared.display
        if display is None:
            display = _open_automatically() if name == "auto" else _open(name)
            _shared.display = display
        elif name not in ("auto", display.name):
            raise DisplayError(
                f"display={name!r} was asked for, but this process already draws on "
                f"{display.description}.",
                "Use one display in a process, or close the other environment first.",
            )
        _shared.users += 1
        return DisplayLease(display)


def _open(name: str) -> "Display":
    from rlbench_puffer.display.drawing import EglDisplay, OsmesaDisplay, X11Display
    from rlbench_puffer.display.llvm import load_triton_first

    load_triton_first()
    # Mesa's software renderer then draws on the calling thread: 1,250 instead of
    # 960 small pictures a second. Read when the driver is loaded; GPUs do not care.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    if name == "egl":
        return EglDisplay()
    if name == "osmesa":
        return OsmesaDisplay()
    return X11Display(own_server=name == "xvfb")


def _open_automatically() -> "Display":
    failures = []
    for name in ("egl", "osmesa", "xvfb"):
        try:
            return _open(name)
        except DisplayError as error:
            failures.append(f"{name}: {error}")
    raise DisplayError(
        "Nothing draws here.",
        "Run `rlbench-puffer doctor` for the commands that mend it.",
        detail="\n".join(failures),
    )
