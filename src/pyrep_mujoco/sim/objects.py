"""Objects: names, kinds, families, properties."""

import dataclasses

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim import constants as c
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.force_sensors import ForceSensor
from pyrep_mujoco.ttm.joints import Joint
from pyrep_mujoco.ttm.objects import (
    ModelProperty,
    SceneObject,
    SpecialProperty,
    UnreadObject,
)
from pyrep_mujoco.ttm.paths import Path
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.viewpoints import Camera, Light
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

_TYPES: dict[type[SceneObject], int] = {
    Shape: c.SHAPE,
    Joint: c.JOINT,
    Camera: c.CAMERA,
    Dummy: c.DUMMY,
    ProximitySensor: c.PROXIMITY_SENSOR,
    Path: c.PATH,
    VisionSensor: c.VISION_SENSOR,
    ForceSensor: c.FORCE_SENSOR,
    Light: c.LIGHT,
}

_UNREAD_TYPES = {
    "GRH": c.GRAPH,
    "MIL": c.MILL,
    "MIR": c.MIRROR,
    "OCT": c.OCTREE,
    "PTC": c.POINT_CLOUD,
}


def type_of(source: SceneObject) -> int:
    """The API's number of an object's kind."""
    known = _TYPES.get(type(source))
    if known is None:
        assert isinstance(source, UnreadObject)
        return _UNREAD_TYPES[source.kind]
    return known


def simGetObjectHandle(objectName: str) -> int:
    """The handle of an object by name.

    Raises:
      RuntimeError: there is none.
    """
    node = current().scene.tree.find(objectName)
    if node is None:
        raise RuntimeError(f"The scene has no object named {objectName!r}.")
    return node.handle


def simGetObjectName(objectHandle: int) -> str:
    """An object's name; empty if there is no such object."""
    node = current().scene.tree.find_handle(objectHandle)
    return "" if node is None else node.name


def simSetObjectName(objectHandle: int, name: str) -> None:
    """Give an object another name.

    Raises:
      SceneError: another object has it, or it is empty.
    """
    simulation = current()
    node = simulation.node(objectHandle)
    if not name:
        raise SceneError(node.name, "needs a name; an empty one came", "Give one.")
    simulation.scene.tree.rename(node, name)


def simGetObjectType(objectHandle: int) -> int:
    """The number of an object's kind."""
    return type_of(current().node(objectHandle).source)


def simGetObjectParent(childObjectHandle: int) -> int:
    """Handle of what an object hangs on.

    Raises:
      RuntimeError: it hangs on nothing.
    """
    node = current().node(childObjectHandle)
    if node.parent is None:
        raise RuntimeError(f"The object {node.name!r} hangs on nothing.")
    return node.parent.handle


def simSetObjectParent(objectHandle: int, parentObject: int, keepInPlace: bool) -> None:
    """Hang an object on another, or on nothing (-1).

    Without ``keepInPlace`` its place in its parent's frame stays the same numbers.

    Raises:
      SceneError: the parent hangs on the object itself.
    """
    simulation = current()
    node = simulation.node(objectHandle)
    parent = None if parentObject == c.WORLD else simulation.node(parentObject)
    simulation.scene.hang(node, parent, stay=bool(keepInPlace))


def simGetObjectChild(parentObjectHandle: int, childIndex: int) -> int:
    """Handle of a child by its number from 0.

    Raises:
      RuntimeError: there are fewer.
    """
    children = _children(current(), parentObjectHandle)
    if not 0 <= childIndex < len(children):
        raise RuntimeError(
            f"Child {childIndex} was asked for; there are {len(children)}."
        )
    return children[childIndex].handle


def _children(simulation: Simulation, handle: int) -> list[Node]:
    if handle in (c.WORLD, c.SCENE):
        return [node for node in simulation.scene.tree if node.parent is None]
    return simulation.node(handle).children


def simGetObjects(objectType: int) -> list[int]:
    """Handles of all objects, or of one type's, in the order in which they came."""
    return [
        node.handle
        for node in current().scene.tree
        if objectType in (c.ALL, type_of(node.source))
    ]


def simGetObjectsInTree(
    treeBaseHandle: int, objectType: int, options: int
) -> list[int]:
    """Handles of the objects of a tree, generation by generation.

    Args:
      treeBaseHandle: its topmost object, or the scene.
      objectType: of those asked for, or -2 for all.
      options: bit 0: without the topmost object; bit 1: no further than its children.
    """
    simulation = current()
    if treeBaseHandle == c.SCENE:
        found, last = [], _children(simulation, c.SCENE)
    else:
        base = simulation.node(treeBaseHandle)
        found, last = [] if options & 1 else [base], base.children
    while last:
        found.extend(last)
        if options & 2:
            break
        last = [child for node in last for child in node.children]
    if objectType == c.ALL:
        return [node.handle for node in found]
    return [node.handle for node in found if type_of(node.source) == objectType]


def simGetObjectSpecialProperty(objectHandle: int) -> int:
    """Bits: collidable, measurable, detectable, renderable."""
    return int(current().node(objectHandle).source.special_properties)


def simSetObjectSpecialProperty(objectHandle: int, prop: int) -> None:
    """Set the bits: collidable, measurable, detectable, renderable."""
    simulation = current()
    node = simulation.node(objectHandle)
    before, now = node.source.special_properties, SpecialProperty(prop)
    if before != now:
        node.source = dataclasses.replace(node.source, special_properties=now)
        if (before ^ now) & SpecialProperty.RENDERABLE:
            simulation.scene.show(node)


_NOT_MECHANICAL = (
    ModelProperty.NOT_DYNAMIC | ModelProperty.NOT_RESPONDABLE,
    ModelProperty.NOT_RENDERABLE | ModelProperty.NOT_VISIBLE,
)


def simGetModelProperty(objectHandle: int) -> int:
    """Bits that a model takes from its tree; 0xF000 stands where this is no model."""
    source = current().node(objectHandle).source
    kept = int(source.model_properties) & ~c.NOT_A_MODEL
    return kept if source.is_model_base else kept | c.NOT_A_MODEL


def simSetModelProperty(objectHandle: int, prop: int) -> None:
    """Set the bits of a model; with 0xF000 it is none."""
    simulation = current()
    node = simulation.node(objectHandle)
    is_base = not prop & c.NOT_A_MODEL
    now = ModelProperty(prop & ~c.NOT_A_MODEL)
    source = node.source
    was = source.model_properties if source.is_model_base else ModelProperty(0)
    effect = was ^ (now if is_base else ModelProperty(0))
    node.source = dataclasses.replace(
        source, is_model_base=is_base, model_properties=now
    )
    physics, looks = _NOT_MECHANICAL
    if effect & looks:
        simulation.scene.show(node)
    if effect & physics:
        simulation.scene.unsettle()


def simGetExtensionString(objectHandle: int, index: int, key: str) -> str:
    """The free text of an object; ``index`` and ``key`` are not looked at."""
    return current().node(objectHandle).source.extension


def simGetObjectSizeFactor(shapeHandle: int) -> float:
    """By how much an object was scaled since it was made."""
    return current().node(shapeHandle).source.size_factor


def simGetCollectionHandle(collectionName: str) -> int:
    """The handle of a collection by name.

    Raises:
      RuntimeError: there is none.
    """
    for handle, collection in current().scene.tree.collections.items():
        if collection.name == collectionName:
            return handle
    raise RuntimeError(f"The scene has no collection named {collectionName!r}.")
