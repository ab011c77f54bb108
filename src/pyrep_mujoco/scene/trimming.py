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

_KNOWN: dict[bytes, NDArray[np.bool_]] = {}
"""Which triangles are seen, by the digest of all."""


@contextmanager
def trimmed(model: mujoco.MjModel) -> Iterator[None]:
    """Let a model's meshes be, for a while, what can be seen of them.

    What is not seen of a body alone is never seen, wherever it is. An OpenGL context
    has to be current.
    """
    seen = _seen(model)
    faces = [getattr(model, name) for name in _FACES]
    before = [array.copy() for array in faces]
    counts = model.mesh_facenum.copy()
    for mesh, (first, count) in enumerate(zip(model.mesh_faceadr, counts, strict=True)):
        rows = first + np.flatnonzero(seen[first : first + count])
        for array in faces:
            array[first : first + len(rows)] = array[rows]
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


def _seen(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """For each triangle of all meshes."""
    seen = np.ones(model.nmeshface, np.bool_)
    hiding = opaque(model)
    users = np.bincount(model.geom_dataid[model.geom_dataid >= 0], minlength=1)
    for body in range(model.nbody):
        geoms = [
            geom
            for geom in drawn_geoms(model, body)
            if hiding[model.geom_matid[geom]] and users[model.geom_dataid[geom]] == 1
        ]
        meshes = model.geom_dataid[geoms]
        if model.mesh_facenum[meshes].sum() < LEAST_TRIANGLES:
            continue
        of_body = _exposed(np.concatenate([_corners(model, geom) for geom in geoms]))
        for mesh in meshes:
            first, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
            seen[first : first + count], of_body = of_body[:count], of_body[count:]
    return seen


def _corners(model: mujoco.MjModel, geom: int) -> FloatArray:
    """Of a drawn geom's triangles, in its body's frame; (n, 3, 3) [m]."""
    mesh = model.geom_dataid[geom]
    turned = np.empty(9)
    mujoco.mju_quat2Mat(turned, model.geom_quat[geom])
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = model.mesh_vert[first : first + count] @ turned.reshape(3, 3).T
    first, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
    return (vertices + model.geom_pos[geom])[model.mesh_face[first : first + count]]


def _exposed(corners: FloatArray) -> NDArray[np.bool_]:
    """Which triangles can be seen, from memory or disk if that was found before."""
    content = np.ascontiguousarray(corners, np.float32).tobytes()
    digest = hashlib.sha256(_own_code() + content)
    seen = _KNOWN.get(digest.digest())
    if seen is None:
        entry = f"{digest.hexdigest()}.seen"
        kept = recall(entry)
        if kept is None:
            seen = exposure.exposed(corners)
            keep(entry, seen.tobytes())
        else:
            seen = np.frombuffer(kept, np.bool_)
        _KNOWN[digest.digest()] = seen
    return seen


@functools.cache
def _own_code() -> bytes:
    return hashlib.sha256(Path(exposure.__file__).read_bytes()).digest()
