"""New handles for the objects of a file, and for all references between them."""

import dataclasses

from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.groups import Collection, IkGroup
from pyrep_mujoco.ttm.joints import Joint
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor
from pyrep_mujoco.ttm.scripts import Script
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

NONE = -1
"""Stands for no object at all, or for all of them."""


def renumbered(
    model: Model, *, objects: int, collections: int, ik_groups: int, scripts: int
) -> Model:
    """A model whose handles count up in the file's order.

    Args:
      model: what was read.
      objects: the first object's handle.
      collections: the first collection's.
      ik_groups: the first IK group's.
      scripts: the first script's id.
    """
    things = _table([thing.handle for thing in model.objects], objects)
    sets = _table([group.handle for group in model.collections], collections)
    chains = _table([group.handle for group in model.ik_groups], ik_groups)
    return dataclasses.replace(
        model,
        objects=tuple(_object(thing, things, sets) for thing in model.objects),
        collections=tuple(
            _collection(group, sets, things) for group in model.collections
        ),
        ik_groups=tuple(_ik_group(group, chains, things) for group in model.ik_groups),
        scripts=tuple(
            _script(script, scripts + place, things)
            for place, script in enumerate(model.scripts)
        ),
    )


def _table(handles: list[int], first: int) -> dict[int, int]:
    return {handle: first + place for place, handle in enumerate(handles)}


def _object(
    thing: SceneObject, things: dict[int, int], sets: dict[int, int]
) -> SceneObject:
    changes: dict[str, int] = {
        "handle": things[thing.handle],
        "parent": things.get(thing.parent, NONE),
    }
    if isinstance(thing, Dummy):
        changes["linked_to"] = things.get(thing.linked_to, NONE)
    elif isinstance(thing, Joint):
        changes["depends_on"] = things.get(thing.depends_on, NONE)
    elif isinstance(thing, ProximitySensor | VisionSensor):
        # A sensor watches an object or a collection; their handles do not overlap
        # within a file.
        seen = things.get(thing.entity, NONE)
        changes["entity"] = sets.get(thing.entity, seen)
    return dataclasses.replace(thing, **changes)


def _collection(
    group: Collection, sets: dict[int, int], things: dict[int, int]
) -> Collection:
    return dataclasses.replace(
        group,
        handle=sets[group.handle],
        elements=tuple(
            dataclasses.replace(element, object=things.get(element.object, NONE))
            for element in group.elements
        ),
    )


def _ik_group(
    group: IkGroup, chains: dict[int, int], things: dict[int, int]
) -> IkGroup:
    return dataclasses.replace(
        group,
        handle=chains[group.handle],
        elements=tuple(
            dataclasses.replace(
                element,
                tip=things.get(element.tip, NONE),
                base=things.get(element.base, NONE),
                constraint_base=things.get(element.constraint_base, NONE),
            )
            for element in group.elements
        ),
    )


def _script(script: Script, number: int, things: dict[int, int]) -> Script:
    return dataclasses.replace(
        script, id=number, object=things.get(script.object, NONE)
    )
