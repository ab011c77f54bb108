"""What the expert's plans promise: speeds kept, obstacles avoided, lines straight."""

import numpy as np
import pytest

from rlbench_puffer.config import CONTROL_DT, make_config
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.clearance import Clearance, between
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.timed import JOINT_SPEED, timed
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.experts.planner import Planner, Stage
from rlbench_puffer.tasks.waypoints import Waypoint

HOME = limits.HOME_JOINT_POSITIONS


def cabinet() -> tuple[BuiltinEngine, Clearance, Planner]:
    """One sub-env of open_drawer with what plans in it."""
    env = make_batch_env(make_config("open_drawer"), 1)
    env.reset(seed=0)
    engine = env.engine
    assert isinstance(engine, BuiltinEngine)
    clearance = Clearance(engine.scene, ())
    clearance.take(0)
    return engine, clearance, Planner(ArmKinematics(engine.scene.model), clearance)


def waypoint(pose: np.ndarray, **options: object) -> Waypoint:
    options = {"path": "free"} | options
    return Waypoint(position=pose[:3], quat_xyzw=pose[3:], **options)  # pyright: ignore[reportArgumentType]


def postures_of(stage: Stage | None) -> np.ndarray:
    assert stage is not None
    return np.concatenate([leg.postures for leg in stage.legs])


@pytest.mark.parametrize("length", [0.0, 0.001, 0.02, 1.5])
def test_a_timed_path_keeps_the_speeds_and_ends_where_it_should(length: float) -> None:
    env, _, _ = cabinet()
    arm = ArmKinematics(env.scene.model)
    path = HOME + np.linspace(0, length, 40)[:, None] * np.array([1, 1, 0, -1, 0, 1, 1])
    poses = arm.tip_pose(path)
    postures = timed(path, poses, 0.3)
    whole = np.concatenate([path[:1], postures])
    np.testing.assert_allclose(whole[-1], path[-1], atol=1e-12)
    speeds = np.abs(np.diff(whole, axis=0)) / CONTROL_DT
    assert (speeds <= JOINT_SPEED + 1e-9).all()
    tips = arm.tip_pose(whole)[:, :3]
    tip_speeds = np.linalg.norm(np.diff(tips, axis=0), axis=1) / CONTROL_DT
    # Between the postures given the tip moves on a slightly longer way.
    assert (tip_speeds <= 0.3 * 1.01).all()
    if length > 1:
        # It begins and ends gently, and uses the speed it may have in between.
        assert tip_speeds.max() > 0.28
        assert tip_speeds[[0, -1]].max() < 0.1


def test_the_robot_touches_the_table_below_and_nothing_at_home() -> None:
    _, clearance, _ = cabinet()
    assert not clearance.touches(HOME)
    down = HOME.copy()
    down[1] += 1.2
    assert clearance.touches(down)
    assert not clearance.is_free(between(HOME, down))


def test_a_free_way_leads_around_an_obstacle() -> None:
    """Both postures stand beside the cabinet, one on each side of it."""
    engine, clearance, planner = cabinet()
    arm = ArmKinematics(engine.scene.model)
    left, right = HOME.copy(), HOME.copy()
    left[[0, 1, 3]] = [0.9, 0.75, -1.2]
    right[[0, 1, 3]] = [-1.0, 0.75, -1.2]
    assert clearance.is_free(np.stack([left, right]))
    assert not clearance.is_free(between(left, right))
    stage = planner.plan(left, [waypoint(arm.tip_pose(right))], None)
    assert clearance.is_free(postures_of(stage))


def test_a_line_is_straight_and_its_end_exact() -> None:
    engine, _, planner = cabinet()
    arm = ArmKinematics(engine.scene.model)
    begin = arm.tip_pose(HOME)
    end = begin.copy()
    end[:3] += [0.05, 0.1, -0.1]
    stage = planner.plan(HOME, [waypoint(end, path="line", speed=0.2)], False)
    tips = arm.tip_pose(postures_of(stage))
    np.testing.assert_allclose(tips[-1], end, atol=1e-3)
    direction = (end - begin)[:3] / np.linalg.norm((end - begin)[:3])
    offset = tips[:, :3] - begin[:3]
    aside = offset - (offset @ direction)[:, None] * direction
    assert np.abs(aside).max() < 0.002


def test_no_way_leads_to_what_is_out_of_reach() -> None:
    _, _, planner = cabinet()
    far = np.array([2.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
    assert planner.plan(HOME, [waypoint(far)], None) is None
    assert planner.plan(HOME, [waypoint(far, path="line")], None) is None
