"""Closing on a graspable object attaches it, opening releases it."""

from typing import Any

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.tasks.base import FloatArray, Task
from steering import steer

DOWN = np.array([0.0, 1.0, 0.0, 0.0])
CLOSE = np.array([[0.0] * 7 + [-1.0]], np.float32)
OPEN = np.array([[0.0] * 7 + [1.0]], np.float32)


class LiftBlock(Task):
    """A block on the table, for these tests only."""

    name = "lift_block"
    summary = "Lift the block."
    variation_count = 1
    low_dim_size = 3
    low_dim_layout = "block position (3) [m]"
    episode_length = 1000
    graspable = ("block",)

    def build(self, spec: mujoco.MjSpec) -> None:
        block = spec.worldbody.add_body(name="block", pos=(0.25, 0.1, 0.775))
        block.add_freejoint()
        block.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.025, 0.025, 0.025), mass=0.1
        )

    def views(self, scene: Scene) -> None:
        self.position = scene.body_position("block")
        self.grasped = scene.grasped("block")

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        placement.set_pose("block", (0.25, rng.uniform(0.05, 0.15), 0.775))

    def success(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.position), bool)

    def potential(self) -> FloatArray:
        return self.position[:, 2].copy()

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        out[...] = self.position

    def descriptions(self, variation: int) -> tuple[str, ...]:
        return ("lift the block",)


def _facts() -> type[Task]:
    return LiftBlock


def _make(**options: Any) -> tuple[BatchEnv, LiftBlock]:
    config = make_config("lift_block", **options)
    task = LiftBlock()
    env = BatchEnv(BuiltinEngine(config, task, 1), _facts(), config)
    env.reset(seed=[0])
    return env, task


def _reach_block(env: BatchEnv, task: LiftBlock) -> None:
    block = task.position[0].copy()
    steer(env, block + [0, 0, 0.1], DOWN, gripper_open=True, steps=100)
    steer(env, block, DOWN, gripper_open=True, steps=60, speed=0.2)


def test_a_closing_gripper_attaches_lifts_and_releases_the_block() -> None:
    env, task = _make()
    _reach_block(env, task)
    assert task.grasped[0] == 0
    for _ in range(6):
        env.step(CLOSE)
    assert task.grasped[0] == 1
    touch = env.observations[0, -9:-3]
    assert np.abs(touch).max() > 1.0
    lifted = task.position[0] + [0, 0, 0.2]
    steer(env, lifted, DOWN, gripper_open=False, steps=100)
    assert task.position[0, 2] > 0.95
    for _ in range(20):
        env.step(OPEN)
    assert task.grasped[0] == 0
    assert task.position[0, 2] < 0.80


def test_a_block_held_beside_the_fingers_is_not_attached() -> None:
    env, task = _make()
    block = task.position[0].copy()
    steer(env, block + [0, 0, 0.15], DOWN, gripper_open=True, steps=100)
    for _ in range(8):
        env.step(CLOSE)
    assert task.grasped[0] == 0


def test_a_carried_block_replays_from_a_saved_state() -> None:
    env, task = _make()
    _reach_block(env, task)
    for _ in range(6):
        env.step(CLOSE)
    state = env.get_state(0)
    actions = np.random.default_rng(0).uniform(-0.3, 0.3, (30, 1, 8))
    actions[:, :, 7] = -1
    actions = actions.astype(np.float32)
    expected = [env.step(action)[0].tobytes() for action in actions]
    assert task.grasped[0] == 1
    other, other_task = _make()
    other.set_state(0, state)
    assert other_task.grasped[0] == 1
    assert [other.step(action)[0].tobytes() for action in actions] == expected


def test_reset_lets_go() -> None:
    env, task = _make()
    _reach_block(env, task)
    for _ in range(6):
        env.step(CLOSE)
    env.reset(seed=[1])
    assert task.grasped[0] == 0


@pytest.mark.parametrize("mode", ["joint_position"])
def test_the_gripper_mode_joint_position_attaches_nothing(mode: str) -> None:
    env, task = _make(gripper_action_mode=mode)
    _reach_block(env, task)
    for _ in range(10):
        env.step(CLOSE)
    assert task.grasped[0] == 0
