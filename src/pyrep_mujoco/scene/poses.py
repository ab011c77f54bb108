"""Poses as matrices: their turns as vectors, and what lies between two of them."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_HALF_TURN = -0.99
"""Cosine of the angle beyond which a rotation's axis is read from its symmetric part:
at a half turn the skew part of its matrix vanishes."""


def between(first: FloatArray, second: FloatArray, shares: FloatArray) -> FloatArray:
    """Poses on the straight way from one to another, the shorter way round.

    Args:
      first: (4, 4), or (n, 4, 4).
      second: likewise.
      shares: (n,) of the way, 0 for the first.

    Returns:
      (n, 4, 4).
    """
    start, end = first[..., :3, :3], second[..., :3, :3]
    turn = rotation_vectors((end @ start.swapaxes(-1, -2)).reshape(-1, 3, 3))
    poses = np.zeros((len(shares), 4, 4))
    poses[:, :3, :3] = rotations(shares[:, None] * turn) @ start
    way = second[..., :3, 3] - first[..., :3, 3]
    poses[:, :3, 3] = first[..., :3, 3] + shares[:, None] * way
    poses[:, 3, 3] = 1.0
    return poses


def rotations(vectors: FloatArray) -> FloatArray:
    """Matrices (n, 3, 3) of rotation vectors (n, 3) [rad]: Rodrigues' formula."""
    angles = np.linalg.norm(vectors, axis=1)
    axes = vectors / np.where(angles > 0, angles, 1.0)[:, None]
    cross = np.zeros((len(vectors), 3, 3))
    cross[:, 2, 1], cross[:, 0, 2], cross[:, 1, 0] = axes.T
    cross -= cross.transpose(0, 2, 1).copy()
    sine, cosine = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)


def rotation_vectors(matrices: FloatArray) -> FloatArray:
    """Rotation vectors (n, 3) [rad] of rotation matrices (n, 3, 3)."""
    m = matrices
    skew = np.empty((len(m), 3))
    skew[:, 0] = m[:, 2, 1] - m[:, 1, 2]
    skew[:, 1] = m[:, 0, 2] - m[:, 2, 0]
    skew[:, 2] = m[:, 1, 0] - m[:, 0, 1]
    sine = np.sqrt(np.einsum("ij,ij->i", skew, skew)) / 2
    cosine = (m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2] - 1) / 2
    angle = np.arctan2(sine, cosine)
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)
    turns = skew * (scale / 2)[:, None]
    (far,) = (cosine < _HALF_TURN).nonzero()
    if far.size:
        turns[far] = angle[far, None] * _axes(m[far], skew[far], cosine[far])
    return turns


def _axes(matrices: FloatArray, skew: FloatArray, cosine: FloatArray) -> FloatArray:
    """Axes (n, 3) of rotations by about a half turn."""
    # The symmetric part is cos 1 + (1 - cos) a a'; the longest column of the second
    # term is along the axis.
    outer = (matrices + matrices.transpose(0, 2, 1)) / 2
    outer -= cosine[:, None, None] * np.eye(3)
    longest = np.einsum("nii->ni", outer).argmax(axis=1)
    axes = outer[np.arange(len(outer)), :, longest]
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    along = np.einsum("ij,ij->i", axes, skew)
    return axes * np.where(along < 0, -1.0, 1.0)[:, None]
