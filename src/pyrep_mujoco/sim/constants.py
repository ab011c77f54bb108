"""Numbers of CoppeliaSim's API that the functions tell apart (its ``simConst.h``)."""

WORLD = -1
"""Instead of a handle: no object, or the world's frame."""
ALL = -2
"""Instead of a handle or a type: all objects."""
PARENT = -11
"""Instead of a handle: the object's parent."""
SCENE = -12
"""Instead of a handle: the whole scene."""

JOINT_BASE_FRAME = 4194304
"""Added to a joint's handle: the frame that the joint does not move."""

SHAPE, JOINT, GRAPH, CAMERA, DUMMY, PROXIMITY_SENSOR = 0, 1, 2, 3, 4, 5
PATH, VISION_SENSOR, MILL, FORCE_SENSOR, LIGHT, MIRROR, OCTREE = (
    *(8, 9, 11, 12),
    *(13, 14, 15),
)
POINT_CLOUD = 16
"""Types of objects."""

NOT_A_MODEL = 0xF000
"""Bits of a model property that stand where the object is no model's base."""
