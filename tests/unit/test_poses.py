"""Laws of rotations, over random ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer import poses


@pytest.fixture
def quats() -> NDArray[np.float64]:
    values = np.random.default_rng(0).normal(size=(200, 4))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_orders_convert_back_and_forth(quats: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(poses.wxyz_to_xyzw(poses.xyzw_to_wxyz(quats)), quats)
    np.testing.assert_array_equal(poses.xyzw_to_wxyz([1, 2, 3, 4]), [4, 1, 2, 3])


def test_matrix_and_quaternion_are_inverse_up_to_sign(
    quats: NDArray[np.float64],
) -> None:
    back = poses.quat_from_matrix(poses.matrix_from_quat(quats))
    expected = quats * np.copysign(1.0, quats[:, 3:])
    np.testing.assert_allclose(back, expected, atol=1e-12)


@pytest.mark.parametrize("axis", range(3))
def test_half_turns_survive_the_matrix(axis: int) -> None:
    half_turn = np.eye(4)[axis]
    back = poses.quat_from_matrix(poses.matrix_from_quat(half_turn))
    np.testing.assert_allclose(np.abs(back), half_turn, atol=1e-12)


def test_product_turns_as_its_factors_one_after_the_other(
    quats: NDArray[np.float64],
) -> None:
    first, second = quats[:100], quats[100:]
    vectors = np.random.default_rng(1).normal(size=(100, 3))
    once = poses.rotate(poses.quat_multiply(first, second), vectors)
    twice = poses.rotate(first, poses.rotate(second, vectors))
    np.testing.assert_allclose(once, twice, atol=1e-12)


def test_conjugate_undoes_a_rotation(quats: NDArray[np.float64]) -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 3))
    back = poses.rotate(poses.quat_conjugate(quats), poses.rotate(quats, vectors))
    np.testing.assert_allclose(back, vectors, atol=1e-12)


def test_euler_z_turns_x_towards_y() -> None:
    turned = poses.rotate(poses.quat_from_euler_z(np.pi / 2), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(turned, [0.0, 1.0, 0.0], atol=1e-12)
