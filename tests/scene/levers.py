"""Small scenes: a floor, and a weight on a lever that turns about a joint."""

from typing import Any

import numpy as np

import ttm_writer as w
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.read import read_model

POOL = w.box_pool((0.1, 0.1, 0.1), (4.0, 4.0, 0.1))
FLOOR = w.box(
    "floor", 90, index=1, size=(4.0, 4.0, 0.1), dynamic=False, position=(0, 0, -0.05)
)
MOTOR, POSITION, SPRING = 0x10, 0x20, 0x80


def scene_of(*chunks: bytes) -> Scene:
    scene = Scene()
    scene.load(read_model(w.file(POOL, *chunks)))
    return scene


def arm(mass: float = 1.0, **of_joint: Any) -> Scene:
    """A weight on a lever that turns about a horizontal axis."""
    return scene_of(
        w.box("post", 1, dynamic=False, position=(0, 0, 2)),
        # The joint's z axis lies along the world's y axis.
        w.joint(
            w.base("hinge", 2, 1, quat_wxyz=(np.sqrt(0.5), -np.sqrt(0.5), 0, 0)),
            **of_joint,
        ),
        w.box("weight", 3, 2, mass=mass, position=(0.5, 0, 0)),
    )
