"""Functions of the API: what proximity sensors detect."""

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.entities import objects_of
from pyrep_mujoco.scene.proximity import Proximity
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.objects import ModelProperty
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor

HANDLE_ALL = -2
"""CoppeliaSim's ``sim_handle_all``."""


class ProximityReadings:
    """What readings of the current scene's proximity sensors keep."""

    def __init__(self, simulation: Simulation) -> None:
        self.proximity = Proximity(simulation.scene)
        """Of the scene."""

    def close(self) -> None:
        """Nothing is held but memory."""


def simReadProximitySensor(
    sensorHandle: int,
) -> tuple[int, list[int], list[float], list[float]]:
    """What a sensor detects now: the nearest point, by the sensor's own settings.

    Returns:
      1 or 0; the detected object's handle as the only element of a list; the point in
      the sensor's frame [m]; the surface's normal there, in the same frame. Without a
      detection the handle is -1 and the rest 0.

    Raises:
      UnknownObjectError: there is no such object.
      SceneError: it is no proximity sensor.
    """
    simulation = current()
    sensor, source = _sensor(simulation, sensorHandle)
    readings = simulation.part(ProximityReadings)
    found = readings.proximity.read(sensor, source.entity)
    if found is None:
        return 0, [-1], [0.0] * 3, [0.0] * 3
    detection, thing = found
    return 1, [thing.handle], list(detection.point), list(detection.normal)


def simCheckProximitySensor(
    sensorHandle: int, entityHandle: int
) -> tuple[int, list[float]]:
    """Whether a sensor detects an object or one of a collection.

    Args:
      sensorHandle: of a proximity sensor.
      entityHandle: of an object, which counts whatever its properties of detection
        say; of a collection, or ``sim_handle_all``, of which what is detectable does.

    Returns:
      1 or 0; a point of what was detected in the sensor's frame [m], which need not
      be the nearest one.

    Raises:
      UnknownObjectError: there is no such object or collection.
      SceneError: the first object is no proximity sensor.
    """
    simulation = current()
    sensor, source = _sensor(simulation, sensorHandle)
    proximity = simulation.part(ProximityReadings).proximity
    tree = simulation.scene.tree
    named = tree.find_handle(entityHandle)
    if named is not None:
        point = proximity.detects(sensor, named)
        return (0, [0.0] * 3) if point is None else (1, list(point))
    things = tree if entityHandle == HANDLE_ALL else objects_of(tree, entityHandle)
    for thing in things:
        if thing.source.special_properties & source.detectable_bits and not thing.has(
            ModelProperty.NOT_DETECTABLE
        ):
            point = proximity.detects(sensor, thing)
            if point is not None:
                return 1, list(point)
    return 0, [0.0] * 3


def _sensor(simulation: Simulation, handle: int) -> tuple[Node, ProximitySensor]:
    node = simulation.node(handle)
    if not isinstance(node.source, ProximitySensor):
        raise SceneError(
            node.name,
            "is no proximity sensor",
            "Give the handle of a proximity sensor.",
        )
    return node, node.source
