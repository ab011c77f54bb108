"""Convex hulls of points, as MuJoCo makes them for its contacts."""

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray


def convex_hull(points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The hull's vertices (n, 3) [m] and triangles (m, 3), seen from outside.

    Args:
      points: any number of x, y and z, flat or not [m].

    Raises:
      RuntimeError: the points lie in a plane.
    """
    corners = np.asarray(points, np.float64).reshape(-1, 3)
    spec = mujoco.MjSpec()
    spec.add_mesh(
        name="points",
        uservert=corners.reshape(-1),
        # MuJoCo wants faces; the hull asks for none of them.
        userface=np.arange(len(corners) // 3 * 3),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
    )
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="points")
    try:
        model = spec.compile()
    except ValueError as error:
        raise RuntimeError(f"The points have no convex hull: {error}") from error
    graph = model.mesh_graph[model.mesh_graphadr[0] :]
    vertices, faces = int(graph[0]), int(graph[1])
    # Counts, then where each vertex's edges begin, then which vertex it is, then the
    # edges, then the triangles.
    ids = graph[2 + vertices : 2 + 2 * vertices]
    first = 2 + 2 * vertices + vertices + 3 * faces
    triangles = graph[first : first + 3 * faces].reshape(-1, 3)
    order = np.argsort(ids)
    numbers = order[np.searchsorted(ids, triangles, sorter=order)]
    place = model.mesh_vert.astype(np.float64)
    # MuJoCo puts meshes into a frame of their own.
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, model.mesh_quat[0])
    whole = place @ turn.reshape(3, 3).T + model.mesh_pos[0]
    return whole[ids], numbers.astype(np.int32)
