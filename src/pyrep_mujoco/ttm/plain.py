"""What objects are like that no file describes: what holds for all of a kind."""

from typing import Any

from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.materials import Material
from pyrep_mujoco.ttm.objects import ModelProperty, ObjectProperty, SpecialProperty
from pyrep_mujoco.ttm.values import Pose, Vector

OBJECT: dict[str, Any] = {
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
"""Of `SceneObject`, but for the name: without parent or any mark."""

SHAPE: dict[str, Any] = {
    "dynamic": False,
    "respondable": False,
    "local_mask": 0xFF,
    "global_mask": 0xFF,
    "starts_asleep": False,
    "dynamic_with_parent": False,
    "initial_velocity": (0.0, 0.0, 0.0),
    "initial_angular_velocity": (0.0, 0.0, 0.0),
}
"""Of `Shape`, but for geometry and material: it stands still and is not touched."""

MESH: dict[str, Any] = {
    "mass": 1.0,
    "inertia_pose": Pose(),
    "pose": Pose(),
    "height_field": None,
    "texture": None,
    "culls_back_faces": False,
    "wireframe": False,
}
"""Of `Mesh`, but for its form, inertia and colour: a mass of 1 kg."""


def stuff(name: str, friction: float) -> Material:
    """A material that does not bounce, and is not slowed by what it moves in."""
    return Material(
        name=name,
        restitution=0.0,
        friction=friction,
        friction_old=friction,
        linear_damping=0.0,
        angular_damping=0.0,
    )


def opaque(rgb: Vector, specular: float = 0.0) -> Color:
    """An opaque colour that does not shine by itself.

    Args:
      rgb: of ambient and diffuse light.
      specular: grey of its highlights.
    """
    return Color(
        ambient_diffuse=rgb,
        diffuse=(0.0, 0.0, 0.0),
        specular=(specular, specular, specular),
        emission=(0.0, 0.0, 0.0),
        shininess=48,
        opacity=1.0,
        name="",
    )
