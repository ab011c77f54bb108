"""``ee_pose_planning`` takes what the gripper holds around what stands in the way."""

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.inverse_kinematics import InverseKinematics
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.panda import HAND_BODY
from rlbench_puffer.engines.builtin.planning import PathPlanner
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.poses import (
    quat_conjugate,
    quat_multiply,
    rotate,
    wxyz_to_xyzw,
    xyzw_to_wxyz,
)
from rlbench_puffer.tasks.base import FloatArray, Task

DOWN = [0.0, 1.0, 0.0, 0.0]
ROD = np.array([0.35, 0.22, 0.852])
POST = np.array([0.35, 0.0, 0.852])
HALF_LENGTH = 0.1
LEFT = np.array([0.35, 0.22, 1.02, *DOWN])
"""The fingers are 7 cm above the post's top there, the end of the rod 11 cm below."""

RIGHT = np.array([0.35, -0.22, 1.02, *DOWN])


class CarryRod(Task):
    """A rod that stands beside a post, for these tests only."""

    name = "carry_rod"
    summary = "Carry the rod past the post."
    variation_count = 1
    low_dim_size = 6
    low_dim_layout = "rod position (3) [m], post position (3) [m]"
    episode_length = 100
    graspable = ("rod",)

    def build(self, spec: mujoco.MjSpec) -> None:
        for name, place, half_width in (("rod", ROD, 0.012), ("post", POST, 0.02)):
            body = spec.worldbody.add_body(name=name, pos=place)
            body.add_freejoint()
            size = (half_width, half_width, HALF_LENGTH)
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=size, mass=0.1)

    def views(self, scene: Scene) -> None:
        self.rod, self.post = scene.body_position("rod"), scene.body_position("post")
        self.grasped = scene.grasped("rod")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Both stand where the model has them."""

    def success(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.rod), bool)

    def potential(self) -> FloatArray:
        return np.zeros(len(self.rod))

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        out[:, :3], out[:, 3:] = self.rod, self.post

    def descriptions(self, variation: int) -> tuple[str, ...]:
        return ("carry the rod past the post",)


def _facts() -> type[Task]:
    return CarryRod


def _send(env: BatchEnv, pose: FloatArray, gripper: float) -> list[dict[str, Any]]:
    return env.step(np.append(pose, gripper).astype(np.float32)[None])[4]


def _carrying() -> tuple[BatchEnv, BuiltinEngine, CarryRod]:
    """With the rod lifted, left of the post."""
    config = make_config(
        "carry_rod",
        arm_action_mode="ee_pose_planning",
        normalize_actions=False,
        collision_checking=True,
    )
    task = CarryRod()
    engine = BuiltinEngine(config, task, 1)
    env = BatchEnv(engine, _facts(), config)
    env.reset(seed=[0])
    at = np.array([*ROD[:2], 0.93, *DOWN])
    for pose, gripper in ((LEFT, 1.0), (at, 1.0), (at, 0.0), (LEFT, 0.0)):
        assert not _send(env, pose, gripper)
    assert task.grasped[0] == 1
    assert task.rod[0, 2] > 0.9
    return env, engine, task


def _rod_meets_post(engine: BuiltinEngine, way: FloatArray) -> bool:
    """Whether a rod that is one with the hand is in the post somewhere along a way."""
    model, data = engine.scene.model, mujoco.MjData(engine.scene.model)
    hand, rod, post = (
        engine.scene.id_of("body", n) for n in (HAND_BODY, "rod", "post")
    )
    geoms = [int(model.body_geomadr[body]) for body in (rod, post)]
    place = int(model.jnt_qposadr[model.body_jntadr[rod]])
    data.qpos[:] = engine.scene.batch.bind("qpos")[0]
    mujoco.mj_kinematics(model, data)
    to_hand = quat_conjugate(wxyz_to_xyzw(data.xquat[hand]))
    offset = rotate(to_hand, data.xpos[rod] - data.xpos[hand])
    turn = quat_multiply(to_hand, wxyz_to_xyzw(data.xquat[rod]))
    for posture in way:
        data.qpos[:7] = posture
        mujoco.mj_kinematics(model, data)
        hand_quat = wxyz_to_xyzw(data.xquat[hand])
        data.qpos[place : place + 3] = data.xpos[hand] + rotate(hand_quat, offset)
        data.qpos[place + 3 : place + 7] = xyzw_to_wxyz(quat_multiply(hand_quat, turn))
        mujoco.mj_kinematics(model, data)
        if mujoco.mj_geomDistance(model, data, *geoms, 0.1, None) <= 0.0:
            return True
    return False


def test_a_way_is_free_for_the_rod_in_the_hand() -> None:
    """A planner that knows of nothing graspable leaves the rod behind in thought."""
    env, engine, _ = _carrying()
    start = engine.scene.batch.bind("qpos")[0, :7].copy()
    arm = ArmKinematics(engine.scene.model)
    inverse = InverseKinematics(arm)
    ways = {}
    for graspable in ((), ("rod",)):
        planner = PathPlanner(engine.scene, graspable, inverse, collision_checking=True)
        way = planner.plan(0, start, RIGHT, 1)
        assert way is not None
        np.testing.assert_allclose(arm.tip_pose(way[-1])[:3], RIGHT[:3], atol=1e-3)
        ways[graspable] = way
    assert _rod_meets_post(engine, ways[()])
    assert not _rod_meets_post(engine, ways["rod",])
    env.close()


def test_a_held_rod_arrives_with_the_hand() -> None:
    env, _, task = _carrying()
    assert not _send(env, RIGHT, 0.0)
    assert task.grasped[0] == 1
    np.testing.assert_allclose(task.rod[0, :2], RIGHT[:2], atol=0.03)
    env.close()
