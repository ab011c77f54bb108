"""What CoppeliaSim's Qt draws on: nothing, an X server of our own, or a given one."""

import os

from rlbench_puffer.config import DisplayName
from rlbench_puffer.display.xvfb import Xvfb
from rlbench_puffer.errors import DisplayError, InvalidOptionError


class QtDisplay:
    """The environment variables of Qt, and the X server behind them.

    Without cameras Qt's platform ``offscreen`` needs no X server at all (measured: 380
    steps/s). With cameras it needs one: no platform of CoppeliaSim 4.1's Qt draws
    without (``eglfs`` and ``minimalegl`` abort, ``offscreen`` crashes when it draws).

    Args:
      name: ``"auto"`` and ``"xvfb"`` start an X server, ``"egl"`` too, and has Qt make
        its OpenGL contexts by EGL, which can reach a GPU; ``"external"`` takes the
        server in ``DISPLAY``; ``"none"`` is for those who draw nothing.
      draws: whether there are cameras.

    Attributes:
      draws: whether pictures can be had.
      description: what was chosen, in one line.

    Raises:
      DisplayError: no X server can be had.
      InvalidOptionError: a display that CoppeliaSim cannot draw on.
    """

    def __init__(self, name: DisplayName, *, draws: bool) -> None:
        self._server: Xvfb | None = None
        self._before: dict[str, str | None] = {}
        self.draws = draws or name in ("xvfb", "egl", "external")
        if name == "osmesa" or (name == "none" and draws):
            raise InvalidOptionError(
                "display",
                name,
                '"auto", "xvfb", "egl" or "external", the displays that CoppeliaSim '
                "draws on",
                'Use "auto".',
            )
        if not self.draws:
            self.description = "no display (Qt offscreen): there are no cameras"
            self._set("QT_QPA_PLATFORM", "offscreen")
            return
        if name == "external":
            display = os.environ.get("DISPLAY")
            if not display:
                raise DisplayError(
                    'display="external" was asked for and DISPLAY is not set.',
                    'Set it, or use display="xvfb".',
                )
            self.description = f"external X server {display}"
        else:
            self._server = Xvfb()
            self._set("DISPLAY", self._server.display)
            self.description = f"Xvfb {self._server.display}, drawing by GLX"
        # The user's shell may say otherwise, for other programs.
        self._set("QT_QPA_PLATFORM", "xcb")
        if name == "egl":
            self._set("QT_XCB_GL_INTEGRATION", "xcb_egl")
            self.description = self.description.replace("GLX", "EGL")

    def check(self) -> None:
        """Raise if our X server has died.

        Raises:
          DisplayError: with its log.
        """
        if self._server is not None:
            self._server.check()

    def close(self) -> None:
        """End the server and put the variables back. Twice is fine."""
        if self._server is not None:
            self._server.close()
            self._server = None
        while self._before:
            name, value = self._before.popitem()
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _set(self, name: str, value: str) -> None:
        self._before[name] = os.environ.get(name)
        os.environ[name] = value
