"""``reach_target``: move the tip into the sphere of the named colour."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.tasks.approach import approach_quat
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.colors import COLORS
from rlbench_puffer.tasks.scattering import draw_in_box
from rlbench_puffer.tasks.waypoints import Waypoint

RADIUS = 0.025
"""Of a target and its detection volume [m], measured in RLBench 1.2.0."""

BOUNDARY_CENTER = (0.25, 0.0, 1.002)
"""Centre of the box that targets spawn in [m], measured in RLBench 1.2.0."""

BOUNDARY_HALF_SIZE = (0.25, 0.35, 0.25)
"""Half its size [m], measured in RLBench 1.2.0."""

MIN_SEPARATION = 0.2
"""Least distance between the three spheres' centres [m], RLBench's rule."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for coming one metre nearer."""

_SPHERES = ("target", "distractor0", "distractor1")
_SPAN = tuple(half - RADIUS for half in BOUNDARY_HALF_SIZE)


class ReachTarget(Task):
    """Three spheres float above the table; the tip must enter the target.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the target.
    """

    name = "reach_target"
    summary = "Move the gripper's tip into the sphere of the named colour."
    variation_count = len(COLORS)
    low_dim_size = 3
    low_dim_layout = "target position (3) [m]"
    episode_length = 100

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the three spheres, which nothing touches."""
        for name in _SPHERES:
            body = spec.worldbody.add_body(name=name, pos=BOUNDARY_CENTER)
            body.add_geom(
                name=name,
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=[RADIUS, 0, 0],
                contype=0,
                conaffinity=0,
            )

    def views(self, scene: Scene) -> None:
        """Keep the tip's and the target's position."""
        self._tip = scene.site_position(TIP_SITE)
        self._target = scene.body_position("target")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Scatter the spheres; the distractors' colours differ from the target's."""
        positions: list[list[float]] = []
        while len(positions) < len(_SPHERES):
            position = draw_in_box(rng, BOUNDARY_CENTER, _SPAN)
            if all(math.dist(position, other) >= MIN_SEPARATION for other in positions):
                positions.append(position)
        # Drawing from a number is quicker than drawing from a list, and the same.
        drawn = rng.choice(len(COLORS) - 1, size=2, replace=False).tolist()
        colors = [variation, *(i + (i >= variation) for i in drawn)]
        for name, position, color in zip(_SPHERES, positions, colors, strict=True):
            placement.set_pose(name, position)
            placement.set_color(name, COLORS[color][1])

    def success(self) -> NDArray[np.bool_]:
        """The tip is inside the target sphere."""
        return self._distance_squared() < RADIUS**2

    def potential(self) -> FloatArray:
        """See the class."""
        return -POTENTIAL_PER_METER * np.sqrt(self._distance_squared())

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        out[...] = self._target

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """The colour to go for."""
        color = COLORS[variation][0]
        return (
            f"touch the {color} ball with the gripper",
            f"bring the fingertips to the {color} sphere",
            f"move the hand into the {color} target",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """To the middle of the target."""
        target = self._target[env_id].copy()
        return (
            Waypoint(position=target, quat_xyzw=approach_quat(target), path="free"),
        )

    def _distance_squared(self) -> FloatArray:
        # Axis by axis, in memory of its own: several times as quick as by rows.
        offset = self._tip.T.copy()
        offset -= self._target.T.copy()
        offset *= offset
        x, y, z = offset
        squared = x + z
        squared += y
        return squared
