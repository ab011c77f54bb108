"""Which objects the physics moves, and what carries all others.

A simulated shape hangs on a joint if its parent is a joint in force mode that hangs on
a shape, and if it is the first such shape there; it is fixed if its parent is an
unbroken force sensor that hangs on a shape; else it is free. Everything else stands
where its parent stands.
"""

from dataclasses import dataclass
from enum import Enum, auto

from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.force_sensors import ForceSensor
from pyrep_mujoco.ttm.objects import ModelProperty
from pyrep_mujoco.ttm.shapes import Shape


class Hold(Enum):
    """How a shape's body is held."""

    FREE = auto()
    """By nothing."""
    JOINT = auto()
    """By a joint that is simulated."""
    FIXED = auto()
    """Rigidly, by its carrier."""


@dataclass(frozen=True, slots=True)
class Link:
    """A shape's body and what holds it."""

    hold: Hold
    """How it is held."""
    carrier: Node | None
    """The shape that carries it; None for the world."""
    joint: Node | None = None
    """The joint that moves it against the carrier."""
    sensor: Node | None = None
    """The force sensor that fixes it to the carrier."""


def is_dynamic(node: Node) -> bool:
    """Whether this is a shape that the physics moves."""
    return (
        isinstance(node.source, Shape)
        and node.source.dynamic
        and not node.has(ModelProperty.NOT_DYNAMIC)
    )


def is_respondable(node: Node) -> bool:
    """Whether this is a shape that makes contacts."""
    return (
        isinstance(node.source, Shape)
        and node.source.respondable
        and not node.has(ModelProperty.NOT_RESPONDABLE)
    )


def link(node: Node) -> Link:
    """How a shape is held."""
    parent = node.parent
    if is_dynamic(node):
        if parent is None or not _on_shape(parent):
            return Link(Hold.FREE, None)
        if moved_shape(parent) is node:
            return Link(Hold.JOINT, parent.parent, joint=parent)
        if isinstance(parent.source, ForceSensor) and not parent.broken:
            return Link(Hold.FIXED, parent.parent, sensor=parent)
        return Link(Hold.FREE, None)
    return Link(Hold.FIXED, carrier(node))


def carrier(node: Node) -> Node | None:
    """The shape whose body an object moves with; None for the world."""
    parent = node.parent
    while parent is not None:
        if isinstance(parent.source, Shape):
            return parent
        moved = moved_shape(parent)
        if moved is not None and moved is not node:
            return moved
        parent = parent.parent
    return None


def moved_shape(node: Node) -> Node | None:
    """The shape that a simulated joint moves; None if this is no such joint."""
    if node.drive is not None and node.drive.simulated and _on_shape(node):
        for child in node.children:
            if is_dynamic(child):
                return child
    return None


def _on_shape(node: Node) -> bool:
    return node.parent is not None and isinstance(node.parent.source, Shape)
