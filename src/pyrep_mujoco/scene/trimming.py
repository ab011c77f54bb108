"""Meshes as OpenGL gets them: without the triangles that nobody sees.

Robots come as open meshes, whose triangles MuJoCo needs twice to draw both sides, but
together these are closed: of the Panda's triangles nearly a half cannot be seen.
"""

import functools
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene import exposure
from pyrep_mujoco.scene.frames import FloatArray
from pyrep_mujoco.scene.looks import drawn_geoms
from pyrep_mujoco.ttm.cache import keep, recall

LEAST_TRIANGLES = 500
"""Bodies of fewer are drawn so fast that nothing is gained."""

OPAQUE = 0.995
"""What is less opaque MuJoCo draws as transparent."""

_FACES = ("mesh_face", "mesh_facenormal", "mesh_facetexcoord")

_KNOWN: dict[bytes, NDArray[np.int32]] = {}
"""Orders that were found, by the digest of all triangles of a body."""


@contextmanager
def trimmed(model: mujoco.MjModel) -> Iterator[None]:
    """Let a model's meshes be, for a while, what can be seen of them.

    What is not seen of a body alone is never seen, wherever it is. Triangles that share
    corners come close after each other, for software that draws works out a corner
    again if it was last used long ago. An OpenGL context has to be current.
    """
    faces = [getattr(model, name) for name in _FACES]
    before = [array.copy() for array in faces]
    counts = model.mesh_facenum.copy()
    for mesh, rows in _orders(model):
        first = model.mesh_faceadr[mesh]
        for array in faces:
            array[first : first + len(rows)] = array[first + rows]
        model.mesh_facenum[mesh] = len(rows)
    try:
        yield
    finally:
        for array, old in zip(faces, before, strict=True):
            array[:] = old
        model.mesh_facenum[:] = counts


def opaque(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Which materials hide what is behind them; (nmat,)."""
    return model.mat_rgba[:, 3] >= OPAQUE


def _orders(model: mujoco.MjModel) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """For each mesh worth it, which of its triangles are drawn in which order."""
    hiding = opaque(model)
    users = np.bincount(model.geom_dataid[model.geom_dataid >= 0], minlength=1)
    for body in range(model.nbody):
        geoms = [
            geom
            for geom in drawn_geoms(model, body)
            if hiding[model.geom_matid[geom]] and users[model.geom_dataid[geom]] == 1
        ]
        meshes = model.geom_dataid[geoms]
        counts = model.mesh_facenum[meshes]
        if counts.sum() < LEAST_TRIANGLES:
            continue
        order = _order(
            [_faces(model, mesh) for mesh in meshes],
            [_corners(model, geom) for geom in geoms],
        )
        ends = np.cumsum(counts)
        for mesh, end, count in zip(meshes, ends, counts, strict=True):
            of_mesh = order[(order >= end - count) & (order < end)]
            yield int(mesh), of_mesh - np.int32(end - count)


def _faces(model: mujoco.MjModel, mesh: int) -> NDArray[np.int32]:
    first, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
    return model.mesh_face[first : first + count]


def _corners(model: mujoco.MjModel, geom: int) -> FloatArray:
    """Of a drawn geom's triangles, in its body's frame; (n, 3, 3) [m]."""
    mesh = model.geom_dataid[geom]
    turned = np.empty(9)
    mujoco.mju_quat2Mat(turned, model.geom_quat[geom])
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = model.mesh_vert[first : first + count] @ turned.reshape(3, 3).T
    return (vertices + model.geom_pos[geom])[_faces(model, mesh)]


def _order(
    faces: list[NDArray[np.int32]], corners: list[FloatArray]
) -> NDArray[np.int32]:
    """Which triangles of some meshes, counted through, are drawn in which order.

    It comes from memory or disk if it was found before.
    """
    digest = hashlib.sha256(_own_code())
    for part in (*faces, *corners):
        digest.update(part.astype(part.dtype.kind + "4").tobytes())
    order = _KNOWN.get(digest.digest())
    if order is None:
        entry = f"{digest.hexdigest()}.order"
        kept = recall(entry)
        if kept is None:
            order = _found(faces, exposure.exposed(np.concatenate(corners)))
            keep(entry, order.tobytes())
        else:
            order = np.frombuffer(kept, np.int32)
        _KNOWN[digest.digest()] = order
    return order


def _found(
    faces: list[NDArray[np.int32]], seen: NDArray[np.bool_]
) -> NDArray[np.int32]:
    orders: list[int] = []
    before = 0
    for triangles in faces:
        rows = np.flatnonzero(seen[before : before + len(triangles)])
        orders += (before + rows[neighbours_close(triangles[rows])]).tolist()
        before += len(triangles)
    return np.array(orders, np.int32)


def neighbours_close(triangles: NDArray[np.int32]) -> list[int]:
    """An order in which triangles that share corners are close to each other.

    Args:
      triangles: (n, 3) indices of corners.
    """
    corners_of = triangles.tolist()
    around: dict[int, list[int]] = {}
    for triangle, corners in enumerate(corners_of):
        for corner in corners:
            around.setdefault(corner, []).append(triangle)
    # A dictionary, for it keeps the order.
    order: dict[int, None] = {}
    for start in list(around):
        corners = [start]
        while corners:
            for triangle in around.pop(corners.pop(), ()):
                if triangle not in order:
                    order[triangle] = None
                    corners += corners_of[triangle]
    return list(order)


@functools.cache
def _own_code() -> bytes:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(Path(exposure.__file__).read_bytes())
    return digest.digest()
