"""Which triangles of a rigid thing can be seen from outside it."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Pixels along a side of the pictures in which triangles are looked for."""

DIRECTIONS = 192
"""From which they are taken, 15 degrees apart."""

LEAST_SHARE = 5e-4
"""Triangles that make up less of all that is seen than this together are not seen.

They are those behind cracks, where surfaces meet that do not quite touch.
"""


def exposed(corners: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether triangles are seen from somewhere outside.

    OpenGL draws all of them, each in a colour of its own, from all around. A context
    has to be current; its state stays as it is.

    Args:
      corners: (n, 3, 3) of triangles, counter-clockwise seen from the side that may be
        seen; where two are at the same place, the later one is.

    Returns:
      (n,) for each triangle.
    """
    # Only now, for this module asks for the platform that MuJoCo chose.
    gl = importlib.import_module("OpenGL.GL")
    points = corners.reshape(-1, 3).astype(np.float64)
    points -= (points.min(axis=0) + points.max(axis=0)) / 2
    points /= np.linalg.norm(points, axis=1).max() * 1.001
    with _own_state(gl), _frame(gl):
        drawing = _drawing(gl, points.astype(np.float32))
        try:
            pixels = sum(_pixels(gl, drawing, len(corners)))
        finally:
            gl.glDeleteLists(drawing, 1)
    return _not_negligible(np.asarray(pixels))


def _not_negligible(pixels: NDArray[np.int64]) -> NDArray[np.bool_]:
    order = np.argsort(pixels, kind="stable")
    before = np.cumsum(pixels[order])
    seen = np.empty(len(pixels), np.bool_)
    seen[order] = before > LEAST_SHARE * before[-1]
    return seen


def _directions() -> NDArray[np.float64]:
    """Points on the unit ball, evenly on a spiral; (DIRECTIONS, 3)."""
    turns = np.pi * (1 + np.sqrt(5)) * (np.arange(DIRECTIONS) + 0.5)
    height = 1 - 2 * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turns), radius * np.sin(turns), height], axis=1)


def _drawing(gl: Any, points: NDArray[np.float32]) -> int:
    """A display list of triangles in colours that count them from 1."""
    numbers = np.repeat(np.arange(1, len(points) // 3 + 1, dtype="<u4"), 3)
    # Opaque, or nothing is drawn where the state says so.
    colors = (numbers | np.uint32(0xFF000000)).view(np.uint8).reshape(-1, 4)
    gl.glEnableClientState(gl.GL_VERTEX_ARRAY)
    gl.glEnableClientState(gl.GL_COLOR_ARRAY)
    gl.glVertexPointer(3, gl.GL_FLOAT, 0, points)
    gl.glColorPointer(4, gl.GL_UNSIGNED_BYTE, 0, colors)
    drawing = gl.glGenLists(1)
    gl.glNewList(drawing, gl.GL_COMPILE)
    gl.glDrawArrays(gl.GL_TRIANGLES, 0, len(points))
    gl.glEndList()
    return drawing


def _pixels(gl: Any, drawing: int, count: int) -> Iterator[NDArray[np.int64]]:
    """For each direction the number of pixels that each triangle has."""
    for direction in _directions():
        other = np.eye(3)[np.argmin(np.abs(direction))]
        right = np.cross(other, direction)
        right /= np.linalg.norm(right)
        view = np.eye(4)
        view[0, :3], view[1, :3] = right, np.cross(direction, right)
        # Between 0 and 1, which is not clipped whichever way OpenGL has its depths.
        view[2] = *(-0.49 * direction), 0.5
        gl.glLoadMatrixd(view.T.ravel())
        gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
        gl.glCallList(drawing)
        rgba = gl.glReadPixels(0, 0, SIDE, SIDE, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
        numbers = np.frombuffer(rgba, "<u4") & np.uint32(0xFFFFFF)
        yield np.bincount(numbers, minlength=count + 1)[1:]


@contextmanager
def _own_state(gl: Any) -> Iterator[None]:
    """OpenGL as it is needed here, and afterwards as it was."""
    gl.glPushAttrib(gl.GL_ALL_ATTRIB_BITS)
    gl.glPushClientAttrib(gl.GL_CLIENT_ALL_ATTRIB_BITS)
    for stack in (gl.GL_PROJECTION, gl.GL_MODELVIEW):
        gl.glMatrixMode(stack)
        gl.glPushMatrix()
        gl.glLoadIdentity()
    off = (
        *(gl.GL_LIGHTING, gl.GL_TEXTURE_2D, gl.GL_BLEND, gl.GL_ALPHA_TEST, gl.GL_FOG),
        *(gl.GL_DITHER, gl.GL_MULTISAMPLE, gl.GL_SCISSOR_TEST, gl.GL_STENCIL_TEST),
        gl.GL_POLYGON_OFFSET_FILL,
    )
    for capability in off:
        gl.glDisable(capability)
    gl.glEnable(gl.GL_CULL_FACE)
    gl.glEnable(gl.GL_DEPTH_TEST)
    gl.glCullFace(gl.GL_BACK)
    gl.glFrontFace(gl.GL_CCW)
    gl.glDepthMask(True)
    gl.glDepthFunc(gl.GL_LEQUAL)
    gl.glDepthRange(0.0, 1.0)
    gl.glClearDepth(1.0)
    gl.glClearColor(0.0, 0.0, 0.0, 0.0)
    gl.glShadeModel(gl.GL_FLAT)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 4)
    gl.glViewport(0, 0, SIDE, SIDE)
    try:
        yield
    finally:
        for stack in (gl.GL_PROJECTION, gl.GL_MODELVIEW):
            gl.glMatrixMode(stack)
            gl.glPopMatrix()
        gl.glPopClientAttrib()
        gl.glPopAttrib()


@contextmanager
def _frame(gl: Any) -> Iterator[None]:
    """Colours and depths to draw into, and afterwards those from before."""
    before = gl.glGetIntegerv(gl.GL_FRAMEBUFFER_BINDING)
    frame = gl.glGenFramebuffers(1)
    color, depth = gl.glGenRenderbuffers(2)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, frame)
    for buffer, kind, place in (
        (color, gl.GL_RGBA8, gl.GL_COLOR_ATTACHMENT0),
        (depth, gl.GL_DEPTH_COMPONENT32F, gl.GL_DEPTH_ATTACHMENT),
    ):
        gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, buffer)
        gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, kind, SIDE, SIDE)
        gl.glFramebufferRenderbuffer(
            gl.GL_FRAMEBUFFER, place, gl.GL_RENDERBUFFER, buffer
        )
    try:
        yield
    finally:
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, before)
        gl.glDeleteFramebuffers(1, [frame])
        gl.glDeleteRenderbuffers(2, [color, depth])
