"""A table in a room, with cameras and lights: what RLBench's robot stands in.

Names are those that RLBench looks up. The cameras, the workspace and the table stand
where they were measured on RLBench with CoppeliaSim; so does the wall behind the
robot, and colours are from its pictures. The other walls, the roof and the lights
could not be measured and are chosen like those of PyRep's example scenes.
"""

import math

import mujoco
import numpy as np

from pyrep_mujoco.base_scene.furniture import (
    HIDDEN,
    SOLID,
    base_of,
    box,
    shape,
    sheet,
)
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.dummies import LINK_CLOSES_LOOP, Dummy
from pyrep_mujoco.ttm.meshes import Mesh
from pyrep_mujoco.ttm.model import World
from pyrep_mujoco.ttm.objects import ModelProperty, SceneObject, SpecialProperty
from pyrep_mujoco.ttm.plain import opaque
from pyrep_mujoco.ttm.values import Pose, Vector
from pyrep_mujoco.ttm.viewpoints import Light, LightKind
from pyrep_mujoco.ttm.vision_sensors import RENDER_COLOR_CODED, VisionSensor

WORLD = World(gravity=(0.0, 0.0, -9.81), ambient_light=(0.4, 0.4, 0.4))
"""Of RLBench's scene."""

CAMERA_FOV = math.radians(40.0)
"""Of the cameras that do not move [rad]."""

NEAR = 0.01
"""Near clipping plane of all cameras [m]."""

_RENDER_OPENGL3 = 7

_WOOD, _TILES, _TEAL, _WHITE = (
    (0.80, 0.65, 0.37),
    (0.87, 0.85, 0.81),
    (0.0, 0.20, 0.24),
    (0.9, 0.9, 0.9),
)

CAMERAS: dict[str, tuple[Vector, Vector, Vector, float]] = {
    "cam_over_shoulder_left": (
        (-0.175, 0.2, 1.98),
        (0.1736, 0.9848, 0.0),
        (0.4162, -0.0734, -0.9063),
        3.2,
    ),
    "cam_over_shoulder_right": (
        (-0.175, -0.2, 1.98),
        (-0.1736, 0.9848, 0.0),
        (0.4162, 0.0734, -0.9063),
        3.2,
    ),
    "cam_overhead": ((-0.175, 0.0, 2.43), (0, 1, 0), (0.42262, 0.0, -0.90631), 3.3),
    "cam_front": ((1.35, 0.0, 1.58), (0, -1, 0), (-0.90631, 0.0, -0.42262), 4.5),
}
"""Position [m], x axis, view axis z, far clipping plane [m]."""

LIGHTS: dict[str, tuple[Vector, float]] = {
    "DefaultLightA": ((-0.895, 0.375, -0.241), 0.5),
    "DefaultLightB": ((0.033, -0.975, -0.222), 0.4),
    "DefaultLightC": ((0.796, 0.580, -0.175), 0.4),
    "DefaultLightD": ((0.0, 0.0, -1.0), 0.2),
}
"""Direction, and strength of the diffuse light."""

_TABLE_TOP, _TABLE_EDGES, _BOARD, _LEG = 0.75, (1.6, 1.1), 0.03, 0.04
_ROOM, _HEIGHT, _WALL, _BEHIND = 5.0, 3.0, 0.02, -2.51


def room(first_handle: int) -> list[SceneObject]:
    """The objects of the room, with handles from ``first_handle`` on."""
    found: list[SceneObject] = []

    def handle() -> int:
        return first_handle + len(found)

    found += _walls(first_handle)
    table = handle()
    place = Pose((0.3, 0.0, 0.375))
    fixed = ModelProperty.NOT_DYNAMIC
    head = base_of("diningTable", table, pose=place, layers=HIDDEN, model=fixed)
    found.append(shape(head, _table(), touches=True))
    head = base_of("diningTable_visible", handle(), table, special=SOLID)
    found.append(shape(head, _table(), touches=False))
    head = base_of("workspace", handle(), pose=Pose((0.25, 0, 0.752)), layers=HIDDEN)
    found.append(shape(head, [sheet((0.65, 0.91), _WHITE)], touches=False))
    for name, (position, x_axis, z_axis, far) in CAMERAS.items():
        seen = Pose(position, _turn(x_axis, z_axis))
        found.append(_camera(name, handle(), seen, far, coded=False))
        found.append(_camera(f"{name}_mask", handle(), seen, far, coded=True))
    base = handle()
    found.append(_dummy("cam_cinematic_base", base, -1, Pose((0.25, 0.0, 0.752))))
    front, x_axis, z_axis, _ = CAMERAS["cam_front"]
    there = Pose((front[0] - 0.25, front[1], front[2] - 0.752), _turn(x_axis, z_axis))
    found.append(_dummy("cam_cinematic_placeholder", handle(), base, there))
    for name, (direction, strength) in LIGHTS.items():
        found.append(_light(name, handle(), direction, strength))
    return found


def _walls(first_handle: int) -> list[SceneObject]:
    """The room's floor, roof and walls; only the floor makes contacts."""
    middle = _BEHIND + _ROOM / 2
    aside, up = _ROOM / 2 + _WALL / 2, _HEIGHT / 2
    flat, across, along = (
        (_ROOM, _ROOM, _WALL),
        (_WALL, _ROOM, _HEIGHT),
        (_ROOM, _WALL, _HEIGHT),
    )
    slabs: list[tuple[str, Vector, Vector, Vector]] = [
        ("Floor", flat, (middle, 0.0, -_WALL / 2), _TILES),
        ("Roof", flat, (middle, 0.0, _HEIGHT + _WALL / 2), _WHITE),
        ("Wall1", across, (middle - aside, 0.0, up), _TEAL),
        ("Wall2", across, (middle + aside, 0.0, up), _TEAL),
        ("Wall3", along, (middle, aside, up), _TEAL),
        ("Wall4", along, (middle, -aside, up), _TEAL),
    ]
    seen = SpecialProperty.RENDERABLE
    return [
        shape(
            base_of(name, first_handle + number, pose=Pose(place), special=seen),
            [box(size, (0.0, 0.0, 0.0), rgb)],
            touches=name == "Floor",
        )
        for number, (name, size, place, rgb) in enumerate(slabs)
    ]


def _table() -> list[Mesh]:
    """A board on four legs, seen from the middle of the table's box."""
    length, width = _TABLE_EDGES
    half = _TABLE_TOP / 2
    leg = (_LEG, _LEG, _TABLE_TOP - _BOARD)
    board = box((length, width, _BOARD), (0.0, 0.0, half - _BOARD / 2), _WOOD)
    return [
        board,
        *(
            box(
                leg,
                (x * (length / 2 - 0.05), y * (width / 2 - 0.05), -_BOARD / 2),
                _WOOD,
            )
            for x in (-1, 1)
            for y in (-1, 1)
        ),
    ]


def _camera(
    name: str, handle: int, pose: Pose, far: float, *, coded: bool
) -> VisionSensor:
    return VisionSensor(
        **base_of(name, handle, pose=pose),
        perspective=True,
        view_angle=CAMERA_FOV,
        view_size=0.01,
        near=NEAR,
        far=far,
        resolution=(128, 128),
        entity=-1,
        render_mode=RENDER_COLOR_CODED if coded else _RENDER_OPENGL3,
        explicit=False,
        background=(0.0, 0.0, 0.0),
    )


def _dummy(name: str, handle: int, parent: int, pose: Pose) -> Dummy:
    return Dummy(
        **base_of(name, handle, parent, pose),
        size=0.01,
        linked_to=-1,
        link_kind=LINK_CLOSES_LOOP,
        color=opaque(_WHITE),
    )


def _light(name: str, handle: int, direction: Vector, strength: float) -> Light:
    shed = (strength, strength, strength)
    dark = (0.0, 0.0, 0.0)
    x, y, z = np.cross((0.0, 1.0, 0.0), direction).tolist()
    return Light(
        **base_of(name, handle, pose=Pose((0.3, 0, 2.7), _turn((x, y, z), direction))),
        kind=LightKind.DIRECTIONAL,
        active=True,
        local=False,
        color=Color(dark, shed, shed, dark, 48, 1.0, ""),
        spot_exponent=5,
        spot_cutoff=math.pi / 2,
        attenuation=(1.0, 0.0, 0.0),
    )


def _turn(x_axis: Vector, z_axis: Vector) -> tuple[float, float, float, float]:
    """The rotation w x y z of a frame whose x and z axes point there."""
    z = np.array(z_axis, float) / np.linalg.norm(z_axis)
    x = np.array(x_axis, float) - (np.array(x_axis, float) @ z) * z
    x /= np.linalg.norm(x)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.stack([x, np.cross(z, x), z], axis=1).reshape(-1))
    w, i, j, k = quat.tolist()
    return w, i, j, k
