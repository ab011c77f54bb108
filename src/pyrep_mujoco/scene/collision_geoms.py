"""Geoms that make a respondable shape's contacts."""

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import Frame, compose, frame, from_pose
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.meshes import Mesh, Primitive, leaves
from pyrep_mujoco.ttm.shapes import Shape

GROUP = 3
"""MuJoCo's group of geoms that make contacts and are not drawn."""

CONTACT_REFERENCE = (0.01, 1.0)
"""MuJoCo's ``solref``: as hard as physics steps of 5 ms allow. With the default, what
is thin and falls by 1 cm sinks through a table."""

CONTACT_IMPEDANCE = (0.999, 0.9999, 0.001, 0.5, 2.0)
"""MuJoCo's ``solimp``: Bullet's contacts do not give way. With 0.95 and 0.99 fingers
that are locked on a handle lose it where it turns by a tenth of a millimetre."""

THIN = 1e-3
"""Thickness given to planes, discs and flat meshes [m]; the first two have it below
their surface."""

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
            solref=CONTACT_REFERENCE,
            solimp=CONTACT_IMPEDANCE,
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
        around = principal_box(part.vertices)
        if around.size.min() > FLAT:
            name = f"{node.name}:hull{number}"
            spec.add_mesh(
                name=name,
                uservert=part.vertices.astype(np.float64).reshape(-1),
                userface=part.triangles.reshape(-1),
                inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
            )
            geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, name
        else:
            place = compose(place, around.place)
            geom.type = mujoco.mjtGeom.mjGEOM_BOX
            geom.size = np.maximum(around.size / 2, THIN / 2)
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


class PrincipalBox(NamedTuple):
    """The box around points along the axes in which they spread most and least."""

    place: Frame
    """Its middle and axes."""
    size: NDArray[np.float64]
    """(3,) full edges."""


def principal_box(points: NDArray[np.float32]) -> PrincipalBox:
    """The box of points (n, 3); flat points have an edge of 0 however they lie."""
    middle = points.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(np.cov((points - middle).T, bias=True))
    # Eigenvectors may be those of a mirror.
    axes[:, 0] *= np.linalg.det(axes)
    along = (points - middle) @ axes
    least, most = along.min(axis=0), along.max(axis=0)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, axes.reshape(-1))
    centre = middle + axes @ ((least + most) / 2)
    return PrincipalBox(frame(centre.tolist(), quat.tolist()), most - least)
