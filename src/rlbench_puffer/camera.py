"""What a camera observes: its size and its pictures, without any renderer."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from rlbench_puffer.errors import InvalidOptionError, UnknownNameError

CameraName = Literal["left_shoulder", "right_shoulder", "overhead", "wrist", "front"]

CAMERA_NAMES: tuple[str, ...] = get_args(CameraName)
"""RLBench's five cameras, in RLBench's order."""

IMAGE_KINDS = ("rgb", "depth", "mask", "point_cloud")
"""What a camera can give, in the order that observations have."""

MAX_SIZE = 4096
"""Largest height and width in pixels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Camera:
    """Which pictures one camera gives, and how large they are.

    Raises:
      InvalidOptionError: a size that is none, or no picture at all.
    """

    size: tuple[int, int] = (128, 128)
    """Height and width in pixels, as in the arrays' shapes."""

    rgb: bool = True
    """Colours, uint8 (height, width, 3), row 0 on top."""

    depth: bool = False
    """Distance along the view axis in [m], float32 (height, width)."""

    mask: bool = False
    """What is seen, int32 (height, width): indices into ``info["mask_names"]``."""

    point_cloud: bool = False
    """World position in [m] of what is seen, float32 (height, width, 3)."""

    def __post_init__(self) -> None:
        """Check the size and that there is something to see."""
        object.__setattr__(self, "size", _checked_size(self.size))
        for kind in IMAGE_KINDS:
            if not isinstance(getattr(self, kind), bool):
                raise InvalidOptionError(kind, getattr(self, kind), "True or False")
        if not self.kinds:
            raise InvalidOptionError(
                "rgb",
                False,
                "at least one of " + ", ".join(IMAGE_KINDS),
                "Leave the camera out if it is not needed.",
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The pictures asked for, in their fixed order."""
        return tuple(kind for kind in IMAGE_KINDS if getattr(self, kind))

    def shape(self, kind: str) -> tuple[int, ...]:
        """Shape of a picture: (height, width), with 3 channels where it has them."""
        return (*self.size, 3) if kind in ("rgb", "point_cloud") else self.size


Cameras = tuple[tuple[str, Camera], ...]
"""Camera names with what each gives, in RLBench's order."""

CameraOption = (
    Mapping[str, Camera | Sequence[int]]
    | Sequence[tuple[str, Camera | tuple[int, int]]]
    | Cameras
)
"""What a user may write for the cameras."""


def checked_cameras(cameras: object) -> Cameras:
    """Cameras as pairs in RLBench's order.

    Args:
      cameras: a mapping, or pairs, of names to a :class:`Camera` or to a size.

    Raises:
      UnknownNameError: no such camera; the message lists close names.
      InvalidOptionError: neither a mapping nor pairs, or a size that is none.
    """
    expected = f"a mapping from names ({', '.join(CAMERA_NAMES)}) to sizes or Cameras"
    if isinstance(cameras, Mapping):
        pairs = list(cameras.items())
    elif isinstance(cameras, Sequence) and not isinstance(cameras, str):
        pairs = list(cameras)
    else:
        raise InvalidOptionError("cameras", cameras, expected)
    found: dict[str, Camera] = {}
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise InvalidOptionError("cameras", cameras, expected)
        name, camera = pair
        if name not in CAMERA_NAMES:
            raise UnknownNameError("camera", name, CAMERA_NAMES)
        found[name] = camera if isinstance(camera, Camera) else Camera(size=camera)
    return tuple((name, found[name]) for name in CAMERA_NAMES if name in found)


def _checked_size(size: object) -> tuple[int, int]:
    expected = f"(height, width) in pixels, each from 1 to {MAX_SIZE}"
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 2:
        raise InvalidOptionError("size", size, expected)
    for number in size:
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not 1 <= number <= MAX_SIZE
        ):
            raise InvalidOptionError("size", size, expected)
    return int(size[0]), int(size[1])
