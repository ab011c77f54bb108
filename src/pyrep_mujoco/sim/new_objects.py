"""Objects made while a program runs, not read from a file."""

from typing import Any

from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.objects import ModelProperty, ObjectProperty, SpecialProperty
from pyrep_mujoco.ttm.values import Pose

NEW: dict[str, Any] = {
    "handle": -1,
    "parent": -1,
    "pose": Pose(),
    "properties": ObjectProperty.SELECTABLE,
    "special_properties": SpecialProperty(0),
    "is_model_base": False,
    "model_properties": ModelProperty(0),
    "layers": 1,
    "seen_by": -1,
    "size_factor": 1.0,
    "extension": "",
    "custom_data": (),
    "script_parameters": (),
}
"""What `SceneObject` wants, of an object without parent or any mark; the handle is
given by `Scene.create`."""


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
        **NEW, name="Dummy", size=float(size), linked_to=-1, link_kind=0, color=look
    )
    return current().scene.create(dummy).handle
