"""What cameras see: geoms that are drawn, their materials, and light."""

import mujoco
import numpy as np

from pyrep_mujoco.scene.frames import Frame, rotate
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.scene.visual_meshes import VisualMesh, visual_meshes
from pyrep_mujoco.ttm.model import World
from pyrep_mujoco.ttm.objects import ModelProperty, SpecialProperty
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.values import Vector
from pyrep_mujoco.ttm.viewpoints import Light, LightKind

SEEN_GROUP, HIDDEN_GROUP = 2, 5
DRAWN_GROUPS = (SEEN_GROUP, HIDDEN_GROUP)
"""MuJoCo's groups of drawn geoms and of those that could be drawn but are hidden."""


def is_visible(node: Node) -> bool:
    """Whether cameras see an object."""
    return (
        SpecialProperty.RENDERABLE in node.source.special_properties
        and node.source.on_shown_layer
        and not node.has(ModelProperty.NOT_VISIBLE)
        and not node.has(ModelProperty.NOT_RENDERABLE)
    )


def add_visual_geoms(spec: mujoco.MjSpec, body: mujoco.MjsBody, node: Node) -> None:
    """A geom for each look of a shape.

    Shapes on hidden layers get none; those that are hidden otherwise get theirs in
    `HIDDEN_GROUP`, for programs switch that at any time.
    """
    if not isinstance(node.source, Shape) or not node.source.on_shown_layer:
        return
    group = SEEN_GROUP if is_visible(node) else HIDDEN_GROUP
    for number, look in enumerate(visual_meshes(node)):
        name = f"{node.name}:look{number}"
        _add_mesh(spec, name, look)
        _add_material(spec, name, look)
        body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            material=name,
            group=group,
            contype=0,
            conaffinity=0,
            mass=0.0,
        )


def _add_mesh(spec: mujoco.MjSpec, name: str, look: VisualMesh) -> None:
    # As a file in memory: handing over lists takes 20 times as long.
    spec.assets[f"{name}.msh"] = look.msh
    spec.add_mesh(
        name=name,
        file=f"{name}.msh",
        # Flat meshes have no volume; none of these has a mass.
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )


def _add_material(spec: mujoco.MjSpec, name: str, look: VisualMesh) -> None:
    color = look.color
    material = spec.add_material(
        name=name,
        rgba=_rgba(look),
        specular=_one_number(color.specular),
        shininess=min(color.shininess / 128, 1.0),
        emission=_one_number(color.emission),
    )
    if look.texture is not None:
        pixels = look.texture.pixels
        # Many looks may share a picture.
        picture = f"picture{id(pixels)}"
        if spec.texture(picture) is None:
            height, width, channels = pixels.shape
            made = spec.add_texture(
                name=picture,
                type=mujoco.mjtTexture.mjTEXTURE_2D,
                width=width,
                height=height,
                nchannel=channels,
            )
            made.data = pixels.tobytes()
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = picture


def _rgba(look: VisualMesh) -> list[float]:
    rgb = look.color.ambient_diffuse if look.shows_color else (1.0, 1.0, 1.0)
    return [*rgb, look.color.opacity]


def _one_number(rgb: Vector) -> float:
    """MuJoCo has one number where OpenGL has a colour."""
    return float(np.mean(rgb))


def drawn_geoms(model: mujoco.MjModel, body: int) -> list[int]:
    """The ids of a body's geoms that are drawn or could be, in the order of looks."""
    first, count = int(model.body_geomadr[body]), int(model.body_geomnum[body])
    groups = model.geom_group[first : first + count].tolist()
    return [
        first + place for place, group in enumerate(groups) if group in DRAWN_GROUPS
    ]


def recolor(model: mujoco.MjModel, body: int, node: Node) -> None:
    """Give the geoms of a shape's body the colours that the shape has now."""
    for geom, look in zip(drawn_geoms(model, body), visual_meshes(node), strict=False):
        material = int(model.geom_matid[geom])
        model.mat_rgba[material] = _rgba(look)
        model.mat_specular[material] = _one_number(look.color.specular)
        model.mat_emission[material] = _one_number(look.color.emission)


def show(model: mujoco.MjModel, body: int, node: Node) -> None:
    """Let cameras see the geoms of a shape's body, or not, as the shape says now."""
    group = SEEN_GROUP if is_visible(node) else HIDDEN_GROUP
    for geom in drawn_geoms(model, body):
        model.geom_group[geom] = group


def add_light(body: mujoco.MjsBody, node: Node, source: Light, place: Frame) -> None:
    """A light, without shadows: in software they cost 60 times a plain picture."""
    constant, linear, quadratic = source.attenuation
    kinds = {
        LightKind.DIRECTIONAL: mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        LightKind.OMNIDIRECTIONAL: mujoco.mjtLightType.mjLIGHT_POINT,
        LightKind.SPOT: mujoco.mjtLightType.mjLIGHT_SPOT,
    }
    body.add_light(
        name=node.name,
        pos=place.position,
        dir=rotate(place.quat_wxyz, (0.0, 0.0, 1.0)),
        type=kinds[source.kind],
        active=source.active,
        castshadow=False,
        ambient=source.color.ambient_diffuse,
        diffuse=source.color.diffuse,
        specular=source.color.specular,
        attenuation=[constant, linear, quadratic],
        cutoff=np.degrees(source.spot_cutoff),
        exponent=source.spot_exponent,
    )


def add_lighting(spec: mujoco.MjSpec, tree: Tree, world: World | None) -> None:
    """Ambient light; without any light in the tree, MuJoCo's headlight stays on."""
    if any(isinstance(node.source, Light) for node in tree):
        headlight = spec.visual.headlight
        headlight.diffuse = headlight.specular = [0.0, 0.0, 0.0]
        if world is not None:
            headlight.ambient = world.ambient_light
