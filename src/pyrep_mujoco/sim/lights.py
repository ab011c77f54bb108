"""Lights: on or off, their colours, and how their light falls off."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.object_parameters import register
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.viewpoints import Light

MOST_CUTOFF = 1.5707963705062866
"""Half opening of a spot [rad]: a quarter turn, as CoppeliaSim's floats have it."""


def _light(node: Node) -> Light:
    if not isinstance(node.source, Light):
        raise SceneError(node.name, "is no light", "Ask for a light's handle.")
    return node.source


def simGetLightParameters(shapeHandle: int) -> tuple[int, list[float], list[float]]:
    """Whether a light is on (1 or 0), its diffuse and its specular colour.

    Raises:
      SceneError: the object is no light.
    """
    light = _light(current().node(shapeHandle))
    return int(light.active), list(light.color.diffuse), list(light.color.specular)


def simSetLightParameters(
    shapeHandle: int,
    state: int,
    diffusePart: Sequence[float] | None = None,
    specularPart: Sequence[float] | None = None,
) -> None:
    """Switch a light on or off, and perhaps give it other colours.

    Raises:
      SceneError: the object is no light, or a colour is not three finite numbers.
    """
    node = current().node(shapeHandle)
    light = _light(node)
    parts: dict[str, Any] = {}
    for name, rgb in (("diffuse", diffusePart), ("specular", specularPart)):
        if rgb is not None:
            parts[name] = tuple(map(float, rgb))
            if len(parts[name]) != 3 or not all(map(math.isfinite, parts[name])):
                raise SceneError(
                    node.name, f"cannot shed {parts[name]}", "Give three numbers."
                )
    color = dataclasses.replace(light.color, **parts)
    node.source = dataclasses.replace(light, active=bool(state & 1), color=color)


class ShadowFlags:
    """Which lights cast shadows in POV-Ray, which does not draw here."""

    def __init__(self, simulation: Simulation) -> None:
        self.off: set[Node] = set()

    def close(self) -> None:
        """Forget all."""
        self.off.clear()


def _set_shadows(simulation: Simulation, node: Node, casts: int) -> None:
    off = simulation.part(ShadowFlags).off
    off.discard(node)
    if not casts:
        off.add(node)


def _set(node: Node, **fields: Any) -> None:
    node.source = dataclasses.replace(_light(node), **fields)


def _number(node: Node, value: float, most: float) -> float:
    if not math.isfinite(value):
        raise SceneError(node.name, f"cannot shine with {value}", "Give a number.")
    return min(max(float(value), 0.0), most)


register(
    8000,
    Light,
    lambda sim, node: node not in sim.part(ShadowFlags).off,
    _set_shadows,
)
register(
    8001,
    Light,
    lambda sim, node: _light(node).spot_exponent,
    # OpenGL's greatest exponent.
    lambda sim, node, value: _set(node, spot_exponent=round(_number(node, value, 128))),
)
register(
    8002,
    Light,
    lambda sim, node: _light(node).spot_cutoff,
    lambda sim, node, value: _set(node, spot_cutoff=_number(node, value, MOST_CUTOFF)),
)
for _place in range(3):
    register(
        8003 + _place,
        Light,
        lambda sim, node, place=_place: _light(node).attenuation[place],
        # CoppeliaSim's API cannot set them either.
        None,
    )
