"""Sizes: scaling objects, their size factors, and where shapes have their frames."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pyrep_mujoco.scene.frames import (
    IDENTITY,
    Frame,
    compose,
    frame,
    inverse,
    relative,
    transform,
)
from pyrep_mujoco.scene.reshaping import moved, own_frame, scaled, surface
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.shapes import shape_node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.meshes import Mesh, Primitive
from pyrep_mujoco.ttm.shapes import Shape

_SELF, _WORLD = -4, -1
"""``sim_handle_self``; and no object, for the world."""


def simScaleObject(
    shapeHandle: int, scale_x: float, scale_y: float, scale_z: float
) -> None:
    """Stretch an object along its axes; what hangs on it stays as it is.

    Raises:
      RuntimeError: a factor is not a positive, finite number.
    """
    factors = np.array([scale_x, scale_y, scale_z], np.float64)
    _check(factors)
    _scale(current().node(shapeHandle), factors)


def simScaleObjects(
    objectHandles: Sequence[int], scale: float, scalePositionsToo: bool = False
) -> None:
    """Scale objects evenly.

    Args:
      objectHandles: the objects.
      scale: the factor.
      scalePositionsToo: whether their places in their parents' frames are scaled.

    Raises:
      RuntimeError: the factor is not a positive, finite number.
    """
    _check(np.array([scale], np.float64))
    scene = current().scene
    for handle in objectHandles:
        node = current().node(handle)
        _scale(node, np.full(3, scale))
        if scalePositionsToo:
            place = scene.frame_w(node)
            base = IDENTITY if node.parent is None else scene.frame_w(node.parent)
            x, y, z = relative(place, base).position
            local = Frame(
                (x * scale, y * scale, z * scale), relative(place, base).quat_wxyz
            )
            scene.place(node, compose(base, local))


def simGetObjectSizeFactor(shapeHandle: int) -> float:
    """By how much an object was scaled since it was made."""
    return float(current().node(shapeHandle).source.size_factor)


def _check(factors: np.ndarray) -> None:
    if not (np.isfinite(factors).all() and (factors > 0).all()):
        raise RuntimeError(
            f"Factors of sizes are positive, finite numbers; {factors.tolist()} came."
        )


def _scale(node: Node, factors: np.ndarray) -> None:
    source = node.source
    factor = source.size_factor * float(np.cbrt(factors.prod()))
    if not isinstance(source, Shape):
        # Nothing else has a size that matters here; a sensor's volume stays.
        node.source = dataclasses.replace(source, size_factor=factor)
        return
    geometry = scaled(source.geometry, factors.tolist())
    changed = dataclasses.replace(source, geometry=geometry, size_factor=factor)
    current().scene.change(node, changed)


def simReorientShapeBoundingBox(shapeHandle: int, relativeToHandle: int) -> int:
    """Put a shape's frame in the middle of its box, along given axes.

    The shape itself and what hangs on it stay where they are.

    Args:
      shapeHandle: the shape.
      relativeToHandle: an object that has the axes, -1 for the world's, or
        ``sim_handle_self`` for those in which the shape spreads most and least.

    Returns:
      1, or 0 where a simple primitive was left as it is.
    """
    node, shape = shape_node(shapeHandle)
    form = shape.geometry
    if isinstance(form, Mesh) and form.primitive is not Primitive.NONE:
        return 0
    scene = current().scene
    before = scene.frame_w(node)
    points = transform(before, surface(form).vertices)
    if relativeToHandle == _SELF:
        after = compose(before, own_frame(surface(form).vertices))
    else:
        turn = IDENTITY.quat_wxyz
        if relativeToHandle != _WORLD:
            turn = scene.frame_w(current().node(relativeToHandle)).quat_wxyz
        axes = Frame((0.0, 0.0, 0.0), turn)
        along = transform(inverse(axes), points)
        middle = (along.min(axis=0) + along.max(axis=0)) / 2
        after = compose(axes, frame(middle.tolist(), IDENTITY.quat_wxyz))
    children = [(child, scene.frame_w(child)) for child in node.children]
    geometry = moved(form, relative(before, after))
    scene.change(node, dataclasses.replace(shape, geometry=geometry))
    scene.place(node, after)
    for child, place in children:
        scene.place(child, place)
    return 1
