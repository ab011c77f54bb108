"""Parameters of objects: numbers that are read and set by a number of their own.

Every topic registers its own (``simConst.h`` numbers them by kind of object).
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.objects import SHOWN_LAYERS, SceneObject

Read = Callable[[Simulation, Node], Any]
Write = Callable[[Simulation, Node, Any], None]


class Parameter(NamedTuple):
    """One parameter."""

    kind: type[SceneObject]
    """Kind of the objects that have it."""
    read: Read
    """Its value now."""
    write: Write | None
    """Sets it; None where it cannot be set."""


_KNOWN: dict[int, Parameter] = {}


def register(
    number: int, kind: type[SceneObject], read: Read, write: Write | None
) -> None:
    """Make a parameter known.

    Args:
      number: the API's.
      kind: the class of the objects that have it; `SceneObject` for all.
      read: gives its value.
      write: sets it; None where it cannot be set.
    """
    _KNOWN[number] = Parameter(kind, read, write)


def _find(node: Node, number: int) -> Parameter:
    known = _KNOWN.get(number)
    if known is None or not isinstance(node.source, known.kind):
        raise _missing(node, number)
    return known


def _missing(node: Node, number: int) -> SceneError:
    return SceneError(
        node.name,
        f"has no parameter {number} here",
        'Use engine="coppeliasim" for what needs it.',
    )


def _get(handle: int, number: int) -> Any:
    simulation = current()
    node = simulation.node(handle)
    # `_find` without the call: programs ask for every joint's velocity.
    known = _KNOWN.get(number)
    if known is None or not isinstance(node.source, known.kind):
        raise _missing(node, number)
    return known.read(simulation, node)


def _set(handle: int, number: int, value: Any) -> None:
    simulation = current()
    node = simulation.node(handle)
    write = _find(node, number).write
    if write is None:
        raise SceneError(
            node.name, f"has the parameter {number} to be read only", "Do not set it."
        )
    write(simulation, node, value)


def simGetObjectInt32Parameter(objectHandle: int, parameter: int) -> int:
    """A whole number of an object.

    Raises:
      SceneError: it has no such parameter.
    """
    return int(_get(objectHandle, parameter))


def simSetObjectInt32Parameter(objectHandle: int, parameter: int, value: int) -> None:
    """Set a whole number of an object.

    Raises:
      SceneError: it has no such parameter, or one that cannot be set.
    """
    _set(objectHandle, parameter, int(value))


def simGetObjectFloatParameter(objectHandle: int, parameter: int) -> float:
    """A number of an object.

    Raises:
      SceneError: it has no such parameter.
    """
    return float(_get(objectHandle, parameter))


def simSetObjectFloatParameter(objectHandle: int, parameter: int, value: float) -> None:
    """Set a number of an object.

    Raises:
      SceneError: it has no such parameter, or one that cannot be set.
    """
    _set(objectHandle, parameter, float(value))


def _set_layers(simulation: Simulation, node: Node, value: int) -> None:
    before = node.source.layers
    node.source = dataclasses.replace(node.source, layers=int(value) & 0xFFFF)
    if bool(before & SHOWN_LAYERS) != node.source.on_shown_layer:
        simulation.scene.recompile()


register(10, SceneObject, lambda sim, node: node.source.layers, _set_layers)
for _place in range(3):
    register(
        11 + _place,
        SceneObject,
        lambda sim, node, place=_place: sim.scene.velocity_w(node)[0][place],
        None,
    )
register(
    14,
    SceneObject,
    lambda sim, node: sum(part**2 for part in sim.scene.velocity_w(node)[1]) ** 0.5,
    None,
)
register(34, SceneObject, lambda sim, node: node.source.size_factor, None)
register(36, SceneObject, lambda sim, node: node.source.on_shown_layer, None)
