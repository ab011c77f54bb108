"""``sweep_to_dustpan``: take the broom and sweep the dirt into the dustpan.

Offsets are given in the task's own frame: it stands on the table's top, the sweep
goes along its -y, and x and y are turned with the task about z.
"""

import math
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import (
    RESTING_DEPTH,
    TABLE_TOP,
    WORKSPACE_CENTER,
)
from rlbench_puffer.poses import (
    quat_from_euler_z,
    quat_from_matrix,
    quat_multiply,
    rotate,
    wxyz_to_xyzw,
)
from rlbench_puffer.tasks.base import FloatArray, Task
from rlbench_puffer.tasks.waypoints import Waypoint

DIRT_OFFSETS = ((0.05, -0.05), (0.025, 0.0), (0.0, -0.05), (0.05, 0.0), (0.0, -0.075))
"""Of the five pieces [m], measured in RLBench 1.2.0."""

DIRT_RADIUS = 0.005
"""[m]; RLBench's pieces are cubes of 1 cm."""

DIRT_MASS = 0.001
"""[kg]. RLBench's 0.5 mg would be a millionth of the broom's mass, which no contact
solver likes."""

DIRT_DEPTH = 3.67e-4
"""How deep a piece lies in the table at rest [m], on its one soft contact."""

DIRT_DAMPING = 5e-4
"""Of a piece's six degrees of freedom [N s/m, N m s/rad]: next to nothing on its way
through the air, but so much against its rolling that it slides, as a cube does."""

VOLUME_OFFSET = (0.0, -0.3, 0.0)
"""Of the middle of the detection volume's floor [m], measured in RLBench 1.2.0."""

VOLUME_HALF_SIZE = (0.125, 0.075)
"""Of the detection volume in x and y [m], measured in RLBench 1.2.0."""

VOLUME_HEIGHT = 0.05
"""[m], measured in RLBench 1.2.0."""

BROOM_OFFSET = (-0.17, 0.11)
"""Of the broom's head [m], near RLBench's."""

BROOM_MASS = 0.445
"""[kg], measured in RLBench 1.2.0. All of it is in the head here: the broom stands by
itself, and does not sink in askew where contacts are soft."""

HEAD_HALF_SIZE = (0.10, 0.025, 0.03)
"""Half the size of the broom's head [m]; RLBench's is 0.13 x 0.025 m."""

HANDLE_LENGTH = 0.58
"""[m]; the broom is 0.56 m high, RLBench's 0.65 m."""

HANDLE_RADIUS = 0.011
"""[m], our own."""

HANDLE_LEAN = math.radians(30.0)
"""Of the handle from the vertical, away from the sweep; RLBench's leans by 24 deg."""

GRIP_HEIGHT = 0.26
"""Of the place on the handle to hold it by [m]; the broom's frame is there."""

GRIP_OFFSET = (GRIP_HEIGHT - 2 * HEAD_HALF_SIZE[2]) * math.tan(HANDLE_LEAN)
"""Of that place from the head's middle, in y [m]."""

HOLDER_OFFSET = (-0.17, 0.35)
"""Of the post that the broom leans towards [m], near RLBench's."""

ALONG_RANGE = (0.05, 0.14)
"""The task stands this far from the workspace's middle in x, on the side where its
broom is nearer to that middle [m] (recorded in RLBench: 0.052 to 0.133)."""

ACROSS = 0.02
"""And within plus and minus this in y [m] (recorded: 0.009)."""

MAX_YAW = math.radians(5.0)
"""It sweeps along -y or +y, turned within plus and minus this (recorded: 2 deg)."""

POTENTIAL_PER_METER = 10.0
"""Shaped reward for bringing the tip one metre nearer to the grip of the broom."""

POTENTIAL_GRASPED = 5.0
"""Shaped reward for grasping the broom; letting go costs as much."""

POTENTIAL_DIRT_PER_METER = 20.0
"""Shaped reward for bringing a piece of dirt one metre nearer to the volume."""

APPROACH = 0.12
"""How far before the grip the expert begins its straight way [m]."""

TIP_LEAN = math.radians(25.0)
"""Of the expert's hand from the vertical, towards the sweep; RLBench's: 20 deg. Its
palm stays 55 deg off the handle."""

SWEEP_X = 0.0125
"""Where the middle of the head passes, in x [m]."""

SWEEP_END = -0.225
"""Where the middle of the head ends, in y [m]: its front is 2.5 cm in the volume."""

_DIRT = tuple(f"dirt{i}" for i in range(len(DIRT_OFFSETS)))
_POSED = ("broom", *_DIRT, "dustpan")
_WOOD = (0.72, 0.52, 0.30, 1.0)
_BRISTLES = (0.90, 0.82, 0.55, 1.0)
_DIRT_COLOR = (0.22, 0.14, 0.08, 1.0)
_PAN = (0.20, 0.42, 0.68, 1.0)
_POST = (0.45, 0.47, 0.50, 1.0)
_BOX = mujoco.mjtGeom.mjGEOM_BOX
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE


class SweepToDustpan(Task):
    """A broom before its post, five pieces of dirt, a dustpan; all in one line.

    Potential: minus ``POTENTIAL_PER_METER`` times the tip's distance to the grip, plus
    ``POTENTIAL_GRASPED`` while the broom is grasped, minus
    ``POTENTIAL_DIRT_PER_METER`` times the sum of the pieces' distances to the volume.
    """

    name = "sweep_to_dustpan"
    summary = "Take the broom and sweep the five pieces of dirt into the dustpan."
    variation_count = 1
    low_dim_size = 7 * len(_POSED)
    low_dim_layout = (
        "poses xyzw of the broom, at its grip (7), of the five pieces of dirt (35) and "
        "of the dustpan, at the middle of its floor (7) [m]"
    )
    episode_length = 250
    graspable = ("broom",)

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the broom, the dirt, the dustpan and the post."""
        _add_broom(spec)
        for name in _DIRT:
            dirt = spec.worldbody.add_body(name=name, pos=WORKSPACE_CENTER)
            dirt.add_joint(
                name=name, type=mujoco.mjtJoint.mjJNT_FREE, damping=DIRT_DAMPING
            )
            dirt.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=(DIRT_RADIUS, 0, 0),
                mass=DIRT_MASS,
                rgba=_DIRT_COLOR,
            )
        _add_dustpan(spec)
        _add_post(spec)

    def views(self, scene: Scene) -> None:
        """Keep the tip and what the low-dimensional state tells of."""
        self._tip = scene.site_position(TIP_SITE)
        self._grasped = scene.grasped("broom")
        # They follow each other in the model, so that slices are views.
        first, last = scene.id_of("body", _POSED[0]), scene.id_of("body", _POSED[-1])
        self._positions = scene.batch.bind("xpos")[:, first : last + 1]
        self._quats_wxyz = scene.batch.bind("xquat")[:, first : last + 1]
        self._dirt = self._positions[:, 1:-1]
        self._pan = self._positions[:, -1]
        self._pan_matrix = scene.body_matrix("dustpan")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Stand everything along y, the dustpan left or right of the robot."""
        side = rng.choice((-1.0, 1.0))
        yaw = rng.uniform(-MAX_YAW, MAX_YAW) + (0.0 if side > 0 else math.pi)
        quat = quat_from_euler_z(yaw)
        origin = np.array(
            [
                WORKSPACE_CENTER[0] + side * rng.uniform(*ALONG_RANGE),
                WORKSPACE_CENTER[1] + rng.uniform(-ACROSS, ACROSS),
                TABLE_TOP,
            ]
        )
        height = DIRT_RADIUS - DIRT_DEPTH
        x, y = BROOM_OFFSET
        offsets = {
            "broom": (x, y + GRIP_OFFSET, GRIP_HEIGHT - RESTING_DEPTH),
            "dustpan": VOLUME_OFFSET,
            "post": (*HOLDER_OFFSET, 0.0),
        }
        for name, offset in zip(_DIRT, DIRT_OFFSETS, strict=True):
            offsets[name] = (*offset, height)
        positions = origin + rotate(quat, list(offsets.values()))
        for name, position in zip(offsets, positions, strict=True):
            placement.set_pose(name, position, quat)

    def success(self) -> NDArray[np.bool_]:
        """The middle of each piece of dirt is in the dustpan's volume."""
        return (self._dirt_outside() == 0).all(axis=(1, 2))

    def potential(self) -> FloatArray:
        """See the class."""
        to_grip = np.linalg.norm(self._tip - self._positions[:, 0], axis=1)
        to_pan = np.linalg.norm(self._dirt_outside(), axis=2).sum(axis=1)
        return (
            POTENTIAL_GRASPED * self._grasped
            - POTENTIAL_PER_METER * to_grip
            - POTENTIAL_DIRT_PER_METER * to_pan
        )

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        """See ``low_dim_layout``."""
        poses = out.reshape(len(out), len(_POSED), 7)
        poses[..., :3] = self._positions
        poses[..., 3:] = wxyz_to_xyzw(self._quats_wxyz)
        out[...] = poses.reshape(out.shape)

    def descriptions(self, variation: int) -> tuple[str, ...]:
        """There is one goal only."""
        del variation
        return (
            "take the broom and sweep all of the dirt into the dustpan",
            "brush the crumbs off the table into the blue pan",
            "hold the broom by its stick and push the dirt into the dustpan",
        )

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        """To the grip from above, in line with the dirt, and along into the pan."""
        broom_quat = wxyz_to_xyzw(self._quats_wxyz[env_id, 0])
        pan_quat = wxyz_to_xyzw(self._quats_wxyz[env_id, -1])
        grip, pan = self._positions[env_id, 0].copy(), self._pan[env_id]
        cos, sin = math.cos(TIP_LEAN), math.sin(TIP_LEAN)
        # Columns: the tip's axes in the broom's frame.
        lean = np.array([[0.0, 1.0, 0.0], [cos, 0.0, sin], [sin, 0.0, -cos]])
        quat = quat_multiply(broom_quat, quat_from_matrix(lean))
        before = grip - APPROACH * rotate(quat, [0.0, 0.0, 1.0])
        end = pan + rotate(
            pan_quat,
            [
                SWEEP_X - VOLUME_OFFSET[0],
                SWEEP_END + GRIP_OFFSET - VOLUME_OFFSET[1],
                grip[2] - pan[2],
            ],
        )
        back = rotate(pan_quat, [0.0, 1.0, 0.0])
        start = end + back * np.dot(grip - end, back)
        return (
            Waypoint(position=before, quat_xyzw=quat, path="free"),
            Waypoint(position=grip, quat_xyzw=quat, speed=0.2, gripper="close"),
            Waypoint(position=start, quat_xyzw=quat, speed=0.2),
            Waypoint(position=end, quat_xyzw=quat, speed=0.2),
        )

    def _dirt_outside(self) -> FloatArray:
        """How far each piece is outside of the volume along its axes, (n, 5, 3) [m]."""
        offset = self._dirt - self._pan[:, None]
        in_pan = np.einsum("nij,nki->nkj", self._pan_matrix, offset)
        half = np.array([*VOLUME_HALF_SIZE, VOLUME_HEIGHT / 2])
        in_pan[..., 2] -= VOLUME_HEIGHT / 2
        return np.maximum(np.abs(in_pan) - half, 0.0)


def _add_broom(spec: mujoco.MjSpec) -> None:
    """A head that stands on its bristles, and a leaning handle."""
    half_x, half_y, half_z = HEAD_HALF_SIZE
    broom = spec.worldbody.add_body(name="broom", pos=WORKSPACE_CENTER)
    broom.add_freejoint(name="broom")
    head = np.array([0.0, -GRIP_OFFSET, -GRIP_HEIGHT])
    broom.add_geom(
        name="bristles",
        type=_BOX,
        pos=head + [0, 0, half_z],
        size=HEAD_HALF_SIZE,
        mass=BROOM_MASS,
        rgba=_BRISTLES,
        # Bristles glide over the table.
        priority=1,
        friction=(0.3, 0.005, 0.0001),
    )
    broom.add_geom(
        type=_BOX,
        pos=head + [0, 0, 2 * half_z - 0.008],
        size=(half_x + 0.003, half_y + 0.003, 0.01),
        mass=0.0,
        rgba=_WOOD,
        contype=0,
        conaffinity=0,
    )
    foot = head + [0, 0, 2 * half_z]
    along = np.array([0.0, math.sin(HANDLE_LEAN), math.cos(HANDLE_LEAN)])
    broom.add_geom(
        name="handle",
        type=_CAPSULE,
        fromto=[*foot, *(foot + HANDLE_LENGTH * along)],
        size=(HANDLE_RADIUS, 0, 0),
        mass=0.0,
        rgba=_WOOD,
    )


def _add_dustpan(spec: mujoco.MjSpec) -> None:
    """A pan without a sill: its floor is a thin sheet that nothing touches."""
    half_x, half_y = VOLUME_HALF_SIZE
    pan = spec.worldbody.add_body(name="dustpan", pos=WORKSPACE_CENTER)
    pan.add_geom(
        type=_BOX,
        pos=(0, 0, 0.0004),
        size=(half_x + 0.005, half_y + 0.005, 0.0004),
        rgba=_PAN,
        contype=0,
        conaffinity=0,
    )
    wall = 0.004
    back = -half_y - wall
    walls: tuple[tuple[Sequence[float], Sequence[float]], ...] = (
        ((0, back, 0.03), (half_x + 2 * wall, wall, 0.03)),
        ((half_x + wall, -0.008, 0.02), (wall, half_y - 0.008, 0.02)),
        ((-half_x - wall, -0.008, 0.02), (wall, half_y - 0.008, 0.02)),
    )
    for position, size in walls:
        pan.add_geom(type=_BOX, pos=position, size=size, rgba=_PAN)
    pan.add_geom(
        type=_CAPSULE,
        fromto=(0, back, 0.05, 0, back - 0.03, 0.28),
        size=(0.012, 0, 0),
        rgba=_PAN,
    )


def _add_post(spec: mujoco.MjSpec) -> None:
    """A post with a bar that the handle all but touches."""
    post = spec.worldbody.add_body(name="post", pos=WORKSPACE_CENTER)
    post.add_geom(type=_BOX, pos=(0, 0, 0.008), size=(0.05, 0.05, 0.008), rgba=_POST)
    post.add_geom(type=_BOX, pos=(0, 0, 0.2), size=(0.018, 0.018, 0.2), rgba=_POST)
    post.add_geom(
        type=_CAPSULE,
        fromto=(-0.05, -0.025, 0.385, 0.05, -0.025, 0.385),
        size=(0.007, 0, 0),
        rgba=_POST,
    )
