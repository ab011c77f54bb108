"""Parameters of shapes' forms: boxes, masses, and how triangles are drawn."""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import FloatArray, Frame, relative, transform
from pyrep_mujoco.scene.reshaping import Geometry, bounding_box, each_mesh
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.object_parameters import register
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.meshes import Compound, leaves
from pyrep_mujoco.ttm.objects import ObjectProperty, SceneObject
from pyrep_mujoco.ttm.shapes import Shape

LEAST_MASS = 1e-6
"""That a shape can be given [kg], as in CoppeliaSim."""

_BOXES: WeakKeyDictionary[Node, tuple[Geometry, FloatArray]] = WeakKeyDictionary()
"""Boxes that were worked out before, and of what geometry; PyRep asks for one number
at a time."""


_Part = tuple[FloatArray, Frame]
"""A shape's box along its own axes, (2, 3) [m], and where the shape is in the world."""


class _ModelBox(NamedTuple):
    """The box around a tree's shapes, and of which shapes and where."""

    base: Frame
    parts: list[_Part]
    box: FloatArray

    def holds(self, base: Frame, parts: Sequence[_Part]) -> bool:
        """Whether the same boxes are at the same places."""
        return (
            self.base == base
            and len(self.parts) == len(parts)
            and all(
                box is known and frame_w == place
                for (box, frame_w), (known, place) in zip(
                    parts, self.parts, strict=True
                )
            )
        )


_MODEL_BOXES: WeakKeyDictionary[Node, _ModelBox] = WeakKeyDictionary()
"""What was worked out last, as of `_BOXES`."""


def shape_box(node: Node) -> FloatArray:
    """The least and the greatest corner of a shape along its axes; (2, 3) [m]."""
    assert isinstance(node.source, Shape)
    geometry = node.source.geometry
    kept = _BOXES.get(node)
    if kept is None or kept[0] is not geometry:
        kept = _BOXES[node] = geometry, np.stack(bounding_box(geometry))
    return kept[1]


def _box(simulation: Simulation, node: Node) -> FloatArray:
    """The box of one object; other objects than shapes have none."""
    return shape_box(node) if isinstance(node.source, Shape) else np.zeros((2, 3))


def _model_box(simulation: Simulation, node: Node) -> FloatArray:
    """The box of all shapes of an object's tree, along its axes; (2, 3) [m]."""
    scene = simulation.scene
    base = scene.frame_w(node)
    parts = [
        (shape_box(below), scene.frame_w(below))
        for below in node.tree()
        if isinstance(below.source, Shape)
        and ObjectProperty.NOT_IN_MODEL_BOX not in below.source.properties
    ]
    kept = _MODEL_BOXES.get(node)
    if kept is None or not kept.holds(base, parts):
        kept = _MODEL_BOXES[node] = _ModelBox(base, parts, _box_of(base, parts))
    return kept.box


def _box_of(base: Frame, parts: Sequence[_Part]) -> FloatArray:
    """The box around boxes, along the axes of ``base``; (2, 3) [m]."""
    if not parts:
        return np.zeros((2, 3))
    corners = []
    for box, frame_w in parts:
        along = [(x, y, z) for x in box[:, 0] for y in box[:, 1] for z in box[:, 2]]
        corners.append(transform(relative(frame_w, base), np.array(along)))
    points = np.concatenate(corners)
    return np.stack([points.min(axis=0), points.max(axis=0)])


for _axis in range(3):
    for _end in range(2):
        register(
            15 + 3 * _end + _axis,
            SceneObject,
            lambda sim, node, at=(_end, _axis): _box(sim, node)[at],
            None,
        )
        register(
            21 + 3 * _end + _axis,
            SceneObject,
            lambda sim, node, at=(_end, _axis): _model_box(sim, node)[at],
            None,
        )


def _geometry(node: Node) -> Geometry:
    assert isinstance(node.source, Shape)
    return node.source.geometry


def _set_mass(simulation: Simulation, node: Node, mass: float) -> None:
    if not np.isfinite(mass):
        raise SceneError(
            node.name, f"cannot have the mass {mass}", "Give a finite number."
        )
    heavy = dataclasses.replace(_geometry(node), mass=max(float(mass), LEAST_MASS))
    _set_geometry(simulation, node, heavy)


def _set_culling(simulation: Simulation, node: Node, culls: int) -> None:
    _set_look(simulation, node, culls_back_faces=bool(culls))


def _set_wireframe(simulation: Simulation, node: Node, lines: int) -> None:
    _set_look(simulation, node, wireframe=bool(lines))


def _set_look(simulation: Simulation, node: Node, **fields: Any) -> None:
    def changed(mesh: Any) -> Any:
        return dataclasses.replace(mesh, **fields)

    _set_geometry(simulation, node, each_mesh(_geometry(node), changed))


def _set_geometry(simulation: Simulation, node: Node, geometry: Geometry) -> None:
    node.source = dataclasses.replace(node.source, geometry=geometry)
    simulation.scene.recompile()


def _first(node: Node, field: str) -> Any:
    return getattr(next(leaves(_geometry(node))), field)


register(3005, Shape, lambda sim, node: _geometry(node).mass, _set_mass)
register(3014, Shape, lambda sim, node: _first(node, "culls_back_faces"), _set_culling)
register(3015, Shape, lambda sim, node: _first(node, "wireframe"), _set_wireframe)
register(3016, Shape, lambda sim, node: isinstance(_geometry(node), Compound), None)
register(3017, Shape, lambda sim, node: _geometry(node).convex, None)
register(3025, Shape, lambda sim, node: _first(node, "shading_angle"), None)
