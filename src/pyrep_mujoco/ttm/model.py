"""A whole model or scene as a file has it."""

from dataclasses import dataclass
from functools import cached_property

from pyrep_mujoco.ttm.groups import Collection, IkGroup
from pyrep_mujoco.ttm.header import Header
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.scripts import Script
from pyrep_mujoco.ttm.textures import Texture
from pyrep_mujoco.ttm.values import Pose, Vector


@dataclass(frozen=True, slots=True)
class ModelBox:
    """The box around a model when it was saved."""

    pose: Pose
    """In the world, as the model stood when it was saved."""
    size: Vector
    """Full edges [m]."""


@dataclass(frozen=True, slots=True)
class World:
    """What a scene says of the world."""

    gravity: Vector
    """[m/s^2]."""
    ambient_light: Vector
    """Colour of the light that is everywhere."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a file holds; objects refer to each other by the file's own handles."""

    header: Header
    """Versions."""
    objects: tuple[SceneObject, ...]
    """In the file's order; parents may come after their children."""
    textures: tuple[Texture, ...]
    """Pictures that meshes refer to by id."""
    collections: tuple[Collection, ...]
    """Named sets of objects."""
    ik_groups: tuple[IkGroup, ...]
    """Groups for inverse kinematics."""
    scripts: tuple[Script, ...]
    """Lua scripts."""
    box: ModelBox | None
    """Of a model; None of a scene."""
    world: World | None
    """Of a scene; None of a model."""

    @property
    def is_scene(self) -> bool:
        """Whether this is a scene; else a model."""
        return self.world is not None

    @cached_property
    def by_handle(self) -> dict[int, SceneObject]:
        """Objects by handle."""
        return {thing.handle: thing for thing in self.objects}

    @cached_property
    def by_name(self) -> dict[str, SceneObject]:
        """Objects by name."""
        return {thing.name: thing for thing in self.objects}
