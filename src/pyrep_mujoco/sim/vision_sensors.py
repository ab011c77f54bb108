"""Vision sensors: made, handled, and what they saw."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.object_parameters import register
from pyrep_mujoco.sim.pictures import Pictures, sensor_of
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.plain import OBJECT
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

MOST_PIXELS = 16384
"""Along a side of a picture; more than any OpenGL here draws."""

MOST_ANGLE = math.radians(175)
"""Of a perspective view [rad]."""

LEAST_NEAR, MOST_FAR = 1e-4, 1e4
"""Limits of clipping planes [m]."""

_EXPLICIT, _PERSPECTIVE = 1, 2
"""Bits of the options of new sensors."""


def simCreateVisionSensor(
    options: int,
    intParams: Sequence[int],
    floatParams: Sequence[float],
    color: Sequence[float] | None,
) -> int:
    """A new vision sensor at the origin that has seen nothing yet.

    Args:
      options: 1 it is handled explicitly, 2 it is a perspective one.
      intParams: [0] width and [1] height in pixels.
      floatParams: [0] near and [1] far clipping plane [m]; [2] the view's angle [rad]
        or its size [m] along the picture's larger side.
      color: of no use, for no camera sees it.

    Raises:
      RuntimeError: a number is out of range.
    """
    perspective = bool(options & _PERSPECTIVE)
    wide = float(floatParams[2])
    simulation = current()
    fields: dict[str, Any] = OBJECT | {"name": "Vision_sensor"}
    node = simulation.scene.create(
        VisionSensor(
            **fields,
            perspective=perspective,
            view_angle=_angle("Vision_sensor", wide) if perspective else math.pi / 3,
            view_size=1.0 if perspective else _length("Vision_sensor", wide),
            near=_length("Vision_sensor", floatParams[0]),
            far=_length("Vision_sensor", floatParams[1]),
            resolution=(
                _pixels("Vision_sensor", intParams[0]),
                _pixels("Vision_sensor", intParams[1]),
            ),
            entity=-1,
            render_mode=0,
            explicit=bool(options & _EXPLICIT),
            background=(0.0, 0.0, 0.0),
        )
    )
    simulation.part(Pictures).blank(node)
    return node.handle


def simHandleVisionSensor(sensorHandle: int) -> tuple[int, list[float]]:
    """Let a sensor see what is there now.

    Returns:
      0, for it detects nothing by itself, and no packets of such data.

    Raises:
      DrawingError: there is no OpenGL here.
    """
    simulation = current()
    simulation.part(Pictures).take(simulation.node(sensorHandle))
    return 0, []


def simReadVisionSensor(sensorHandle: int) -> tuple[int, list[float]]:
    """Whether a sensor detected something: 0, for no filter looks for anything."""
    sensor_of(current().node(sensorHandle))
    return 0, []


def simGetVisionSensorImage(
    sensorHandle: int, resolution: Sequence[int]
) -> NDArray[np.float32]:
    """What a sensor saw last; (height, width, 3) from 0 to 1, the top row first.

    A sensor that shows handles has them as red + 256 green + 65536 blue, each of 255.
    """
    simulation = current()
    shot = simulation.part(Pictures).shot(simulation.node(sensorHandle))
    return shot.rgb.astype(np.float32) / np.float32(255)


def simGetVisionSensorDepthBuffer(
    sensorHandle: int, resolution: Sequence[int], in_meters: bool
) -> NDArray[np.float32]:
    """How far along the view what a sensor saw last is; (height, width), top row first.

    Args:
      sensorHandle: the sensor.
      resolution: of no use, for the sensor has its own.
      in_meters: whether in m, or from 0 at the near clipping plane to 1 at the far one.
    """
    simulation = current()
    shot = simulation.part(Pictures).shot(simulation.node(sensorHandle))
    view = shot.view
    metres = view.metres(shot.depth)
    if in_meters:
        return metres
    near, far = np.float32(view.near), np.float32(view.far)
    return (metres - near) / (far - near)


def simGetVisionSensorResolution(sensorHandle: int) -> list[int]:
    """Width and height of a sensor's pictures in pixels."""
    return list(sensor_of(current().node(sensorHandle)).resolution)


def simSetExplicitHandling(generalObjectHandle: int, explicitFlags: int) -> None:
    """Let a sensor be read on request only (1), or after every step (0)."""
    node = current().node(generalObjectHandle)
    source = _sensor(node)
    node.source = dataclasses.replace(source, explicit=bool(explicitFlags & 1))


def simGetExplicitHandling(generalObjectHandle: int) -> int:
    """Whether a sensor is read on request only."""
    return int(_sensor(current().node(generalObjectHandle)).explicit)


def _sensor(node: Node) -> VisionSensor | ProximitySensor:
    if not isinstance(node.source, VisionSensor | ProximitySensor):
        raise SceneError(
            node.name, "is no sensor, and handled in no way", "Ask for a sensor's."
        )
    return node.source


def _pixels(name: str, value: float) -> int:
    if not 1 <= value <= MOST_PIXELS:
        raise SceneError(
            name, f"cannot have {value} pixels along a side", f"1 to {MOST_PIXELS} go."
        )
    return int(value)


def _length(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise SceneError(name, f"cannot see {value} m far or wide", "Give a number.")
    return min(max(float(value), LEAST_NEAR), MOST_FAR)


def _angle(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise SceneError(name, f"cannot see an angle of {value}", "Give a number.")
    return min(max(float(value), 1e-3), MOST_ANGLE)


def _set(node: Node, **fields: Any) -> None:
    node.source = dataclasses.replace(node.source, **fields)


def _set_side(node: Node, side: int, value: float) -> None:
    width, height = sensor_of(node).resolution
    pixels = _pixels(node.name, value)
    _set(node, resolution=(width, pixels) if side else (pixels, height))


def _set_entity(simulation: Simulation, node: Node, entity: int) -> None:
    tree = simulation.scene.tree
    if entity != -1 and entity not in tree and entity not in tree.collections:
        raise SceneError(
            node.name, f"cannot see {entity}, which is nothing", "Give a handle or -1."
        )
    _set(node, entity=entity)


def _register(number: int, field: str, checked: Any) -> None:
    register(
        number,
        VisionSensor,
        lambda sim, node: getattr(node.source, field),
        lambda sim, node, value: _set(node, **{field: checked(node.name, value)}),
    )


_register(1000, "near", _length)
_register(1001, "far", _length)
_register(1004, "view_angle", _angle)
_register(1005, "view_size", _length)
_register(1017, "render_mode", lambda name, value: int(value))
_register(1018, "perspective", lambda name, value: bool(value))
register(1008, VisionSensor, lambda sim, node: sensor_of(node).entity, _set_entity)


def _window(simulation: Simulation, node: Node) -> list[int]:
    return simulation.part(Pictures).windows.setdefault(node, [0, 0])


def _set_window(simulation: Simulation, node: Node, side: int, pixels: int) -> None:
    _window(simulation, node)[side] = int(pixels)


for _side in range(2):
    register(
        1009 + _side,
        VisionSensor,
        lambda sim, node, side=_side: _window(sim, node)[side],
        lambda sim, node, value, side=_side: _set_window(sim, node, side, value),
    )
    register(
        1002 + _side,
        VisionSensor,
        lambda sim, node, side=_side: sensor_of(node).resolution[side],
        lambda sim, node, value, side=_side: _set_side(node, side, value),
    )
