"""What the Panda looks like: light convex shells over the links that collide.

Geometry of our own: every piece is the convex hull of a few circles, about where the
covers of the real robot are. The shells exist in the model that is drawn and in no
simulation.
"""

import mujoco
import numpy as np

from rlbench_puffer.engines.builtin.panda import FINGER_BODY_NAMES, HAND_BODY

HIDDEN_GROUP = 3
"""Geom group that is never drawn: what collides in place of the shells."""

Circle = tuple[tuple[float, float, float], str, float]
"""Centre [m] in the link's frame, axis ``x``, ``y`` or ``z``, radius [m]."""

_WHITE = (0.95, 0.95, 0.94, 1.0)
_GREY = (0.26, 0.27, 0.28, 1.0)
_BLACK = (0.10, 0.10, 0.11, 1.0)

_CORNERS = {"fast": 12, "fine": 40}
"""Points on a circle, by render quality."""

_SHELLS: dict[str, tuple[tuple[tuple[float, ...], tuple[Circle, ...]], ...]] = {
    "panda_link0": (
        (
            _WHITE,
            (
                ((-0.01, 0, 0), "z", 0.095),
                ((-0.01, 0, 0.03), "z", 0.092),
                ((-0.11, 0, 0), "z", 0.05),
                ((-0.10, 0, 0.05), "z", 0.04),
                ((0, 0, 0.14), "z", 0.062),
            ),
        ),
    ),
    "panda_link1": (
        (
            _WHITE,
            (
                ((0, 0, -0.192), "z", 0.06),
                ((0, 0, -0.06), "z", 0.063),
                ((0, -0.05, 0), "y", 0.063),
                ((0, 0.05, 0), "y", 0.063),
            ),
        ),
        (
            _GREY,
            (
                ((0, -0.088, 0), "y", 0.05),
                ((0, -0.07, 0), "y", 0.061),
                ((0, 0.07, 0), "y", 0.061),
                ((0, 0.088, 0), "y", 0.05),
            ),
        ),
    ),
    "panda_link2": (
        (
            _WHITE,
            (
                ((0, 0, -0.048), "z", 0.064),
                ((0, 0, 0.048), "z", 0.064),
                ((0, -0.14, 0), "y", 0.06),
                ((0, -0.198, 0), "y", 0.058),
            ),
        ),
    ),
    "panda_link3": (
        (
            _WHITE,
            (
                ((0, 0, -0.12), "z", 0.058),
                ((0, 0, -0.07), "z", 0.059),
                ((0.0825, -0.045, 0), "y", 0.058),
                ((0.0825, 0.045, 0), "y", 0.058),
            ),
        ),
        (
            _GREY,
            (
                ((0.0825, -0.078, 0), "y", 0.046),
                ((0.0825, -0.062, 0), "y", 0.057),
                ((0.0825, 0.062, 0), "y", 0.057),
                ((0.0825, 0.078, 0), "y", 0.046),
            ),
        ),
    ),
    "panda_link4": (
        (
            _WHITE,
            (
                ((0, 0, -0.044), "z", 0.059),
                ((0, 0, 0.044), "z", 0.059),
                ((-0.0825, 0.07, 0), "y", 0.057),
                ((-0.0825, 0.124, 0), "y", 0.055),
            ),
        ),
    ),
    "panda_link5": (
        (
            _WHITE,
            (
                ((0, 0, -0.262), "z", 0.055),
                ((0, 0, -0.2), "z", 0.056),
                ((0, 0.055, -0.1), "z", 0.042),
            ),
        ),
        (
            _WHITE,
            (
                ((0, 0.035, -0.16), "z", 0.045),
                ((0, 0.066, -0.1), "z", 0.038),
                ((0, -0.03, 0), "y", 0.045),
                ((0, 0.068, 0), "y", 0.049),
            ),
        ),
        (
            _GREY,
            (
                ((0, -0.052, 0), "y", 0.04),
                ((0, -0.04, 0), "y", 0.048),
                ((0, 0.08, 0), "y", 0.048),
                ((0, 0.094, 0), "y", 0.04),
            ),
        ),
    ),
    "panda_link6": (
        (
            _WHITE,
            (
                ((0, 0, -0.028), "z", 0.05),
                ((0, 0, 0.028), "z", 0.05),
                ((0.088, -0.05, 0), "y", 0.049),
                ((0.088, 0.045, 0), "y", 0.047),
            ),
        ),
        (
            _GREY,
            (((0.088, 0.044, 0), "y", 0.044), ((0.088, 0.062, 0), "y", 0.036)),
        ),
    ),
    "panda_link7": (
        (
            _GREY,
            (((0, 0, 0.045), "z", 0.044), ((0, 0, 0.07), "z", 0.046)),
        ),
        (
            _WHITE,
            (((0, 0, 0.07), "z", 0.047), ((0, 0, 0.107), "z", 0.04)),
        ),
    ),
    HAND_BODY: (
        (
            _WHITE,
            (
                ((0, 0, 0), "z", 0.036),
                ((0, -0.085, 0.022), "y", 0.02),
                ((0, 0.085, 0.022), "y", 0.02),
                ((0, -0.1, 0.044), "y", 0.021),
                ((0, 0.1, 0.044), "y", 0.021),
            ),
        ),
    ),
}


def dress_panda(spec: mujoco.MjSpec, quality: str) -> None:
    """Cover the links with shells and hide what collides.

    Args:
      spec: a scene with :func:`add_panda`'s robot.
      quality: ``"fast"`` or ``"fine"``: how round the shells are.
    """
    corners = _CORNERS[quality]
    for body_name, shells in _SHELLS.items():
        body = spec.body(body_name)
        for geom in body.geoms:
            geom.group = HIDDEN_GROUP
        for index, (color, circles) in enumerate(shells):
            name = f"{body_name}_shell{index}"
            points = np.concatenate([_on_circle(c, corners) for c in circles])
            spec.add_mesh(name=name, uservert=points.ravel().tolist())
            body.add_geom(
                name=name,
                type=mujoco.mjtGeom.mjGEOM_MESH,
                meshname=name,
                rgba=color,
                contype=0,
                conaffinity=0,
                mass=0.0,
            )
    for side, body_name in zip((1.0, -1.0), FINGER_BODY_NAMES, strict=True):
        spec.body(body_name).add_geom(
            name=f"{body_name}_shell",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(0, side * 0.013, 0.011),
            size=(0.0095, 0.012, 0.0125),
            rgba=_BLACK,
            contype=0,
            conaffinity=0,
            mass=0.0,
        )


def _on_circle(circle: Circle, corners: int) -> np.ndarray:
    """Points on a circle, (corners, 3) [m]."""
    center, axis, radius = circle
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    around = np.zeros((corners, 3))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    around[:, first] = radius * np.cos(angle)
    around[:, second] = radius * np.sin(angle)
    return around + np.array(center)
