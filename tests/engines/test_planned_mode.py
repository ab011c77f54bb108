"""``ee_pose_planning``: straight where the arm can, around what is in the way."""

import itertools
import sys
from typing import Any

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.clearance import Clearance, between
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.inverse_kinematics import InverseKinematics
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.planning import PathPlanner
from rlbench_puffer.engines.builtin.rrt_connect import connect
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import MissingDependencyError
from rlbench_puffer.tasks.base import FloatArray, Task

DOWN = [0.0, 1.0, 0.0, 0.0]
LEFT = np.array([0.3, 0.22, 0.92, *DOWN])
RIGHT = np.array([0.3, -0.22, 0.92, *DOWN])


class Wall(Task):
    """A wall between left and right, for these tests only."""

    name = "wall"
    summary = "Get around the wall."
    variation_count = 1
    low_dim_size = 1
    low_dim_layout = "nothing (1)"
    episode_length = 100
    graspable = ()

    def build(self, spec: mujoco.MjSpec) -> None:
        wall = spec.worldbody.add_body(name="wall", pos=(0.35, 0.0, 0.925))
        wall.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.25, 0.02, 0.175))

    def views(self, scene: Scene) -> None:
        self._count = scene.num_envs

    def reset(
        self, placement: Placement, rng: np.random.Generator, variation: int
    ) -> None:
        """Nothing moves."""

    def success(self) -> NDArray[np.bool_]:
        return np.zeros(self._count, bool)

    def potential(self) -> FloatArray:
        return np.zeros(self._count)

    def low_dim_state(self, out: NDArray[np.float32]) -> None:
        out[...] = 0.0

    def descriptions(self, variation: int) -> tuple[str, ...]:
        return ("get around the wall",)


def _facts() -> type[Task]:
    return Wall


def _make(seed: int = 0, **options: Any) -> tuple[BatchEnv, BuiltinEngine]:
    config = make_config(
        "reach_target",
        arm_action_mode="ee_pose_planning",
        normalize_actions=False,
        **options,
    )
    engine = BuiltinEngine(config, Wall(), 1)
    env = BatchEnv(engine, _facts(), config)
    env.reset(seed=[seed])
    return env, engine


def _tip(engine: BuiltinEngine) -> FloatArray:
    arm = ArmKinematics(engine.scene.model)
    return arm.tip_pose(engine.scene.batch.bind("qpos")[0, :7])


def _send(env: BatchEnv, pose: FloatArray) -> list[dict[str, Any]]:
    return env.step(np.append(pose, 1.0).astype(np.float32)[None])[4]


def _penetrates(engine: BuiltinEngine, way: FloatArray) -> bool:
    """Whether the arm is in the wall, or in anything, somewhere along a way."""
    model = engine.scene.model
    data = mujoco.MjData(model)
    data.qpos[:] = engine.scene.batch.bind("qpos")[0]
    for posture in way:
        data.qpos[:7] = posture
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        if data.ncon:
            return True
    return False


@pytest.fixture(scope="module")
def engine() -> BuiltinEngine:
    """With the arm standing left of the wall."""
    env, engine = _make()
    assert not _send(env, LEFT)
    return engine


def _planner(engine: BuiltinEngine, *, checked: bool) -> PathPlanner:
    inverse = InverseKinematics(ArmKinematics(engine.scene.model))
    return PathPlanner(engine.scene, (), inverse, collision_checking=checked)


def _posture(engine: BuiltinEngine) -> FloatArray:
    return engine.scene.batch.bind("qpos")[0, :7].copy()


def test_without_checking_the_tip_goes_straight(engine: BuiltinEngine) -> None:
    start = _posture(engine)
    way = _planner(engine, checked=False).plan(0, start, RIGHT, 1)
    assert way is not None
    tips = ArmKinematics(engine.scene.model).tip_pose(way)
    np.testing.assert_allclose(tips[-1, :3], RIGHT[:3], atol=1e-3)
    assert np.ptp(tips[:, 0]) < 0.02
    assert np.ptp(tips[:, 2]) < 0.02


def test_with_checking_the_arm_goes_around_and_touches_nothing(
    engine: BuiltinEngine,
) -> None:
    start = _posture(engine)
    way = _planner(engine, checked=True).plan(0, start, RIGHT, 1)
    assert way is not None
    assert not _penetrates(engine, way)
    line = _planner(engine, checked=False).plan(0, start, RIGHT, 1)
    assert line is not None
    assert _penetrates(engine, line)
    assert np.all(way >= limits.JOINT_LOWER)
    assert np.all(way <= limits.JOINT_UPPER)
    tips = ArmKinematics(engine.scene.model).tip_pose(way)
    np.testing.assert_allclose(tips[-1, :3], RIGHT[:3], atol=1e-3)
    assert np.abs(np.diff(way, axis=0)).max() < limits.JOINT_VELOCITY_LIMIT[0] * 0.05


def test_rrt_connect_finds_a_way_over_the_wall_that_its_seed_decides(
    engine: BuiltinEngine,
) -> None:
    start = _posture(engine)
    inverse = InverseKinematics(ArmKinematics(engine.scene.model))
    (goal,), reached = inverse.solve(start[None], RIGHT)
    assert reached.all()
    clearance = Clearance(engine.scene, ())
    clearance.take(0)
    assert not clearance.is_free(between(start, goal))
    box = (limits.JOINT_LOWER, limits.JOINT_UPPER)
    ways = []
    for seed in (1, 2, 1):
        corners = connect(
            start, goal, box, lambda posture: clearance.is_free(posture[None]), seed
        )
        assert corners is not None
        np.testing.assert_allclose(corners[[0, -1]], [start, goal])
        legs = [between(a, b) for a, b in itertools.pairwise(corners)]
        assert not _penetrates(engine, np.vstack(legs))
        ways.append(corners.tobytes())
    assert ways[0] == ways[2] != ways[1]


def test_a_checked_action_arrives_and_an_unchecked_one_meets_the_wall() -> None:
    ends = {}
    for checked in (True, False):
        env, engine = _make(collision_checking=checked)
        assert not _send(env, LEFT)
        assert not _send(env, RIGHT)
        ends[checked] = _tip(engine)[:3]
    assert np.linalg.norm(ends[True] - RIGHT[:3]) < 0.015
    assert np.linalg.norm(ends[False] - RIGHT[:3]) > 0.15


def test_trajectories_repeat_and_go_on_from_a_saved_state() -> None:
    told = []
    env, _ = _make(seed=3, collision_checking=True)
    _send(env, LEFT)
    state = env.get_state(0)
    other, _ = _make(seed=4, collision_checking=True)
    other.set_state(0, state)
    repeated, _ = _make(seed=3, collision_checking=True)
    _send(repeated, LEFT)
    for one in (env, other, repeated):
        _send(one, RIGHT)
        told.append(one.observations.tobytes())
    assert told[0] == told[1] == told[2]


def test_a_pose_inside_a_thing_is_invalid_only_if_checked() -> None:
    inside = np.array([0.35, 0.0, 0.95, *DOWN])
    env, _ = _make(collision_checking=True)
    (info,) = _send(env, inside)
    assert (
        "No path of the arm takes the tip to position (0.350, 0.000, 0.950)"
        in (info["invalid_action"])
    )
    env, _ = _make()
    assert not _send(env, inside)


def test_the_arm_stops_on_its_way_when_the_task_is_done() -> None:
    config = make_config(
        "reach_target", arm_action_mode="ee_pose_planning", normalize_actions=False
    )
    env = make_batch_env(config, 1)
    engine = env.engine
    assert isinstance(engine, BuiltinEngine)
    target = engine.scene.body_position("target")[0]
    beyond = np.zeros(3)
    for seed in range(20):
        env.reset(seed=[seed])
        away = target - _tip(engine)[:3]
        beyond = target + 0.1 * away / np.linalg.norm(away)
        if beyond[2] > 0.8 and beyond[0] < 0.4:
            break
    action = np.array([*beyond, *DOWN, 1.0], np.float32)[None]
    _, rewards, terminals, _, infos = env.step(action)
    assert terminals[0]
    assert rewards[0] == 1.0
    assert infos[0]["success"]
    assert np.linalg.norm(_tip(engine)[:3] - beyond) > 0.05


def test_rrt_connect_is_quiet_and_gives_up_where_nothing_leads(
    capfd: pytest.CaptureFixture[str],
) -> None:
    start, goal = np.full(7, -1.0), np.full(7, 1.0)
    box = (np.full(7, -2.0), np.full(7, 2.0))
    for seed in (1, 2):
        path = connect(start, goal, box, lambda q: abs(q[0]) > 0.2 or q[1] > 1.0, seed)
        assert path is not None
        np.testing.assert_array_equal(path[[0, -1]], [start, goal])
    assert connect(start, goal, box, lambda q: abs(q[0]) > 0.2, 1) is None
    assert capfd.readouterr() == ("", "")


def test_checking_without_ompl_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ompl", None)
    with pytest.raises(MissingDependencyError, match=r"uv sync --extra planning"):
        make_config(
            "reach_target", arm_action_mode="ee_pose_planning", collision_checking=True
        )
    # What plans nothing needs nothing.
    make_config("reach_target", arm_action_mode="ee_pose_planning")
