"""Functions of the API: force sensors, what they measure and that they break.

CoppeliaSim leaves the breaking to scripts for sensors that do not break by themselves.
Scripts are not run here: every sensor whose file has a threshold breaks when that is
violated as many control steps in a row as the file says, which is what RLBench's one
such script does.
"""

from collections.abc import Sequence

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.force_sensors import ForceSensors
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.force_sensors import ForceSensor
from pyrep_mujoco.ttm.plain import OBJECT

_FORCE_ON, _TORQUE_ON = 0x01, 0x02
_READ, _BROKEN = 1, 2
"""Bits of a reading's state."""


class ForceReadings:
    """What readings of the current scene's force sensors keep."""

    def __init__(self, simulation: Simulation) -> None:
        self.sensors = ForceSensors(simulation.scene)
        """Of the scene."""
        self._simulation = simulation
        simulation.after_step.append(self.sensors.count_violations)

    def close(self) -> None:
        """Count violations no more."""
        self._simulation.after_step.remove(self.sensors.count_violations)


def simCreateForceSensor(
    options: int,
    intParams: Sequence[int],
    floatParams: Sequence[float],
    color: Sequence[float] | None,
) -> int:
    """Add a force sensor in the world's origin.

    Args:
      options: bits 0 and 1: whether the thresholds of force and torque count.
      intParams: filter, its values, violations that break it, and two zeros; the
        filter is accepted, and readings are those of the last physics step.
      floatParams: size as drawn [m], thresholds of force [N] and torque [Nm], and
        two zeros.
      color: as drawn; nobody draws it here.

    Returns:
      the new object's handle.
    """
    source = ForceSensor(
        **OBJECT,
        name="Force_sensor",
        force_threshold=floatParams[1] if options & _FORCE_ON else None,
        torque_threshold=floatParams[2] if options & _TORQUE_ON else None,
        violations=max(1, intParams[2]),
        breaks=True,
        size=floatParams[0],
    )
    return current().scene.create(source).handle


def simReadForceSensor(forceSensorHandle: int) -> tuple[int, list[float], list[float]]:
    """The load on a sensor in the last physics step.

    Returns:
      bits: 1 if the numbers mean something, 2 if the sensor is broken; force [N] and
      torque [Nm] in the sensor's frame. All are 0 while no simulation runs.

    Raises:
      UnknownObjectError: there is no such object.
      SceneError: it is no force sensor.
    """
    simulation = current()
    sensor = _sensor(simulation, forceSensorHandle)
    if not simulation.running:
        return 0, [0.0] * 3, [0.0] * 3
    load = simulation.part(ForceReadings).sensors.load(sensor)
    broken = _BROKEN if sensor.broken else 0
    if load is None:
        return broken, [0.0] * 3, [0.0] * 3
    return _READ | broken, load.force, load.torque


def simBreakForceSensor(forceSensorHandle: int) -> None:
    """Let a sensor hold nothing until the simulation is stopped.

    Raises:
      UnknownObjectError: there is no such object.
      SceneError: it is no force sensor.
    """
    simulation = current()
    sensor = _sensor(simulation, forceSensorHandle)
    simulation.part(ForceReadings).sensors.break_off(sensor)


def _sensor(simulation: Simulation, handle: int) -> Node:
    node = simulation.node(handle)
    if not isinstance(node.source, ForceSensor):
        raise SceneError(
            node.name, "is no force sensor", "Give the handle of a force sensor."
        )
    return node
