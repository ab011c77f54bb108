"""Where RLBench's five cameras sit and how they see; the geometry of their pictures.

RLBench's convention: a camera looks along its z axis, x points left and y up in the
picture; extrinsics map camera to world; focal lengths are negative, for pixel columns
count to the right. All numbers were measured in RLBench 1.2.0.
"""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FLIP = np.diag([-1.0, 1.0, -1.0])
"""Turns axes of RLBench's cameras (x left, y up, z ahead) into OpenGL's and MuJoCo's
(x right, y up, z back), and back."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CameraMount:
    """One camera's place and lens."""

    position: tuple[float, float, float]
    """[m] in the world, the wrist camera's in the hand's frame."""

    view: tuple[float, float, float]
    """Unit vector along which it looks, in the same frame."""

    left: tuple[float, float, float]
    """Unit vector to the left of its picture, in the same frame."""

    fov: float
    """Field of view [rad] along the longer side of the picture."""

    near: float
    """Distance in [m] before which nothing is drawn."""

    far: float
    """Distance in [m] behind which nothing is drawn; depth is this at most."""

    on_hand: bool = False
    """Whether it moves with the hand."""

    @property
    def axes(self) -> FloatArray:
        """Columns left, up, view: RLBench's rotation, (3, 3)."""
        left, view = np.array(self.left), np.array(self.view)
        return np.stack([left, np.cross(view, left), view], axis=1)


def _standing(
    position: tuple[float, float, float], yaw: float, pitch: float, far: float
) -> CameraMount:
    """A camera in the room; ``yaw`` about z and ``pitch`` downwards in [degrees]."""
    cos_yaw, sin_yaw = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    down = math.radians(pitch)
    return CameraMount(
        position=position,
        view=(math.cos(down) * cos_yaw, math.cos(down) * sin_yaw, -math.sin(down)),
        left=(-sin_yaw, cos_yaw, 0.0),
        fov=math.radians(40.0),
        near=0.01,
        far=far,
    )


_WRIST_TILT = 0.0899087
"""Sine of the angle by which the wrist camera looks back at the fingers."""

MOUNTS = {
    "left_shoulder": _standing((-0.175, 0.2, 1.98), -10.0, 65.0, 3.2),
    "right_shoulder": _standing((-0.175, -0.2, 1.98), 10.0, 65.0, 3.2),
    "overhead": _standing((-0.175, 0.0, 2.43), 0.0, 65.0, 3.3),
    "wrist": CameraMount(
        position=(0.05045, -0.00024, 0.01952),
        view=(-_WRIST_TILT, 0.0, math.sqrt(1 - _WRIST_TILT**2)),
        left=(0.0, -1.0, 0.0),
        fov=math.radians(60.0),
        near=0.01,
        far=3.5,
        on_hand=True,
    ),
    "front": _standing((1.35, 0.0, 1.58), 180.0, 25.0, 4.5),
}
"""By RLBench's names."""


def focal_length(mount: CameraMount, size: tuple[int, int]) -> float:
    """Focal length in pixels of a picture of (height, width)."""
    return max(size) / 2 / math.tan(mount.fov / 2)


def vertical_fov(mount: CameraMount, size: tuple[int, int]) -> float:
    """Angle [rad] that the height of a picture of (height, width) spans."""
    return 2 * math.atan(size[0] / 2 / focal_length(mount, size))


def intrinsics(mount: CameraMount, size: tuple[int, int]) -> FloatArray:
    """RLBench's camera matrix of a picture of (height, width), (3, 3)."""
    focal = focal_length(mount, size)
    height, width = size
    return np.array([[-focal, 0, width / 2], [0, -focal, height / 2], [0, 0, 1]], float)


def extrinsics(position: FloatArray, axes: FloatArray) -> FloatArray:
    """RLBench's camera-to-world matrix, (4, 4).

    Args:
      position: (3,) [m] in the world.
      axes: (3, 3) columns left, up, view in the world.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = position
    return matrix


def pixel_rays(mount: CameraMount, size: tuple[int, int]) -> NDArray[np.float32]:
    """What a pixel's depth is multiplied with to give its place before the camera.

    Rays go through the pixels' centres.

    Returns:
      (height, width, 3) float32, axes left, up, view; the last is 1.
    """
    focal = focal_length(mount, size)
    height, width = size
    rays = np.ones((height, width, 3), np.float32)
    rays[..., 0] = (width / 2 - (np.arange(width) + 0.5)) / focal
    rays[..., 1] = ((height / 2 - (np.arange(height) + 0.5)) / focal)[:, None]
    return rays
