"""``pick_and_lift``: grasp the block of the named colour and lift it to the ball."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import BASE_POSITION, TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    RESTING_DEPTH,
    TABLE_TOP,
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.colors import COLORS
from rlbench_puffer.tasks.table_reach import tip_down, within_reach
from rlbench_puffer.tasks.waypoints import Waypoint

BLOCK_HALF_SIZE = 0.025
"""Half an edge of a block [m], measured in RLBench 1.2.0."""

BLOCK_HEIGHT = TABLE_TOP + BLOCK_HALF_SIZE - RESTING_DEPTH
"""Of the middle of a block at rest in the world [m]."""

BLOCK_MASS = 0.125
"""[kg], measured in RLBench 1.2.0."""

MIN_SEPARATION = 0.1
"""Least distance between the blocks' middles [m], RLBench's rule."""

VOLUME_RADIUS = 0.04
"""Of the ball that shows where to lift the block [m], measured in RLBench 1.2.0. Its
detection volume is about that ball: a cone of 90 deg and 5.5 cm, point upwards."""

VOLUME_HEIGHT = 0.983
"""Of the ball's middle in the world [m], measured in RLBench 1.2.0."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the block."""

POTENTIAL_GRASPED = 5.0
"""Shaped reward for grasping the block; letting go costs as much."""

POTENTIAL_BLOCK_PER_METER = 20.0
"""Shaped reward for bringing the block one metre nearer to the ball."""

HOVER = 0.1
"""How far above the block the expert begins and ends its straight ways [m]."""

_BALL_COLOR = (0.95, 0.35, 0.35, 0.5)
_BLOCKS = ("target_block", "distractor0", "distractor1")


class PickAndLift(Task):
    """Three blocks stand on the table, a ball floats above it.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the target
    block, plus ``POTENTIAL_GRASPED`` while that is grasped, minus
    ``POTENTIAL_BLOCK_PER_METER`` times its distance to the ball.
    """

    name = "pick_and_lift"
    summary = "Grasp the block of the named colour and lift it to the ball."
    variation_count = len(COLORS)
    low_dim_size = 6
    low_dim_layout = "target block position (3) [m], position of the ball (3) [m]"
    episode_length = 250
    graspable = ("target_block",)

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the blocks and the ball, which nothing touches."""
        ball = spec.worldbody.add_body(name="ball", pos=WORKSPACE_CENTER)
        ball.add_geom(
            name="ball",
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(VOLUME_RADIUS, 0, 0),
            rgba=_BALL_COLOR,
            contype=0,
            conaffinity=0,
        )
        for name in _BLOCKS:
            block = spec.worldbody.add_body(name=name, pos=WORKSPACE_CENTER)
            block.add_freejoint(name=name)
            block.add_geom(
                name=name,
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(BLOCK_HALF_SIZE,) * 3,
                mass=BLOCK_MASS,
            )

    def views(self, scene: Scene) -> None:
        """Keep the tip, the target block and the ball."""
        self._tip = scene.site_position(TIP_SITE)
        self._block = scene.body_position("target_block")
        self._block_matrix = scene.body_matrix("target_block")
        self._grasped = scene.grasped("target_block")
        self._ball = scene.body_position("ball")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Scatter the blocks, apart from each other, and the ball above them.

        The distractors' colours differ from the target's and from each other.
        """
        placement.set_pose("ball", (*_reachable_point(rng), VOLUME_HEIGHT))
        points: list[tuple[float, float]] = []
        while len(points) < len(_BLOCKS):
            point = _reachable_point(rng)
            if all(math.dist(point, other) >= MIN_SEPARATION for other in points):
                points.append(point)
        others = [i for i in range(len(COLORS)) if i != variation]
        colors = [variation, *rng.choice(others, size=2, replace=False)]
        for name, point, color in zip(_BLOCKS, points, colors, strict=True):
            quat = quat_from_euler_z(rng.uniform(-math.pi, math.pi))
            placement.set_pose(name, (*point, BLOCK_HEIGHT), quat)
            placement.set_color(name, COLORS[color][1])

    def success(self) -> NDArray[np.bool_]:
        """The target block is grasped, and some part of it is in the ball."""
        offset = self._ball - self._block
        in_block = np.einsum("nij,ni->nj", self._block_matrix, offset)
        outside = np.maximum(np.abs(in_block) - BLOCK_HALF_SIZE, 0.0)
        distance_squared = np.einsum("ni,ni->n", outside, outside)
        return (distance_squared < VOLUME_RADIUS**2) & (self._grasped > 0)

    def potential(self) -> FloatArray:
        """See the class."""
        to_block = np.linalg.norm(self._tip - self._block, axis=1)
        to_ball = np.linalg.norm(self._block - self._ball, axis=1)
        return (
            POTENTIAL_GRASPED * self._grasped
            - POTENTIAL_PER_METER * to_block
            - POTENTIAL_BLOCK_PER_METER * to_ball
        )

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        out[:, :3] = self._block
        out[:, 3:] = self._ball

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """The colour of the block."""
        color = COLORS[variation][0]
        return (
            f"take the {color} block and raise it to the ball",
            f"pick up the {color} cube and hold it where the ball floats",
            f"lift the {color} block until it meets the ball",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Above the block, around it, up with it, and to the ball."""
        block, ball = self._block[env_id].copy(), self._ball[env_id].copy()
        across = self._block_matrix[env_id, :2, 1]
        # Of the four ways to hold a block the one that turns the wrist least.
        yaw = math.atan2(-across[0], across[1])
        bearing = math.atan2(block[1] - BASE_POSITION[1], block[0] - BASE_POSITION[0])
        quat = tip_down(bearing + math.remainder(yaw - bearing, math.pi / 2))
        above = block + [0.0, 0.0, HOVER]
        return (
            Waypoint(position=above, quat_xyzw=quat, path="free"),
            Waypoint(position=block, quat_xyzw=quat, speed=0.2, gripper="close"),
            Waypoint(position=above, quat_xyzw=quat),
            Waypoint(position=ball, quat_xyzw=quat),
        )


def _reachable_point(rng: np.random.Generator) -> tuple[float, float]:
    """A point over the workspace, a block's breadth inside it, in the arm's reach."""
    margin = math.sqrt(2) * BLOCK_HALF_SIZE
    half_x, half_y = WORKSPACE_HALF_SIZE[0] - margin, WORKSPACE_HALF_SIZE[1] - margin
    while True:
        x = WORKSPACE_CENTER[0] + rng.uniform(-half_x, half_x)
        y = WORKSPACE_CENTER[1] + rng.uniform(-half_y, half_y)
        if within_reach(x, y):
            return x, y
