"""The robots that the stand-in has."""

from pyrep.robots import UR5, Panda, PandaGripper, Robotiq85Gripper

SUPPORTED_ROBOTS = {
    "panda": (Panda, PandaGripper, 7),
    "ur5": (UR5, Robotiq85Gripper, 6),
}
