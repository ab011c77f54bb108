"""Displays that MuJoCo draws on: EGL, OSMesa, and GLFW on an X server."""

import atexit
import ctypes.util
import importlib
import os
import sys
import warnings
from typing import Any

from rlbench_puffer.display.base import Display
from rlbench_puffer.display.egl import (
    EglDevice,
    by_preference,
    egl_devices,
    mujoco_device_id,
    renderer_of,
)
from rlbench_puffer.display.xvfb import Xvfb
from rlbench_puffer.errors import DisplayError

EGL_INSTALL = "apt-get install libegl1 libgl1-mesa-dri"
OSMESA_INSTALL = "apt-get install libosmesa6"

_GL_OF = {
    "egl": "egl",
    "osmesa": "osmesa",
    "xvfb": "glfw",
    "external": "glfw",
}
"""MuJoCo's name for the OpenGL of each display."""

_lost: list[str] = []
"""Servers that died while this process drew on them."""

_PYOPENGL_PLATFORM = {"egl": "EGLPlatform", "osmesa": "OSMesaPlatform"}


class EglDisplay(Display):
    """OpenGL through EGL, on this rank's GPU or on Mesa's software device.

    Raises:
      DisplayError: no device renders, or OpenGL was imported for something else.
    """

    name = "egl"

    def __init__(self) -> None:
        claim_opengl("egl")
        devices = egl_devices()
        device = first_that_renders(devices)
        if device is None:
            found = "; ".join(d.description for d in devices) or "no device"
            raise DisplayError(
                f"EGL cannot draw here: {found}.",
                f"Install Mesa's software device: `{EGL_INSTALL}`.",
            )
        self.device = device
        self.description = device.description
        if device.software and all(d.software for d in devices):
            self.description += " (there is no GPU)"
        os.environ["MUJOCO_GL"] = "egl"
        os.environ["MUJOCO_EGL_DEVICE_ID"] = str(mujoco_device_id(devices, device))

    def make_context(self, height: int, width: int) -> Any:
        """See :class:`Display`."""
        return _make("mujoco.egl", self.name, height, width)


class OsmesaDisplay(Display):
    """OpenGL by Mesa into plain memory.

    Raises:
      DisplayError: libOSMesa is missing, or OpenGL was imported for something else.
    """

    name = "osmesa"
    description = "OSMesa, software"

    def __init__(self) -> None:
        claim_opengl("osmesa")
        if not has_osmesa():
            raise DisplayError(
                "libOSMesa was not found.", f"Install it: `{OSMESA_INSTALL}`."
            )
        os.environ["MUJOCO_GL"] = "osmesa"
        os.environ["PYOPENGL_PLATFORM"] = "osmesa"

    def make_context(self, height: int, width: int) -> Any:
        """See :class:`Display`."""
        return _make("mujoco.osmesa", self.name, height, width)


class X11Display(Display):
    """OpenGL through GLFW on an X server: an Xvfb of our own, or one that is there.

    Args:
      own_server: whether to start an Xvfb.

    Raises:
      DisplayError: Xvfb fails, or ``DISPLAY`` is not set.
    """

    def __init__(self, *, own_server: bool) -> None:
        self.name = "xvfb" if own_server else "external"
        if _lost:
            raise DisplayError(
                f"This process lost its X server {_lost[0]}, and GLFW cannot let go "
                "of it.",
                "Start a new process; a pool replaces the worker.",
            )
        claim_opengl(self.name)
        self._server: Xvfb | None = None
        self._before = os.environ.get("DISPLAY")
        if own_server:
            self._server = Xvfb()
            os.environ["DISPLAY"] = self._server.display
            self.description = f"Xvfb {self._server.display}, pid {self._server.pid}"
        elif not self._before:
            raise DisplayError(
                'display="external" needs a running X server, and DISPLAY is not set.',
                'Set DISPLAY, or use display="xvfb".',
            )
        else:
            self.description = f"X server {self._before}"
        os.environ["MUJOCO_GL"] = "glfw"

    @property
    def server(self) -> Xvfb | None:
        """The Xvfb that belongs to this display."""
        return self._server

    def make_context(self, height: int, width: int) -> Any:
        """See :class:`Display`."""
        self.check()
        return _make("mujoco.glfw", self.name, height, width)

    def check(self) -> None:
        """See :class:`Display`."""
        if self._server is not None:
            self._server.check()

    def free_context(self, context: Any) -> None:
        """See :class:`Display`; on a dead server Xlib would end the process."""
        if self._server is not None and not self._server.alive:
            context._context = None
        context.free()

    def close(self) -> None:
        """See :class:`Display`; GLFW lets go of the server before it ends."""
        if self._server is None:
            return
        server, self._server = self._server, None
        glfw: Any = sys.modules.get("glfw")
        if glfw is not None and server.alive:
            glfw.terminate()
        elif glfw is not None:
            # Xlib ends the process when it talks to a dead server, also at exit.
            atexit.unregister(glfw.terminate)
            _lost.append(server.display)
        server.close()
        if self._before is None:
            os.environ.pop("DISPLAY", None)
        else:
            os.environ["DISPLAY"] = self._before


def first_that_renders(devices: tuple[EglDevice, ...]) -> EglDevice | None:
    """The first of the preferred devices that makes a context."""
    return next((d for d in by_preference(devices) if renderer_of(d)), None)


def has_osmesa() -> bool:
    """Whether the library is here."""
    return ctypes.util.find_library("OSMesa") is not None


def claim_opengl(display: str) -> None:
    """Make sure that this process can still use a display's OpenGL.

    PyOpenGL settles on one platform when it is imported, for good.

    Raises:
      DisplayError: it was imported for another; the message says by whom.
    """
    wanted = _GL_OF[display]
    if wanted == "glfw":
        return
    platform: Any = sys.modules.get("OpenGL.platform")
    if platform is not None:
        settled = type(platform.PLATFORM).__name__
        if settled != _PYOPENGL_PLATFORM[wanted]:
            importer = next(
                (
                    name
                    for name in ("mujoco.egl", "mujoco.osmesa")
                    if name in sys.modules
                ),
                "OpenGL, imported by this program",
            )
            raise DisplayError(
                f"display={display!r} comes too late: OpenGL was already imported in "
                f"this process for {settled} (by {importer}).",
                "Make the environment first, or use one display in a process.",
            )
    elif os.environ.get("PYOPENGL_PLATFORM", wanted).lower() != wanted:
        raise DisplayError(
            f"display={display!r} needs PYOPENGL_PLATFORM={wanted}, but it is set to "
            f"{os.environ['PYOPENGL_PLATFORM']!r}.",
            "Unset it.",
        )


def _make(module: str, display: str, height: int, width: int) -> Any:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            context = importlib.import_module(module).GLContext(width, height)
            context.make_current()
    except Exception as error:  # Drivers raise whatever they like.
        raise DisplayError(
            f"display={display!r} gives no OpenGL context: "
            f"{type(error).__name__}: {error}",
            "Run `rlbench-puffer doctor` to see what this machine can do.",
        ) from error
    if context._context is None:
        said = "; ".join(str(warning.message) for warning in caught)
        raise DisplayError(
            f"display={display!r} gives no OpenGL context: {said}",
            "Run `rlbench-puffer doctor` to see what this machine can do.",
        )
    return context
