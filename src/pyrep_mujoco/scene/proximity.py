"""What the proximity sensors of a scene detect now."""

import dataclasses
import math
import weakref
from typing import NamedTuple

from pyrep_mujoco.scene.detection import Detection, DetectionVolume, Point
from pyrep_mujoco.scene.entities import members
from pyrep_mujoco.scene.frames import (
    IDENTITY,
    Frame,
    compose,
    inverse,
    relative,
    shifted,
)
from pyrep_mujoco.scene.places import place_of
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.surfaces import Surface, Surfaces
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.scene.triangle_blocks import TriangleBlocks
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.objects import ModelProperty, SceneObject, SpecialProperty
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor, Volume
from pyrep_mujoco.ttm.shapes import Shape

_DETECTABLE = (
    SpecialProperty.DETECTABLE_ULTRASONIC
    | SpecialProperty.DETECTABLE_INFRARED
    | SpecialProperty.DETECTABLE_LASER
    | SpecialProperty.DETECTABLE_INDUCTIVE
    | SpecialProperty.DETECTABLE_CAPACITIVE
)


class _KeptVolume(NamedTuple):
    source: Volume
    volume: DetectionVolume


class _KeptBlocks(NamedTuple):
    surface: Surface
    blocks: TriangleBlocks


@dataclasses.dataclass(slots=True)
class _Pair:
    """A sensor and an object, and what was found last."""

    sensor: SceneObject
    thing: SceneObject
    volume: DetectionVolume
    surface: Surface | None
    """The object's, if it is a shape."""
    hint: int | None = None
    """Which of its triangles was seen last."""
    base: Frame | None = None
    """Where the sensor was when it was asked last."""
    back: Frame = IDENTITY
    """Where the world was in its frame."""
    place: Frame | None = None
    """Where the object was."""
    answer: Point | None = None
    """The answer then."""


class Proximity:
    """Questions about the proximity sensors of a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._surfaces = Surfaces()
        self._volumes: weakref.WeakKeyDictionary[Node, _KeptVolume] = (
            weakref.WeakKeyDictionary()
        )
        self._blocks: weakref.WeakKeyDictionary[Node, _KeptBlocks] = (
            weakref.WeakKeyDictionary()
        )
        self._pairs: dict[tuple[Node, Node], _Pair] = {}
        self._compiled: object = None

    def detects(self, sensor: Node, thing: Node) -> Point | None:
        """Whether an object is in a sensor's volume, and where.

        The object counts whatever its properties of detection say, as it does in
        CoppeliaSim when it is named; both sides of its triangles do.

        Args:
          sensor: a proximity sensor.
          thing: a shape, or a dummy, which is a point; others are never detected.

        Returns:
          a point of the object in the volume, in the sensor's frame [m], which need
          not be the nearest one; None if none is.
        """
        pair = self._pair(sensor, thing)
        base, place = self._scene.frame_w(sensor), self._scene.frame_w(thing)
        if base != pair.base:
            pair.base, pair.back, pair.place = base, inverse(base), None
        if place != pair.place:
            pair.answer = self._detected(pair, thing, place)
            pair.place = place
        return pair.answer

    def read(self, sensor: Node, entity: int) -> tuple[Detection, Node] | None:
        """The nearest point of what a sensor detects, and the object it belongs to.

        Args:
          sensor: a proximity sensor; its own settings hold.
          entity: handle of an object or collection; -1 all that is detectable.
        """
        source = sensor.source
        assert isinstance(source, ProximitySensor)
        volume = self._volume(sensor)
        base = self._scene.frame_w(sensor)
        best: tuple[Detection, Node] | None = None
        for thing in self._candidates(source, entity):
            seen = relative(self._scene.frame_w(thing), base)
            position, rotation = place_of(seen)
            if not isinstance(thing.source, Shape):
                point = self._point(volume, source, thing, seen.position)
                length = math.hypot(*point) if point else math.inf
                found = point and Detection(point, point, length)
            elif volume.may_hold(self._surfaces.of(thing), position, rotation):
                blocks = self._blocks_of(thing, self._surfaces.of(thing))
                found = volume.nearest(blocks, position, rotation, source)
            else:
                found = None
            if found and (best is None or found.distance < best[0].distance):
                best = found, thing
        least = source.volume.smallest_distance
        if best is not None and least is not None and best[0].distance < least:
            # Whatever is too near hides all else.
            return None
        return best

    def _detected(self, pair: _Pair, thing: Node, place: Frame) -> Point | None:
        volume, source = pair.volume, pair.sensor
        assert isinstance(source, ProximitySensor)
        if pair.surface is None:
            seen = shifted(pair.back, place.position)
            return self._point(volume, source, thing, seen)
        position, rotation = place_of(compose(pair.back, place))
        if not volume.may_hold(pair.surface, position, rotation):
            return None
        blocks = self._blocks_of(thing, pair.surface)
        least = source.volume.smallest_distance
        if least is not None:
            found = volume.nearest(blocks, position, rotation, _seeing_all(source))
            return found.point if found and found.distance >= least else None
        entering = volume.any(blocks, position, rotation, pair.hint)
        if entering is None:
            return None
        pair.hint, point = entering
        return point

    def _pair(self, sensor: Node, thing: Node) -> _Pair:
        # What was removed is forgotten with the model that had it.
        if self._scene.compiled_last is not self._compiled:
            self._compiled, self._pairs = self._scene.compiled_last, {}
        found = self._pairs.get((sensor, thing))
        # An object that was changed has another source.
        if (
            found is None
            or found.sensor is not sensor.source
            or found.thing is not thing.source
        ):
            is_shape = isinstance(thing.source, Shape)
            found = self._pairs[sensor, thing] = _Pair(
                sensor.source,
                thing.source,
                self._volume(sensor),
                self._surfaces.of(thing) if is_shape else None,
            )
        return found

    def _candidates(self, source: ProximitySensor, entity: int) -> list[Node]:
        tree = self._scene.tree
        if entity in tree:
            return [tree.node(entity)]
        group = tree.collections.get(entity)
        # What the sensor was made for may have been removed.
        among = tree if entity == -1 else members(tree, group) if group else ()
        wanted = source.detectable_bits & _DETECTABLE
        return [
            node
            for node in among
            if isinstance(node.source, Shape | Dummy)
            and node.source.special_properties & wanted
            and not node.has(ModelProperty.NOT_DETECTABLE)
        ]

    def _point(
        self,
        volume: DetectionVolume,
        source: ProximitySensor,
        thing: Node,
        position: Point,
    ) -> Point | None:
        if not isinstance(thing.source, Dummy) or not volume.holds(position):
            return None
        least = source.volume.smallest_distance or 0.0
        return position if math.hypot(*position) >= least else None

    def _volume(self, sensor: Node) -> DetectionVolume:
        source = sensor.source
        assert isinstance(source, ProximitySensor)
        kept = self._volumes.get(sensor)
        if kept is None or kept.source is not source.volume:
            kept = _KeptVolume(source.volume, DetectionVolume(source))
            self._volumes[sensor] = kept
        return kept.volume

    def _blocks_of(self, thing: Node, surface: Surface) -> TriangleBlocks:
        kept = self._blocks.get(thing)
        if kept is None or kept.surface is not surface:
            kept = self._blocks[thing] = _KeptBlocks(surface, TriangleBlocks(surface))
        return kept.blocks


def _seeing_all(source: ProximitySensor) -> ProximitySensor:
    """A sensor that looks at both sides of triangles from any angle."""
    return dataclasses.replace(
        source, front_faces=True, back_faces=True, normal_angle=None
    )
