"""What an observation of the stand-in holds."""

import dataclasses
from typing import Any

from pyrep.const import RenderMode


@dataclasses.dataclass
class CameraConfig:
    """One camera."""

    rgb: bool = True
    depth: bool = True
    point_cloud: bool = True
    mask: bool = True
    image_size: tuple[int, int] = (128, 128)
    render_mode: RenderMode = RenderMode.OPENGL3
    masks_as_one_channel: bool = True
    depth_in_meters: bool = False

    def set_all(self, value: bool) -> None:
        self.rgb = self.depth = self.point_cloud = self.mask = value


class ObservationConfig:
    """All fields, by RLBench's names."""

    def __init__(self, **fields: Any) -> None:
        names = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
        for name in names:
            setattr(self, f"{name}_camera", CameraConfig())
        self.joint_velocities = True
        self.joint_positions = True
        self.joint_forces = True
        self.gripper_open = True
        self.gripper_pose = True
        self.gripper_joint_positions = False
        self.gripper_touch_forces = False
        self.task_low_dim_state = False
        for name, value in fields.items():
            setattr(self, name, value)
