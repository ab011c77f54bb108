"""Mass and inertia of a solid that is bounded by triangles."""

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrep_mujoco.scene.frames import FloatArray, Frame, frame, matrix


class MassProperties(NamedTuple):
    """Of a solid with a density."""

    mass: float
    """[kg]."""
    place: Frame
    """Its centre of mass and principal axes."""
    inertia_per_mass: tuple[float, float, float]
    """Principal moments divided by the mass [m^2]."""


def of_solid(
    vertices: ArrayLike, triangles: ArrayLike, density: float
) -> MassProperties:
    """By the integrals over the tetrahedra between the origin and each triangle.

    Args:
      vertices: (n, 3) [m].
      triangles: (m, 3) indices, counter-clockwise seen from outside.
      density: [kg/m^3].
    """
    corners = np.asarray(vertices, np.float64)[np.asarray(triangles)]
    volumes = np.linalg.det(corners) / 6
    volume = volumes.sum()
    if abs(volume) < 1e-15:
        # A surface without volume: its box stands for it, as thin as it is.
        middle = (corners.min(axis=(0, 1)) + corners.max(axis=(0, 1))) / 2
        return MassProperties(0.0, frame(middle, (1, 0, 0, 0)), (0.0, 0.0, 0.0))
    centre = (volumes[:, None] * corners.sum(axis=1)).sum(axis=0) / 4 / volume
    sums = corners.sum(axis=1)
    # The second moments of a tetrahedron with one corner at the origin.
    second = np.einsum("n,nci,ncj->ij", volumes, corners, corners)
    second += np.einsum("n,ni,nj->ij", volumes, sums, sums)
    covariance = second / 20 / volume - np.outer(centre, centre)
    inertia = np.trace(covariance) * np.eye(3) - covariance
    return MassProperties(density * abs(volume), *principal(inertia, centre))


def principal(
    inertia: NDArray, centre: ArrayLike
) -> tuple[Frame, tuple[float, float, float]]:
    """The principal axes at a centre of mass, and the moments about them."""
    moments, axes = np.linalg.eigh(inertia)
    axes[:, 0] *= np.linalg.det(axes)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, axes.reshape(-1))
    x, y, z = np.maximum(moments, 0.0).tolist()
    return frame(np.asarray(centre).tolist(), quat.tolist()), (x, y, z)


def tensor(
    place: Frame, moments: tuple[float, float, float], about: ArrayLike
) -> FloatArray:
    """Inertia per mass about a point, along the axes that ``place`` is in; (3, 3)."""
    axes = matrix(place)
    away = np.asarray(place.position) - np.asarray(about, np.float64)
    return (
        axes @ np.diag(moments) @ axes.T
        + (away @ away * np.eye(3))
        - np.outer(away, away)
    )
