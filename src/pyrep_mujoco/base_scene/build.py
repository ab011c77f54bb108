"""The whole base scene: a robot's model in the room."""

import dataclasses
from collections.abc import Iterable

from pyrep_mujoco.base_scene.room import WORLD, room
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

WRIST_FAR = 3.5
"""Far clipping plane of the wrist cameras in RLBench's scene [m]; they come with the
robot's model, where they see farther."""


def base_scene(robot: Model) -> Model:
    """A scene of the room with a robot, which stands where its model has it.

    Args:
      robot: RLBench's model of the robot, with gripper and wrist cameras.
    """
    objects = tuple(_as_in_scene(robot.objects))
    free = 1 + max((thing.handle for thing in objects), default=-1)
    return dataclasses.replace(
        robot, objects=(*objects, *room(free)), box=None, world=WORLD
    )


def _as_in_scene(objects: Iterable[SceneObject]) -> Iterable[SceneObject]:
    for thing in objects:
        if isinstance(thing, VisionSensor) and thing.name.startswith("cam_wrist"):
            yield dataclasses.replace(thing, far=WRIST_FAR)
        else:
            yield thing
