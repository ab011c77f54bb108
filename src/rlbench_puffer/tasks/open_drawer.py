"""``open_drawer``: pull the named drawer of a cabinet open."""

import itertools
import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import WORKSPACE_CENTER
from rlbench_puffer.poses import (
    quat_from_euler_z,
    quat_multiply,
    rotate,
    wxyz_to_xyzw,
)
from rlbench_puffer.tasks.approach import WRIST_REACH, wrist_distance
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.waypoints import Waypoint

DRAWERS = ("bottom", "middle", "top")
"""One variation each, RLBench's order."""

DRAWER_HEIGHTS = (0.159, 0.279, 0.399)
"""Of the drawers' centres above the workspace [m], measured in RLBench 1.2.0."""

CABINET_HALF_SIZE = (0.19, 0.165, 0.19)
"""Half the size of the cabinet's shell [m], near RLBench's 0.189 x 0.191 x 0.188."""

CABINET_HEIGHT = 0.277
"""Of the shell's centre above the workspace [m], measured in RLBench 1.2.0."""

HANDLE_DISTANCE = 0.195
"""Of the handle's bar from the cabinet's axis [m], measured in RLBench 1.2.0."""

DRAWER_TRAVEL = 0.3
"""[m], measured in RLBench 1.2.0."""

DRAWER_MASS = 0.3375
"""[kg], measured in RLBench 1.2.0."""

OPEN = 0.15
"""How far the drawer must come out [m], RLBench's rule."""

X_RANGE = (0.12, 0.30)
"""Of the cabinet's axis [m]: with the drawer out, all of it stays in the workspace
(RLBench's recorded placements: 0.157 to 0.227)."""

Y_RANGE = (-0.20, 0.0)
"""Of the cabinet's axis [m], likewise (recorded: -0.116 to -0.086)."""

MAX_YAW = math.radians(22.5)
"""The cabinet is turned within plus and minus this, RLBench's rule."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the handle."""

POTENTIAL_OPEN = 20.0
"""Shaped reward for opening the drawer from shut to the rule."""

PRE_GRASP = 0.09
"""How far before the handle the expert begins its straight approach [m]."""

GRIP_DEPTH = 0.01
"""How far the tip reaches past the bar [m]: at the tip itself the pads end."""

PULL = 0.18
"""How far the expert pulls the handle [m]; RLBench's pulls by 0.237 m."""

_TURNS = np.radians(sorted(range(-60, 61, 5), key=abs))
"""Of the expert's hand about the vertical, against the cabinet, least first [rad]."""

_GRIP_QUAT = (math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5))
"""Tip in the cabinet's frame: fingers along -y, closing across the bar; xyzw."""

_WOOD = (0.62, 0.45, 0.28, 1.0)
_FRONT = (0.78, 0.62, 0.42, 1.0)
_METAL = (0.35, 0.35, 0.38, 1.0)
_WALL = 0.008
_FRONT_Y = CABINET_HALF_SIZE[1]


class OpenDrawer(Task):
    """A cabinet of three drawers that open towards +y when it is not turned.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the handle of
    the named drawer, plus ``POTENTIAL_OPEN`` times the opened part of the rule's
    distance.
    """

    name = "open_drawer"
    summary = "Pull the named drawer (bottom, middle or top) open."
    variation_count = len(DRAWERS)
    variation_names = DRAWERS
    low_dim_size = 31
    low_dim_layout = (
        "poses xyzw of the bottom, middle and top drawer (21) [m], their joint "
        "positions (3) [m], pose xyzw of the named drawer's handle (7) [m]"
    )
    episode_length = 200

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the cabinet's shell and its drawers."""
        cabinet = spec.worldbody.add_body(name="cabinet", pos=WORKSPACE_CENTER)
        half_x, half_y, half_z = CABINET_HALF_SIZE
        wall = _WALL / 2
        z = CABINET_HEIGHT
        boxes = (
            ((half_x - wall, 0, z), (wall, half_y, half_z)),
            ((wall - half_x, 0, z), (wall, half_y, half_z)),
            ((0, wall - half_y, z), (half_x - _WALL, wall, half_z)),
            ((0, 0, z + half_z - wall), (half_x - _WALL, half_y, wall)),
            ((0, 0, z - half_z + wall), (half_x - _WALL, half_y, wall)),
            # The plinth down to the table.
            (
                (0, 0, (z - half_z) / 2),
                (half_x - 0.02, half_y - 0.02, (z - half_z) / 2),
            ),
        )
        for position, size in boxes:
            cabinet.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX, pos=position, size=size, rgba=_WOOD
            )
        for drawer, height in zip(DRAWERS, DRAWER_HEIGHTS, strict=True):
            _add_drawer(cabinet, drawer, height)
            # A drawer runs in the shell with no gap; its joint guides it.
            spec.add_exclude(bodyname1="cabinet", bodyname2=_body(drawer))
        for first, second in itertools.pairwise(DRAWERS):
            spec.add_exclude(bodyname1=_body(first), bodyname2=_body(second))

    def views(self, scene: Scene) -> None:
        """Keep the drawers and which of them counts."""
        self._tip = scene.site_position(TIP_SITE)
        self._rows = np.arange(scene.num_envs)
        self._named = scene.variable("drawer", (), np.int64)
        bodies = [scene.id_of("body", _body(drawer)) for drawer in DRAWERS]
        sites = [scene.id_of("site", _handle(drawer)) for drawer in DRAWERS]
        joints = [scene.id_of("joint", _body(drawer)) for drawer in DRAWERS]
        # The three follow each other in the model, so that slices are views.
        self._positions = scene.batch.bind("xpos")[:, bodies[0] : bodies[-1] + 1]
        self._quats_wxyz = scene.batch.bind("xquat")[:, bodies[0] : bodies[-1] + 1]
        self._handles = scene.batch.bind("site_xpos")[:, sites[0] : sites[-1] + 1]
        first = scene.model.jnt_qposadr[joints[0]]
        self._openings = scene.batch.bind("qpos")[:, first : first + len(DRAWERS)]

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Stand the cabinet on the table, drawers shut."""
        x, y = rng.uniform(*X_RANGE), rng.uniform(*Y_RANGE)
        yaw = rng.uniform(-MAX_YAW, MAX_YAW)
        position = (x, y, WORKSPACE_CENTER[2])
        placement.set_pose("cabinet", position, quat_from_euler_z(yaw))
        self._named[placement.env_id] = variation

    def success(self) -> NDArray[np.bool_]:
        """The named drawer is out by more than 15 cm."""
        return self._opening() > OPEN

    def potential(self) -> FloatArray:
        """See the class."""
        handle = self._handles[self._rows, self._named]
        distance = np.linalg.norm(self._tip - handle, axis=1)
        opened = np.clip(self._opening() / OPEN, 0.0, 1.0)
        return POTENTIAL_OPEN * opened - POTENTIAL_PER_METER * distance

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        poses = out[:, :21].reshape(-1, 3, 7)
        poses[..., :3] = self._positions
        poses[..., 3:] = wxyz_to_xyzw(self._quats_wxyz)
        out[:, :21] = poses.reshape(-1, 21)
        out[:, 21:24] = self._openings
        out[:, 24:27] = self._handles[self._rows, self._named]
        # All three drawers share the cabinet's orientation.
        out[:, 27:31] = poses[:, 0, 3:]

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """Which drawer."""
        drawer = DRAWERS[variation]
        return (
            f"open the {drawer} drawer",
            f"take hold of the {drawer} handle and pull the drawer out",
            f"slide the {drawer} drawer open",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Before the handle, around it from the front, and out with it.

        The hand turns about the vertical where it could not follow the drawer else;
        the bar does not mind.
        """
        handle = self._handles[env_id, self._named[env_id]].copy()
        outwards = rotate(wxyz_to_xyzw(self._quats_wxyz[env_id, 0]), (0.0, 1.0, 0.0))
        yaw = math.atan2(-outwards[0], outwards[1])
        quats = quat_multiply(quat_from_euler_z(yaw + _TURNS), _GRIP_QUAT)
        around = handle + GRIP_DEPTH * rotate(quats, (0.0, 0.0, 1.0))
        ways = around[:, None] + np.outer((PRE_GRASP, 0.0, PULL), outwards)
        farthest = wrist_distance(ways, quats[:, None]).max(axis=1)
        within = farthest <= WRIST_REACH
        chosen = within.argmax() if within.any() else farthest.argmin()
        quat, (before, at, pulled) = quats[chosen], ways[chosen]
        return (
            Waypoint(position=before, quat_xyzw=quat, path="free"),
            Waypoint(position=at, quat_xyzw=quat, speed=0.2, gripper="close"),
            Waypoint(position=pulled, quat_xyzw=quat, speed=0.2),
        )

    def _opening(self) -> FloatArray:
        return self._openings[self._rows, self._named]


def _add_drawer(cabinet: mujoco.MjsBody, drawer: str, height: float) -> None:
    body = cabinet.add_body(name=_body(drawer), pos=(0, 0, height))
    body.add_joint(
        name=_body(drawer),
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=(0, 1, 0),
        range=(0.0, DRAWER_TRAVEL),
        limited=True,
        # A drawer stays where it is left. Dry friction would do that too, but as a
        # constraint it makes MuJoCo's solver run in every physics step.
        damping=10.0,
    )
    half_x, half_z = CABINET_HALF_SIZE[0] - _WALL, 0.055
    depth = _FRONT_Y - _WALL
    boxes = (
        ((0, _FRONT_Y - 0.005, 0), (half_x, 0.005, half_z), _FRONT),
        ((0, 0, -half_z + 0.004), (half_x - 0.004, depth, 0.004), _WOOD),
        ((half_x - 0.008, 0, -0.01), (0.004, depth, 0.04), _WOOD),
        ((0.008 - half_x, 0, -0.01), (0.004, depth, 0.04), _WOOD),
        ((0, -depth, -0.01), (half_x - 0.012, 0.004, 0.04), _WOOD),
    )
    for position, size, color in boxes:
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=position,
            size=size,
            rgba=color,
            mass=DRAWER_MASS / len(boxes),
        )
    bar = {"type": mujoco.mjtGeom.mjGEOM_CAPSULE, "rgba": _METAL, "mass": 0.0}
    y = HANDLE_DISTANCE
    body.add_geom(fromto=(-0.06, y, 0, 0.06, y, 0), size=[0.008, 0, 0], **bar)
    for x in (-0.06, 0.06):
        body.add_geom(fromto=(x, _FRONT_Y, 0, x, y, 0), size=[0.006, 0, 0], **bar)
    body.add_site(name=_handle(drawer), pos=(0, y, 0))


def _body(drawer: str) -> str:
    return f"drawer_{drawer}"


def _handle(drawer: str) -> str:
    return f"handle_{drawer}"
