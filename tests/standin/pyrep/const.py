"""Closed sets of PyRep."""

import enum


class RenderMode(enum.Enum):
    """How a camera draws."""

    OPENGL = 0
    OPENGL3 = 7


class ObjectType(enum.Enum):
    """Kinds of things in a scene."""

    ALL = -2
    SHAPE = 0
