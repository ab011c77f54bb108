"""``turn_tap``: turn the named handle of a mixer tap by a quarter."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.panda_look import HIDDEN_GROUP
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z, quat_multiply, wxyz_to_xyzw
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.lathe import add_lathe
from rlbench_puffer.tasks.scattering import draw_in_box
from rlbench_puffer.tasks.table_reach import tip_down, within_reach, within_workspace
from rlbench_puffer.tasks.waypoints import Waypoint

TAPS = ("left", "right")
"""One variation each, seen with the spout towards one."""

TURNED = 1.57
"""How far the tap must be turned [rad], RLBench's rule."""

TAP_TRAVEL = 2.2
"""How far a tap turns until it stops [rad]."""

TAP_DISTANCE = 0.09
"""Of each tap's axis from the middle of the mixer [m]."""

VALVE_HEIGHT = 0.085
"""Of the top of the valves, on which the handles turn [m]."""

BAR_HEIGHT = 0.045
"""Of a handle's bar above its valve [m]."""

BAR_HALF_SIZE = (0.008, 0.036, 0.012)
"""Half the size of a handle's bar when the tap is shut [m]: it lies across the spout
and fits between the fingers."""

SPOUT_LENGTH = 0.13
"""From the mixer's middle to the end of its spout [m]."""

HANDLE_MASS = 0.08
"""[kg]."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the handle."""

POTENTIAL_TURNED = 20.0
"""Shaped reward for turning the tap from shut to the rule."""

HOVER = 0.08
"""How far above the bar the expert begins its straight approach [m]."""

GRIP_DEPTH = 0.008
"""How far below the bar's middle the expert's tip goes [m]: at the tip the pads end."""

TURNS = (0.95, 1.9)
"""How far the expert has turned its hand at its last waypoints [rad]: each turn is
well below half a turn, so that its sense is clear."""

_SIDES = (-TAP_DISTANCE, TAP_DISTANCE)
_BASE_HALF_SIZE = (0.035, 0.125, 0.007)
_SPOUT_HEIGHT = 0.125
_SPOUT_RADIUS = 0.012
_BOTTOM = -0.002
"""The table's top seen from the workspace plane [m]."""

_CHROME = (0.72, 0.74, 0.77, 1.0)
_HANDLE_COLORS = {"left": (0.75, 0.16, 0.14, 1.0), "right": (0.13, 0.30, 0.70, 1.0)}


class TurnTap(Task):
    """A mixer tap with two bar handles that open anticlockwise, seen from above.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the bar of the
    named handle, plus ``POTENTIAL_TURNED`` times the turned part of the rule's angle.
    """

    name = "turn_tap"
    summary = "Turn the left or right tap of a mixer."
    variation_count = len(TAPS)
    variation_names = TAPS
    low_dim_size = 23
    low_dim_layout = (
        "poses xyzw of the left and right handle, at the bars' middles (14) [m], "
        "their joint positions (2) [rad], pose of the named handle (7) [m]"
    )
    episode_length = 200

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the mixer and its handles."""
        mixer = spec.worldbody.add_body(name="mixer", pos=WORKSPACE_CENTER)
        half_x, half_y, half_z = _BASE_HALF_SIZE
        mixer.add_geom(
            name="mixer_base",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(0, 0, _BOTTOM + half_z),
            size=(half_x, half_y, half_z),
            rgba=_CHROME,
        )
        top = _BOTTOM + 2 * half_z
        spout = (
            ((0, 0, top), (0, 0, _SPOUT_HEIGHT), 0.016),
            ((0, 0, _SPOUT_HEIGHT), (SPOUT_LENGTH, 0, _SPOUT_HEIGHT), _SPOUT_RADIUS),
            (
                (SPOUT_LENGTH, 0, _SPOUT_HEIGHT),
                (SPOUT_LENGTH, 0, _SPOUT_HEIGHT - 0.03),
                _SPOUT_RADIUS,
            ),
        )
        for start, end, radius in spout:
            mixer.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CAPSULE,
                fromto=(*start, *end),
                size=(radius, 0, 0),
                rgba=_CHROME,
            )
        for tap, y in zip(TAPS, _SIDES, strict=True):
            half = (VALVE_HEIGHT - top) / 2
            mixer.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CYLINDER,
                pos=(0, y, top + half),
                size=(0.02, half, 0),
                rgba=_CHROME,
            )
            _add_handle(spec, mixer, tap, y)
            # A handle sits on its valve; its joint guides it.
            spec.add_exclude(bodyname1="mixer", bodyname2=_body(tap))

    def views(self, scene: Scene) -> None:
        """Keep the handles and which of them counts."""
        self._tip = scene.site_position(TIP_SITE)
        self._rows = np.arange(scene.num_envs)
        self._named = scene.variable("tap", (), np.int64)
        bodies = [scene.id_of("body", _body(tap)) for tap in TAPS]
        joints = [scene.id_of("joint", _body(tap)) for tap in TAPS]
        # The two follow each other in the model, so that slices are views.
        self._positions = scene.batch.bind("xpos")[:, bodies[0] : bodies[-1] + 1]
        self._quats_wxyz = scene.batch.bind("xquat")[:, bodies[0] : bodies[-1] + 1]
        first = scene.model.jnt_qposadr[joints[0]]
        self._angles = scene.batch.bind("qpos")[:, first : first + len(TAPS)]

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Stand the mixer in the workspace, turned any way, both taps shut.

        It is drawn until all of it is in there and the hand can reach both handles.
        """
        while True:
            x, y = draw_in_box(rng, WORKSPACE_CENTER[:2], WORKSPACE_HALF_SIZE)
            yaw = rng.uniform(-math.pi, math.pi)
            cos, sin = math.cos(yaw), math.sin(yaw)
            handles = [(x - sin * side, y + cos * side) for side in _SIDES]
            end = (x + cos * SPOUT_LENGTH, y + sin * SPOUT_LENGTH)
            if all(within_workspace(*point) for point in (*handles, end)) and all(
                within_reach(*point) for point in handles
            ):
                break
        placement.set_pose("mixer", (x, y, WORKSPACE_CENTER[2]), quat_from_euler_z(yaw))
        self._named[placement.env_id] = variation

    def success(self) -> NDArray[np.bool_]:
        """The named tap is turned by more than a quarter."""
        return self._angle() > TURNED

    def potential(self) -> FloatArray:
        """See the class."""
        handle = self._positions[self._rows, self._named]
        distance = np.linalg.norm(self._tip - handle, axis=1)
        turned = np.clip(self._angle() / TURNED, 0.0, 1.0)
        return POTENTIAL_TURNED * turned - POTENTIAL_PER_METER * distance

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        poses = np.concatenate(
            [self._positions, wxyz_to_xyzw(self._quats_wxyz)], axis=2
        )
        out[:, :14] = poses.reshape(-1, 14)
        out[:, 14:16] = self._angles
        out[:, 16:] = poses[self._rows, self._named]

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """Which tap."""
        tap = TAPS[variation]
        return (
            f"turn the {tap} tap",
            f"open the tap on the {tap}",
            f"grip the {tap} handle and turn it by more than a quarter",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Above the bar, around it, and a quarter turn on the spot."""
        named = self._named[env_id]
        bar = self._positions[env_id, named].copy()
        w, _, _, z = self._quats_wxyz[env_id, named]
        yaw = 2 * math.atan2(z, w)
        # The bar lies along the handle's y axis: the fingers close along its x axis.
        quat = tip_down(yaw - math.pi / 2)
        above, around = bar + (0.0, 0.0, HOVER), bar - (0.0, 0.0, GRIP_DEPTH)
        turned = [quat_multiply(quat_from_euler_z(turn), quat) for turn in TURNS]
        return (
            Waypoint(position=above, quat_xyzw=quat, path="free"),
            Waypoint(position=around, quat_xyzw=quat, speed=0.2, gripper="close"),
            *(Waypoint(position=around, quat_xyzw=quat) for quat in turned),
        )

    def _angle(self) -> FloatArray:
        return self._angles[self._rows, self._named]


def _add_handle(spec: mujoco.MjSpec, mixer: mujoco.MjsBody, tap: str, y: float) -> None:
    """A bar on a stem; the body's origin is the middle of the bar."""
    body = mixer.add_body(name=_body(tap), pos=(0, y, VALVE_HEIGHT + BAR_HEIGHT))
    body.add_joint(
        name=_body(tap),
        axis=(0, 0, 1),
        range=(0.0, TAP_TRAVEL),
        limited=True,
        # A tap stays where it is left; see open_drawer for why not dry friction.
        damping=0.05,
        # A light body in a stiff grip needs some inertia to stay calm.
        armature=0.002,
    )
    body.add_geom(
        name=_body(tap),
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=BAR_HALF_SIZE,
        rgba=_HANDLE_COLORS[tap],
        mass=HANDLE_MASS,
    )
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        pos=(0, 0, -BAR_HEIGHT / 2),
        size=(0.006, BAR_HEIGHT / 2, 0),
        mass=0.0,
        group=HIDDEN_GROUP,
    )
    bell = (
        (0, -BAR_HEIGHT),
        (0.021, -BAR_HEIGHT),
        (0.018, -BAR_HEIGHT + 0.012),
        (0.0065, -BAR_HEIGHT + 0.02),
        (0.0065, 0),
        (0, 0),
    )
    add_lathe(spec, body, f"{_body(tap)}_stem", bell, _CHROME)


def _body(tap: str) -> str:
    return f"tap_{tap}"
