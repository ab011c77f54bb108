"""Turns as vectors and back, and poses between poses."""

import numpy as np

from pyrep_mujoco.scene.poses import between, rotation_vectors, rotations


def test_a_turn_becomes_a_vector_and_back_up_to_the_half_turn() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= rng.uniform(0, np.pi - 1e-6, (500, 1))
    vectors[0], vectors[1] = 0.0, (np.pi - 1e-9, 0.0, 0.0)
    np.testing.assert_allclose(rotation_vectors(rotations(vectors)), vectors, atol=1e-7)


def test_between_two_poses_lies_a_straight_and_even_way() -> None:
    first, second = np.eye(4), np.eye(4)
    second[:3, :3] = rotations(np.array([[0.0, 0.0, 2.0]]))[0]
    second[:3, 3] = 1.0, 2.0, 3.0
    poses = between(first, second, np.linspace(0, 1, 5))
    np.testing.assert_allclose(poses[0], first)
    np.testing.assert_allclose(poses[-1], second)
    np.testing.assert_allclose(np.diff(poses[:, 0, 3]), 0.25)
    turns = rotation_vectors(poses[1:, :3, :3] @ poses[:-1, :3, :3].swapaxes(1, 2))
    np.testing.assert_allclose(turns, np.tile([0.0, 0.0, 0.5], (4, 1)), atol=1e-12)
