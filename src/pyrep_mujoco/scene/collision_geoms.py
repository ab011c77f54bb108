"""Geoms that make a respondable shape's contacts."""

import mujoco
import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import compose, frame, from_pose
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.meshes import Mesh, Primitive, leaves
from pyrep_mujoco.ttm.shapes import Shape

GROUP = 3
"""MuJoCo's group of geoms that make contacts and are not drawn."""

THIN = 1e-3
"""Thickness given to planes, discs and flat meshes [m]; it lies below the surface."""

FLAT = 1e-6
"""Meshes thinner than this have no volume [m]."""


def add_collision_geoms(spec: mujoco.MjSpec, body: mujoco.MjsBody, node: Node) -> None:
    """One geom for each part of a shape; meshes act as their convex hulls.

    Raises:
      SceneError: a part is a height field.
    """
    shape = node.source
    assert isinstance(shape, Shape)
    for number, part in enumerate(leaves(shape.geometry)):
        geom = body.add_geom(
            name=f"{node.name}:contact{number}",
            group=GROUP,
            contype=1,
            conaffinity=1,
            friction=[shape.material.friction, 0.005, 0.0001],
            mass=0.0,
        )
        _form(spec, geom, node, part, number)


def _form(
    spec: mujoco.MjSpec, geom: mujoco.MjsGeom, node: Node, part: Mesh, number: int
) -> None:
    place = from_pose(part.pose)
    x, y, z = (edge / 2 for edge in part.size)
    kind = part.primitive
    if kind is Primitive.HEIGHT_FIELD:
        raise SceneError(
            node.name,
            "is a height field, which makes no contacts here",
            "Replace it by a mesh, or make it not respondable.",
        )
    if kind is Primitive.NONE or kind is Primitive.CONE or min(x, y) <= 0:
        extent = np.ptp(part.vertices, axis=0)
        if extent.min() > FLAT:
            name = f"{node.name}:hull{number}"
            spec.add_mesh(
                name=name,
                uservert=part.vertices.astype(np.float64).reshape(-1),
                userface=part.triangles.reshape(-1),
            )
            geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, name
        else:
            middle = (part.vertices.max(axis=0) + part.vertices.min(axis=0)) / 2
            place = compose(place, frame(middle, (1, 0, 0, 0)))
            geom.type = mujoco.mjtGeom.mjGEOM_BOX
            geom.size = np.maximum(extent / 2, THIN / 2)
    elif kind in (Primitive.PLANE, Primitive.DISC):
        place = compose(place, frame((0, 0, -THIN / 2), (1, 0, 0, 0)))
        if kind is Primitive.PLANE:
            geom.type = mujoco.mjtGeom.mjGEOM_BOX
            geom.size = [x, y, THIN / 2]
        else:
            geom.type = mujoco.mjtGeom.mjGEOM_CYLINDER
            geom.size = [x, THIN / 2, 0]
    elif kind is Primitive.CUBOID:
        geom.type = mujoco.mjtGeom.mjGEOM_BOX
        geom.size = [x, y, z]
    elif kind is Primitive.SPHEROID:
        if max(x, y, z) - min(x, y, z) < 1e-6:
            geom.type, geom.size = mujoco.mjtGeom.mjGEOM_SPHERE, [x, 0, 0]
        else:
            geom.type, geom.size = mujoco.mjtGeom.mjGEOM_ELLIPSOID, [x, y, z]
    else:
        geom.type = mujoco.mjtGeom.mjGEOM_CYLINDER
        geom.size = [x, z, 0]
    geom.pos, geom.quat = place
