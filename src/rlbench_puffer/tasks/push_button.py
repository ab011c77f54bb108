"""``push_button``: press the button of the named colour."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z, wxyz_to_xyzw
from rlbench_puffer.tasks.approach import approach_quat
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.colors import COLORS
from rlbench_puffer.tasks.scattering import draw_in_box
from rlbench_puffer.tasks.waypoints import Waypoint

BASE_HALF_SIZE = (0.05, 0.05, 0.01)
"""Half the size of the base box [m], measured in RLBench 1.2.0."""

BUTTON_RADIUS = 0.028
"""[m], measured in RLBench 1.2.0."""

BUTTON_HALF_HEIGHT = 0.006
"""[m]; its top at rest stands 0.023 m above the workspace, as in RLBench."""

BUTTON_TRAVEL = 0.008
"""How far the button can be pressed [m]."""

PRESSED = 0.003
"""How far it must be pressed [m], RLBench's rule."""

SPRING = 300.0
"""Stiffness under the button [N/m]: 0.9 N press it to the rule."""

BUTTON_MASS = 0.07
"""[kg], measured in RLBench 1.2.0."""

SPRING_PRELOAD = BUTTON_MASS * 9.81 / SPRING
"""Compression of that spring at rest [m]: the button floats on it at position 0, as
RLBench's does. Resting on the joint's limit would be a constraint to solve in every
physics step."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the button's top."""

POTENTIAL_PRESSED = 5.0
"""Shaped reward for pressing the button from rest to the rule."""

PRESSED_COLOR = (0.0, 1.0, 0.0)

HOVER = 0.07
"""How far above the button the expert closes its fingers [m], near RLBench's 0.068."""

PRESS_DEPTH = 0.007
"""How far below the button's top the expert aims [m], as RLBench's does."""

_TOP_COLOR = (0.7, 0.0, 0.0, 1.0)
_HALF_DIAGONAL = math.hypot(*BASE_HALF_SIZE[:2])


class PushButton(Task):
    """A spring-loaded button on a coloured base, anywhere on the table.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the button's
    top, plus ``POTENTIAL_PRESSED`` times the pressed part of the rule's depth.
    """

    name = "push_button"
    summary = "Press the button on the base of the named colour."
    variation_count = 18
    low_dim_size = 8
    low_dim_layout = "button pose xyzw (7) [m], button joint position (1) [m]"
    episode_length = 120

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the base and the button on its spring."""
        base = spec.worldbody.add_body(name="button_base", pos=WORKSPACE_CENTER)
        base.add_geom(
            name="button_base",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(0, 0, BASE_HALF_SIZE[2]),
            size=BASE_HALF_SIZE,
        )
        height = 0.023 - BUTTON_HALF_HEIGHT
        button = base.add_body(name="button", pos=(0, 0, height))
        button.add_joint(
            name="button",
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(0, 0, -1),
            range=(-0.002, BUTTON_TRAVEL),
            limited=True,
            stiffness=SPRING,
            springref=-SPRING_PRELOAD,
            damping=5.0,
            # A light body on a stiff contact needs some inertia to stay calm.
            armature=0.1,
        )
        button.add_geom(
            name="button",
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=(BUTTON_RADIUS, BUTTON_HALF_HEIGHT, 0),
            mass=BUTTON_MASS,
            rgba=_TOP_COLOR,
        )
        button.add_site(name="button_top", pos=(0, 0, BUTTON_HALF_HEIGHT))
        # The button slides into its base.
        spec.add_exclude(bodyname1="button_base", bodyname2="button")

    def views(self, scene: Scene) -> None:
        """Keep the tip, the button and its colour."""
        self._tip = scene.site_position(TIP_SITE)
        self._top = scene.site_position("button_top")
        self._position = scene.body_position("button")
        self._quat_wxyz = scene.body_quat_wxyz("button")
        self._depth = scene.joint_position("button")
        self._color = scene.geom_color("button")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Stand the base anywhere in the workspace, turned any way."""
        span = [half - _HALF_DIAGONAL for half in WORKSPACE_HALF_SIZE]
        x, y = draw_in_box(rng, WORKSPACE_CENTER[:2], span)
        yaw = rng.uniform(-math.pi, math.pi)
        position = (x, y, WORKSPACE_CENTER[2])
        placement.set_pose("button_base", position, quat_from_euler_z(yaw))
        placement.set_color("button_base", COLORS[variation][1])

    def success(self) -> NDArray[np.bool_]:
        """The button is pressed by more than 3 mm; its top then turns green."""
        pressed = self._depth > PRESSED
        self._color[pressed, :3] = PRESSED_COLOR
        return pressed

    def potential(self) -> FloatArray:
        """See the class."""
        distance = np.linalg.norm(self._tip - self._top, axis=1)
        depth = np.clip(self._depth / PRESSED, 0.0, 1.0)
        return POTENTIAL_PRESSED * depth - POTENTIAL_PER_METER * distance

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        out[:, :3] = self._position
        out[:, 3:7] = wxyz_to_xyzw(self._quat_wxyz)
        out[:, 7] = self._depth

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """The base's colour."""
        color = COLORS[variation][0]
        return (
            f"press the button with the {color} base",
            f"push the {color} button all the way down",
            f"use the closed hand to push the {color} button",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Above the button with closed fingers, then down on it."""
        top = self._top[env_id].copy()
        quat = approach_quat(top + [0.0, 0.0, HOVER])
        above, pressed = top + [0.0, 0.0, HOVER], top - [0.0, 0.0, PRESS_DEPTH]
        return (
            Waypoint(position=above, quat_xyzw=quat, path="free", gripper="close"),
            Waypoint(position=pressed, quat_xyzw=quat, speed=0.2),
        )
