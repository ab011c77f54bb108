"""Round things to be seen: a profile that is turned about an upright axis."""

import itertools
import math
from collections.abc import Sequence

import mujoco

_CORNERS = 24


def add_lathe(
    spec: mujoco.MjSpec,
    body: mujoco.MjsBody,
    name: str,
    profile: Sequence[tuple[float, float]],
    rgba: Sequence[float],
) -> None:
    """Add a body of revolution to a body; nothing touches it and it weighs nothing.

    Args:
      spec: the scene.
      body: what it belongs to; the axis is the body's z axis.
      name: of the mesh and the geom.
      profile: radius and height [m] of its points, from the lower end of the axis
        over the outside to the upper end; the first and last radius are 0.
      rgba: its colour, in [0, 1].
    """
    vertices: list[float] = []
    rings: list[list[int]] = []
    for radius, height in profile:
        corners = _CORNERS if radius > 0 else 1
        rings.append([len(vertices) // 3 + i for i in range(corners)])
        for i in range(corners):
            angle = 2 * math.pi * i / _CORNERS
            vertices += [radius * math.cos(angle), radius * math.sin(angle), height]
    faces: list[int] = []
    for lower, upper in itertools.pairwise(rings):
        for i in range(_CORNERS):
            a, b = lower[i % len(lower)], lower[(i + 1) % len(lower)]
            c, d = upper[i % len(upper)], upper[(i + 1) % len(upper)]
            if a != b:
                faces += [a, b, d]
            if c != d:
                faces += [a, d, c]
    spec.add_mesh(name=name, uservert=vertices, userface=faces)
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        rgba=rgba,
        contype=0,
        conaffinity=0,
        mass=0.0,
    )
