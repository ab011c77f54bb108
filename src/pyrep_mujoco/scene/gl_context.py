"""OpenGL without a window, and MuJoCo's own things in it."""

import importlib
import os
import zlib
from typing import Any

import mujoco

from pyrep_mujoco.errors import DrawingError
from pyrep_mujoco.scene.trimming import opaque, trimmed

_MODULES = {"": "egl", "egl": "egl", "osmesa": "osmesa", "glfw": "glfw"}
"""By the value of ``MUJOCO_GL``: MuJoCo's module that makes a context."""

_DRAWN = (
    *("mesh_vert", "mesh_normal", "mesh_texcoord", "mesh_face", "mesh_vertadr"),
    *("mesh_vertnum", "mesh_normaladr", "mesh_texcoordadr", "mesh_faceadr"),
    *("mesh_facenum", "mesh_facenormal", "mesh_facetexcoord", "mesh_graph"),
    *("tex_data", "tex_adr", "tex_width", "tex_height", "tex_nchannel", "tex_type"),
    *("mat_texid", "mat_texrepeat", "mat_texuniform"),
)
"""What MuJoCo hands over to OpenGL once for a model."""


class GlContext:
    """A context, a frame to draw into, and the meshes and textures of one model.

    Args:
      width: of the frame in pixels; it grows when it has to.
      height: of the frame in pixels.

    Raises:
      DrawingError: there is no OpenGL here, or ``MUJOCO_GL`` is no way to it.
    """

    def __init__(self, width: int, height: int) -> None:
        asked = os.environ.get("MUJOCO_GL", "").lower()
        if asked not in _MODULES:
            raise DrawingError(f"MUJOCO_GL={asked} is none of egl, osmesa and glfw")
        try:
            module = importlib.import_module(f"mujoco.{_MODULES[asked]}")
            self._gl: Any = module.GLContext(width, height)
            self._gl.make_current()
            _push_faces_back()
        # Whatever is wrong with OpenGL here: its modules raise errors of all kinds.
        except Exception as error:
            raise DrawingError(str(error)) from error
        self._mjr: mujoco.MjrContext | None = None
        self._holds: int | None = None
        self._size = (width, height)

    def hold(self, model: mujoco.MjModel, width: int, height: int) -> mujoco.MjrContext:
        """MuJoCo's things for drawing a model in a picture of some size.

        They are made anew only if meshes, textures or their use differ from before.
        """
        self._gl.make_current()
        drawn = _checksum(model)
        if self._mjr is None or drawn != self._holds:
            self._forget()
            self._size = max(width, self._size[0]), max(height, self._size[1])
            model.vis.global_.offwidth, model.vis.global_.offheight = self._size
            quality = model.vis.quality
            # Depths of one sample among several would not be those of the middle.
            quality.offsamples = 0
            # Nothing of these is drawn, and making them takes 0.5 s.
            quality.shadowsize, quality.numslices, quality.numstacks = 0, 4, 4
            with trimmed(model):
                scale = mujoco.mjtFontScale.mjFONTSCALE_50.value
                made = mujoco.MjrContext(model, scale)
            mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, made)
            # What is far has small numbers, which floats tell apart well.
            made.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR.value
            self._mjr, self._holds = made, drawn
        return self._mjr

    def fit(self, width: int, height: int) -> None:
        """Make this the current context, with room for a picture."""
        assert self._mjr is not None
        self._gl.make_current()
        if width > self._size[0] or height > self._size[1]:
            self._size = max(width, self._size[0]), max(height, self._size[1])
            mujoco.mjr_resizeOffscreen(*self._size, self._mjr)

    def _forget(self) -> None:
        if self._mjr is not None:
            self._mjr.free()
            self._mjr = None

    def close(self) -> None:
        """Free all. Twice is fine."""
        if self._gl is not None:
            self._gl.make_current()
            self._forget()
            self._gl.free()
            self._gl = None


def _push_faces_back() -> None:
    """Let faces be farther by half their slope in a pixel, as CoppeliaSim has them.

    It does so for the edges that it draws on them; depths that were recorded there
    agree with ours to 0.02 mm with it, and to 4 mm without.
    """
    # Only now, for this module asks for the platform that MuJoCo chose.
    gl = importlib.import_module("OpenGL.GL")
    gl.glEnable(gl.GL_POLYGON_OFFSET_FILL)
    # MuJoCo's depths are 1 at the near plane and 0 at the far one: back is less.
    gl.glPolygonOffset(-0.5, 0.0)


def _checksum(model: mujoco.MjModel) -> int:
    """A number that differs where what OpenGL holds of a model differs."""
    number = 0
    for name in _DRAWN:
        values = getattr(model, name)
        if values.size:
            number = zlib.crc32(memoryview(values).cast("B"), number)
    return zlib.crc32(opaque(model).tobytes(), number)
