"""Objects made while a program runs, not read from a file."""

from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.plain import OBJECT


def simCreateDummy(size: float, color: list[float] | None) -> int:
    """Add a dummy at the world's origin.

    Args:
      size: diameter as drawn [m].
      color: 12 numbers (ambient and diffuse, 3 unused, specular, emission), or None.

    Returns:
      its handle.
    """
    parts = [0.0] * 12 if color is None else [float(part) for part in color]
    look = Color(
        ambient_diffuse=(parts[0], parts[1], parts[2]),
        diffuse=(0.0, 0.0, 0.0),
        specular=(parts[6], parts[7], parts[8]),
        emission=(parts[9], parts[10], parts[11]),
        shininess=0,
        opacity=1.0,
        name="",
    )
    dummy = Dummy(
        **OBJECT, name="Dummy", size=float(size), linked_to=-1, link_kind=0, color=look
    )
    return current().scene.create(dummy).handle
