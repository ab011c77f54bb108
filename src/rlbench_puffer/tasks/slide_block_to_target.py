"""``slide_block_to_target``: push the block onto the target patch."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    RESTING_DEPTH,
    TABLE_TOP,
    WORKSPACE_CENTER,
    WORKSPACE_HALF_SIZE,
)
from rlbench_puffer.poses import quat_from_euler_z
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.table_reach import tip_down, within_reach, within_workspace
from rlbench_puffer.tasks.waypoints import Waypoint

BLOCK_HALF_SIZE = 0.02813
"""Half an edge of the block [m], measured in RLBench 1.2.0."""

BLOCK_HEIGHT = TABLE_TOP + BLOCK_HALF_SIZE - RESTING_DEPTH
"""Of the middle of a block at rest in the world [m]."""

BLOCK_MASS = 0.356
"""[kg], measured in RLBench 1.2.0."""

FRICTION = 0.4
"""Of the block on whatever it touches; pushed at its middle it does not tip over."""

TARGET_HALF_SIZE = 0.05
"""Half an edge of the target patch [m], measured in RLBench 1.2.0."""

TARGET_HEIGHT = 0.753
"""Of the target's frame in the world [m], measured in RLBench 1.2.0."""

VOLUME_HALF_SIZE = 0.005
"""Half an edge of the detection volume [m], which stands on the target's frame:
RLBench 1.2.0's sensor, a cube of 1 cm."""

BLOCK_OFFSET = (0.025, -0.025)
"""Of the block from the task's middle, in its turned frame [m], measured likewise."""

TARGET_OFFSET = (0.025, 0.150)
"""Of the target, likewise."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the block."""

POTENTIAL_BLOCK_PER_METER = 40.0
"""Shaped reward for bringing the block one metre nearer to the target."""

PUSH_START = 0.10
"""How far behind the block's middle the expert comes down [m], as RLBench's does."""

PUSH_HEIGHT = 0.768
"""Of the expert's tip while it pushes [m]."""

HOVER_HEIGHT = 0.87
"""Of the expert's tip before it comes down [m]."""

_BLOCK_COLOR = (0.80, 0.12, 0.10, 1.0)
_TARGET_COLOR = (0.13, 0.55, 0.20, 1.0)
_PATCH_HALF_THICKNESS = 0.0004


class SlideBlockToTarget(Task):
    """A block and, 17.5 cm straight in front of one of its faces, a target patch.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the block's
    middle, minus ``POTENTIAL_BLOCK_PER_METER`` times the block's to the target's.
    """

    name = "slide_block_to_target"
    summary = "Push the block onto the target patch."
    variation_count = 1
    low_dim_size = 6
    low_dim_layout = "block position (3) [m], target position (3) [m]"
    episode_length = 200

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the block and the patch, which nothing touches."""
        target = spec.worldbody.add_body(name="target", pos=WORKSPACE_CENTER)
        target.add_geom(
            name="target",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(0, 0, TABLE_TOP + _PATCH_HALF_THICKNESS - TARGET_HEIGHT),
            size=(TARGET_HALF_SIZE, TARGET_HALF_SIZE, _PATCH_HALF_THICKNESS),
            rgba=_TARGET_COLOR,
            contype=0,
            conaffinity=0,
        )
        block = spec.worldbody.add_body(name="block", pos=WORKSPACE_CENTER)
        block.add_freejoint(name="block")
        block.add_geom(
            name="block",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(BLOCK_HALF_SIZE,) * 3,
            mass=BLOCK_MASS,
            rgba=_BLOCK_COLOR,
            # The block's friction counts, whatever it touches.
            priority=1,
            friction=(FRICTION, 0.005, 0.0001),
        )

    def views(self, scene: Scene) -> None:
        """Keep the tip, the block and the target."""
        self._tip = scene.site_position(TIP_SITE)
        self._block = scene.body_position("block")
        self._block_matrix = scene.body_matrix("block")
        self._target = scene.body_position("target")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Put block and target anywhere in the workspace, turned any way.

        They are drawn until the hand can reach what it must to push the block.
        """
        half_x, half_y = WORKSPACE_HALF_SIZE
        while True:
            x = WORKSPACE_CENTER[0] + rng.uniform(-half_x, half_x)
            y = WORKSPACE_CENTER[1] + rng.uniform(-half_y, half_y)
            yaw = rng.uniform(-math.pi, math.pi)
            block = _turned(x, y, yaw, *BLOCK_OFFSET)
            target = _turned(x, y, yaw, *TARGET_OFFSET)
            start = _turned(x, y, yaw, BLOCK_OFFSET[0], BLOCK_OFFSET[1] - PUSH_START)
            edge = _turned(
                x, y, yaw, TARGET_OFFSET[0], TARGET_OFFSET[1] + TARGET_HALF_SIZE
            )
            inside = within_workspace(*start) and within_workspace(*edge)
            if inside and within_reach(*start) and within_reach(*target):
                break
        quat = quat_from_euler_z(yaw)
        placement.set_pose("block", (*block, BLOCK_HEIGHT), quat)
        placement.set_pose("target", (*target, TARGET_HEIGHT), quat)

    def success(self) -> NDArray[np.bool_]:
        """Some part of the block is in the small cube on the target's middle."""
        offset = self._target - self._block
        offset[:, 2] += VOLUME_HALF_SIZE
        in_block = np.einsum("nij,ni->nj", self._block_matrix, offset)
        touching = np.abs(in_block) <= BLOCK_HALF_SIZE + VOLUME_HALF_SIZE
        return touching.all(axis=1)

    def potential(self) -> FloatArray:
        """See the class."""
        to_block = np.linalg.norm(self._tip - self._block, axis=1)
        to_target = np.linalg.norm(self._block - self._target, axis=1)
        return -(POTENTIAL_PER_METER * to_block + POTENTIAL_BLOCK_PER_METER * to_target)

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        out[:, :3] = self._block
        out[:, 3:] = self._target

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """There is one goal only."""
        del variation
        return (
            "push the red block onto the green patch",
            "slide the block over the table until it covers the target",
            "move the cube to the green square without lifting it",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """Behind the block, down with closed fingers, and straight to the target."""
        block, target = self._block[env_id], self._target[env_id]
        push = (target - block)[:2]
        push /= np.linalg.norm(push)
        # The fingers close across the push: side by side they are its broad face.
        quat = tip_down(math.atan2(push[1], push[0]))
        behind = block[:2] - PUSH_START * push
        above = np.array([*behind, HOVER_HEIGHT])
        below = np.array([*behind, PUSH_HEIGHT])
        end = np.array([*target[:2], PUSH_HEIGHT])
        return (
            Waypoint(position=above, quat_xyzw=quat, path="free", gripper="close"),
            Waypoint(position=below, quat_xyzw=quat),
            Waypoint(position=end, quat_xyzw=quat, speed=0.2),
        )


def _turned(
    x: float, y: float, yaw: float, right: float, ahead: float
) -> tuple[float, float]:
    """A point of the task's frame, which stands at x, y and is turned by yaw."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    return x + cos * right - sin * ahead, y + sin * right + cos * ahead
