"""What a picture is taken with: where from, how wide, how near and far."""

import math
from functools import lru_cache
from typing import NamedTuple

import mujoco
import numpy as np

from pyrep_mujoco.scene.frames import FloatArray, Frame, matrix
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

_KEPT = 64
"""Views whose planes are remembered: most cameras stand still."""


class View(NamedTuple):
    """A vision sensor's view now."""

    place: Frame
    """In the world; it looks along +z with y up and x to the left."""
    width: int
    """Of the picture in pixels."""
    height: int
    """Of the picture in pixels."""
    half_width: float
    """At a distance of 1 m in perspective, else everywhere [m]."""
    half_height: float
    """At a distance of 1 m in perspective, else everywhere [m]."""
    near: float
    """Near clipping plane [m]."""
    far: float
    """Far clipping plane [m]."""
    perspective: bool
    """Else orthographic."""

    def aim(self, scene: mujoco.MjvScene) -> None:
        """Let MuJoCo draw a scene so."""
        axes = _axes(self.place)
        scale = self.near if self.perspective else 1.0
        # Both eyes: MuJoCo takes the mean of them where there is no stereo.
        for camera in scene.camera:
            camera.pos[:] = self.place.position
            camera.forward[:] = axes[:, 2]
            camera.up[:] = axes[:, 1]
            camera.frustum_center = 0.0
            camera.frustum_width = self.half_width * scale
            camera.frustum_bottom = -self.half_height * scale
            camera.frustum_top = self.half_height * scale
            camera.frustum_near = self.near
            camera.frustum_far = self.far
            camera.orthographic = not self.perspective

    def sees(
        self, places: FloatArray, axes: FloatArray, boxes: FloatArray
    ) -> np.ndarray:
        """Whether boxes may be in the picture, one by one.

        Args:
          places: (n, 3) of frames in the world [m].
          axes: (n, 9) of their rotation matrices.
          boxes: (n, 6) middle and half size in these frames [m].
        """
        normals, offsets = _planes(self)
        # The normals in each frame; (n, 3, 6).
        turned = axes.reshape(-1, 3, 3).transpose(0, 2, 1).reshape(-1, 3) @ normals
        turned = turned.reshape(-1, 3, 6)
        reach = boxes[:, 3:, None] * np.abs(turned) - boxes[:, :3, None] * turned
        return (places @ normals + offsets < reach.sum(axis=1)).all(axis=1)

    def metres(self, depth: np.ndarray) -> np.ndarray:
        """Distances along the view [m] of OpenGL's depths: 1 is near, 0 is far."""
        near, far = np.float32(self.near), np.float32(self.far)
        if not self.perspective:
            return far - depth * (far - near)
        share = near / far
        return near / (share + depth * (1 - share))


@lru_cache(_KEPT)
def _axes(place: Frame) -> FloatArray:
    """The rotation of a view; (3, 3), not to be written."""
    return matrix(place)


@lru_cache(_KEPT)
def _planes(view: View) -> tuple[FloatArray, FloatArray]:
    """The planes around what a view shows.

    Returns:
      unit normals (3, 6) that point outwards, and offsets (6,) [m]: what is added to a
      point's product with a normal gives its height above the plane.
    """
    planes = _planes_ahead(view[3:])
    normals = _axes(view.place) @ planes[:3]
    return normals, planes[3] - np.array(view.place.position) @ normals


@lru_cache(_KEPT)
def _planes_ahead(
    lens: tuple[float, float, float, float, bool],
) -> FloatArray:
    """The planes around what a view shows, in its own frame.

    Args:
      lens: half width and height, near and far plane, perspective, as of `View`.

    Returns:
      (4, 6) normals and offsets as above; not to be written.
    """
    half_width, half_height, near, far, perspective = lens
    sides = []
    for axis, half in ((0, half_width), (1, half_height)):
        for sign in (1.0, -1.0):
            side = np.zeros(4)
            side[axis] = sign
            # Through the eye and the picture's edge, or through the edge alone.
            side[2 if perspective else 3] = -half
            sides.append(side / np.linalg.norm(side[:3]))
    ends = [(0.0, 0.0, -1.0, near), (0.0, 0.0, 1.0, -far)]
    return np.array([*sides, *ends]).T


def view_of(sensor: VisionSensor, place: Frame) -> View:
    """The view of a vision sensor that stands somewhere in the world."""
    width, height = sensor.resolution
    larger = max(width, height)
    half = sensor.view_size / 2
    if sensor.perspective:
        half = math.tan(sensor.view_angle / 2)
    return View(
        place,
        width,
        height,
        half * width / larger,
        half * height / larger,
        sensor.near,
        # A program may set one before the other.
        max(sensor.far, sensor.near * 1.001),
        sensor.perspective,
    )
