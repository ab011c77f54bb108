"""``take_lid_off_saucepan``: lift the lid off the pan by its knob."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import BASE_POSITION, TIP_SITE
from rlbench_puffer.engines.builtin.panda_look import HIDDEN_GROUP
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z, wxyz_to_xyzw
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.lathe import add_lathe
from rlbench_puffer.tasks.scattering import draw_in_box
from rlbench_puffer.tasks.table_reach import tip_down, within_reach, within_workspace
from rlbench_puffer.tasks.waypoints import Waypoint

PAN_RADIUS = 0.1144
"""[m], measured in RLBench 1.2.0."""

PAN_LENGTH = 0.4393
"""Of the pan with its handle [m], measured in RLBench 1.2.0."""

RIM_HEIGHT = 0.078
"""Of the pan's rim above the workspace [m]; RLBench's lid sits a little in its pan,
whose rim is at 0.0895 m. Ours sits on it."""

LID_RADIUS = 0.115
"""[m], measured in RLBench 1.2.0."""

LID_MASS = 0.0565
"""Of the lid without its knob [kg], measured in RLBench 1.2.0."""

KNOB_RADIUS = 0.03
"""[m]; RLBench's knob is a box of 6 x 6 x 2 cm (measured in 1.2.0)."""

KNOB_HALF_HEIGHT = 0.01
"""[m], likewise."""

KNOB_HEIGHT = 0.1011
"""Of the middle of the knob above the workspace [m], measured in RLBench 1.2.0."""

KNOB_MASS = 0.0565
"""[kg], measured in RLBench 1.2.0."""

VOLUME_HEIGHT = 0.216
"""Of the middle of the success volume above the workspace [m], measured in RLBench
1.2.0: 11.5 cm above the knob's place on the pan."""

VOLUME_RADIUS = 0.05
"""Of the success volume, an upright cylinder [m]; an estimate."""

VOLUME_HALF_HEIGHT = 0.03
"""Likewise [m]."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the knob."""

POTENTIAL_GRASPED = 5.0
"""Shaped reward for holding the lid."""

POTENTIAL_LID_PER_METER = 40.0
"""Shaped reward for bringing the lid one metre nearer to the volume's middle."""

HOVER = 0.06
"""How far above the knob the expert begins its straight approach [m]."""

_SUPPORT_RADIUS = 0.005
_SUPPORT_DISTANCE = 0.09
_LID_GAP = 0.003
_LID_HALF_THICKNESS = 0.003
_HANDLE_HEIGHT = 0.062
_HANDLE_RADIUS = 0.011
_RESTING_DEPTH = 1.42e-4
"""How deep the lid's feet settle into the rim [m]: MuJoCo's contacts are soft."""

_BOTTOM = -0.002
"""The table's top seen from the workspace plane [m]."""

_STEEL = (0.66, 0.67, 0.69, 1.0)
_LID_COLOR = (0.50, 0.53, 0.58, 1.0)
_BLACK = (0.09, 0.09, 0.10, 1.0)


class TakeLidOffSaucepan(Task):
    """A pan with a lid on it, anywhere on the table, its handle pointing anywhere.

    The lid counts as held while the gripper mode ``discrete`` has it attached.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the knob, plus
    ``POTENTIAL_GRASPED`` while the lid is held, minus ``POTENTIAL_LID_PER_METER``
    times the knob's distance to the middle of the success volume.
    """

    name = "take_lid_off_saucepan"
    summary = "Lift the lid off the saucepan."
    variation_count = 1
    low_dim_size = 7
    low_dim_layout = "pose xyzw of the lid, at the middle of its knob (7) [m]"
    episode_length = 150
    graspable = ("lid",)

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the pan, and the lid on it."""
        pan = spec.worldbody.add_body(name="saucepan", pos=WORKSPACE_CENTER)
        half = (RIM_HEIGHT - _BOTTOM) / 2
        # What is inside the pan stays under the lid or out of sight: it is solid.
        pan.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            pos=(0, 0, _BOTTOM + half),
            size=(PAN_RADIUS, half, 0),
            group=HIDDEN_GROUP,
        )
        outer, inner = PAN_RADIUS, PAN_RADIUS - 0.004
        outside = ((0, _BOTTOM), (outer - 0.01, _BOTTOM), (outer, 0.008))
        inside = ((inner, 0.01), (inner - 0.008, 0.003), (0, 0.003))
        rim = ((outer, RIM_HEIGHT), (inner, RIM_HEIGHT))
        add_lathe(spec, pan, "saucepan", (*outside, *rim, *inside), _STEEL)
        start, end = PAN_RADIUS - 0.005, PAN_LENGTH - PAN_RADIUS - _HANDLE_RADIUS
        pan.add_geom(
            name="saucepan_handle",
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=(start, 0, _HANDLE_HEIGHT, end, 0, _HANDLE_HEIGHT),
            size=(_HANDLE_RADIUS, 0, 0),
            rgba=_BLACK,
        )
        lid = spec.worldbody.add_body(name="lid", pos=WORKSPACE_CENTER)
        lid.add_freejoint(name="lid")
        _add_lid(spec, lid)

    def views(self, scene: Scene) -> None:
        """Keep the tip, the pan, the lid and whether it is held."""
        self._tip = scene.site_position(TIP_SITE)
        self._pan = scene.body_position("saucepan")
        self._lid = scene.body_position("lid")
        self._lid_quat_wxyz = scene.body_quat_wxyz("lid")
        self._grasped = scene.grasped("lid")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Stand the pan with its lid in the workspace, turned any way.

        It is drawn until all of it is in there and the hand can reach the knob.
        """
        span = [half - PAN_RADIUS for half in WORKSPACE_HALF_SIZE]
        length = PAN_LENGTH - PAN_RADIUS
        while True:
            x, y = draw_in_box(rng, WORKSPACE_CENTER[:2], span)
            yaw = rng.uniform(-math.pi, math.pi)
            end = (x + length * math.cos(yaw), y + length * math.sin(yaw))
            if within_workspace(*end) and within_reach(x, y):
                break
        quat = quat_from_euler_z(yaw)
        z = WORKSPACE_CENTER[2]
        placement.set_pose("saucepan", (x, y, z), quat)
        placement.set_pose("lid", (x, y, z + KNOB_HEIGHT - _RESTING_DEPTH), quat)

    def success(self) -> NDArray[np.bool_]:
        """The lid is held, its knob inside the volume above the pan."""
        offset = self._from_volume()
        inside = np.hypot(offset[:, 0], offset[:, 1]) < VOLUME_RADIUS
        inside &= np.abs(offset[:, 2]) < VOLUME_HALF_HEIGHT
        return inside & (self._grasped > 0)

    def potential(self) -> FloatArray:
        """See the class."""
        reach = np.linalg.norm(self._tip - self._lid, axis=1)
        lift = np.linalg.norm(self._from_volume(), axis=1)
        return (
            POTENTIAL_GRASPED * self._grasped
            - POTENTIAL_PER_METER * reach
            - POTENTIAL_LID_PER_METER * lift
        )

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        out[:, :3] = self._lid
        out[:, 3:] = wxyz_to_xyzw(self._lid_quat_wxyz)

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """There is one goal only."""
        del variation
        return (
            "lift the lid off the pan",
            "take hold of the knob and raise the lid above the saucepan",
            "uncover the saucepan",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Above the knob, around it, and up with it."""
        knob = self._lid[env_id].copy()
        top = self._pan[env_id] + (0.0, 0.0, VOLUME_HEIGHT)
        x, y, _ = knob - BASE_POSITION
        quat = tip_down(math.atan2(y, x))
        above = knob + (0.0, 0.0, HOVER)
        return (
            Waypoint(position=above, quat_xyzw=quat, path="free"),
            Waypoint(position=knob, quat_xyzw=quat, speed=0.2, gripper="close"),
            Waypoint(position=top, quat_xyzw=quat),
        )

    def _from_volume(self) -> FloatArray:
        """The knob, seen from the middle of the success volume, (num_envs, 3) [m]."""
        offset = self._lid - self._pan
        offset[:, 2] -= VOLUME_HEIGHT
        return offset


def _add_lid(spec: mujoco.MjSpec, lid: mujoco.MjsBody) -> None:
    """The lid's parts; its origin is the middle of the knob."""
    rim = RIM_HEIGHT - KNOB_HEIGHT
    bottom = rim + _LID_GAP
    lid.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        pos=(0, 0, bottom + _LID_HALF_THICKNESS),
        size=(LID_RADIUS, _LID_HALF_THICKNESS, 0),
        mass=LID_MASS,
        group=HIDDEN_GROUP,
    )
    lid.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=(KNOB_RADIUS, KNOB_HALF_HEIGHT, 0),
        mass=KNOB_MASS,
        group=HIDDEN_GROUP,
    )
    # Three feet carry the lid: three contacts to solve instead of a ring of them.
    for angle in (0.0, 2 * math.pi / 3, 4 * math.pi / 3):
        lid.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            pos=(
                _SUPPORT_DISTANCE * math.cos(angle),
                _SUPPORT_DISTANCE * math.sin(angle),
                rim + _SUPPORT_RADIUS,
            ),
            size=(_SUPPORT_RADIUS, 0, 0),
            mass=0.0,
            group=HIDDEN_GROUP,
        )
    top = bottom + 2 * _LID_HALF_THICKNESS
    dome = (
        (0, rim),
        (LID_RADIUS - 0.006, rim),
        (LID_RADIUS, bottom),
        (LID_RADIUS - 0.002, top),
        (0.07, top + 0.004),
        (0, top + 0.006),
    )
    add_lathe(spec, lid, "lid", dome, _LID_COLOR)
    low, high = -KNOB_HALF_HEIGHT, KNOB_HALF_HEIGHT
    knob = (
        (0, low - 0.006),
        (0.016, low - 0.006),
        (0.016, low),
        (KNOB_RADIUS - 0.003, low),
        (KNOB_RADIUS, low + 0.003),
        (KNOB_RADIUS, high - 0.004),
        (KNOB_RADIUS - 0.006, high),
        (0, high),
    )
    add_lathe(spec, lid, "lid_knob", knob, _BLACK)
