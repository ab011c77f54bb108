"""Parameters of shapes that the physics heeds."""

import dataclasses
from typing import Any

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.object_parameters import register
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.shapes import Shape

_OF_MATERIALS = {
    6001: "restitution",
    6002: "friction_old",
    6003: "friction",
    6004: "linear_damping",
    6005: "angular_damping",
}
"""Bullet's parameters of bodies."""


def _shape(simulation: Simulation, handle: int) -> tuple[Node, Shape]:
    """A shape by handle.

    Raises:
      SceneError: it is none.
    """
    node = simulation.node(handle)
    if not isinstance(node.source, Shape):
        raise SceneError(node.name, "is no shape", "Give a shape's handle.")
    return node, node.source


def _change(simulation: Simulation, node: Node, **fields: Any) -> None:
    node.source = dataclasses.replace(node.source, **fields)
    simulation.scene.unsettle()


def _static(simulation: Simulation, node: Node) -> bool:
    return not _shape(simulation, node.handle)[1].dynamic


def _respondable(simulation: Simulation, node: Node) -> bool:
    return _shape(simulation, node.handle)[1].respondable


def _mask(simulation: Simulation, node: Node) -> int:
    shape = _shape(simulation, node.handle)[1]
    return shape.local_mask | shape.global_mask << 8


def _set_mask(simulation: Simulation, node: Node, value: int) -> None:
    mask = int(value)
    _change(simulation, node, local_mask=mask & 0xFF, global_mask=mask >> 8 & 0xFF)
    simulation.scene.recompile()


register(
    3003,
    Shape,
    _static,
    lambda sim, node, value: _change(sim, node, dynamic=not value),
)
register(
    3004,
    Shape,
    _respondable,
    lambda sim, node, value: _change(sim, node, respondable=bool(value)),
)
register(3019, Shape, _mask, _set_mask)


def simGetEngineFloatParameter(parameter: int, objectHandle: int) -> float:
    """A parameter of Bullet's of a shape's material.

    Raises:
      SceneError: it has no such parameter.
    """
    simulation = current()
    node, shape = _shape(simulation, objectHandle)
    return getattr(shape.material, _field(node, parameter))


def simSetEngineFloatParameter(parameter: int, objectHandle: int, val: float) -> int:
    """Set a parameter of Bullet's of a shape's material; MuJoCo heeds the friction.

    Raises:
      SceneError: it has no such parameter, or a negative value came.
    """
    simulation = current()
    node, shape = _shape(simulation, objectHandle)
    field = _field(node, parameter)
    if not val >= 0:
        raise SceneError(
            node.name, f"cannot have a {field} of {val}", "Give 0 or more."
        )
    material = dataclasses.replace(shape.material, **{field: float(val)})
    node.source = dataclasses.replace(shape, material=material)
    if field == "friction":
        simulation.scene.rub(node)
    return 1


def _field(node: Node, parameter: int) -> str:
    if parameter not in _OF_MATERIALS:
        raise SceneError(
            node.name,
            f"has no engine parameter {parameter} here",
            f"Those of Bullet's materials are known: {sorted(_OF_MATERIALS)}.",
        )
    return _OF_MATERIALS[parameter]
