"""The arm's kinematics equal those of the compiled model, for any number of rows."""

import mujoco
import numpy as np
import pytest

from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene_spec import base_scene
from rlbench_puffer.poses import quat_from_matrix


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return base_scene().compile()


@pytest.fixture(scope="module")
def arm(model: mujoco.MjModel) -> ArmKinematics:
    return ArmKinematics(model)


def _configurations(arm: ArmKinematics, count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(arm.lower, arm.upper, (count, 7))


def test_tip_and_jacobian_are_the_models_to_1e_9(
    model: mujoco.MjModel, arm: ArmKinematics
) -> None:
    data = mujoco.MjData(model)
    site = model.site(TIP_SITE).id
    linear, angular = np.empty((3, model.nv)), np.empty((3, model.nv))
    configurations = _configurations(arm, 200)
    positions, rotations, jacobians = arm.tip_and_jacobian(configurations)
    poses = arm.tip_pose(configurations)
    for row, configuration in enumerate(configurations):
        data.qpos[:7] = configuration
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_jacSite(model, data, linear, angular, site)
        matrix = data.site_xmat[site].reshape(3, 3)
        np.testing.assert_allclose(positions[row], data.site_xpos[site], atol=1e-9)
        np.testing.assert_allclose(rotations[row], matrix, atol=1e-9)
        expected = np.concatenate([linear[:, :7], angular[:, :7]])
        np.testing.assert_allclose(jacobians[row], expected, atol=1e-9)
        np.testing.assert_allclose(poses[row, :3], positions[row], atol=1e-12)
        np.testing.assert_allclose(poses[row, 3:], quat_from_matrix(matrix), atol=1e-9)


def test_a_row_does_not_know_its_neighbours(arm: ArmKinematics) -> None:
    configurations = _configurations(arm, 17)
    together = arm.tip_and_jacobian(configurations)
    for row in range(17):
        alone = arm.tip_and_jacobian(configurations[row : row + 1])
        for whole, single in zip(together, alone, strict=True):
            assert whole[row].tobytes() == single[0].tobytes()


def test_leading_axes_are_kept(arm: ArmKinematics) -> None:
    configurations = _configurations(arm, 6).reshape(2, 3, 7)
    poses = arm.tip_pose(configurations)
    assert poses.shape == (2, 3, 7)
    np.testing.assert_array_equal(poses[1, 2], arm.tip_pose(configurations[1, 2]))
