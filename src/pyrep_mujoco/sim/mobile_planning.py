"""Paths of mobile bases, which drive ahead and back and turn on circles."""

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.frames import Frame, frame
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.collisions import CollisionChecks
from pyrep_mujoco.sim.matrices import from_angles, to_angles
from pyrep_mujoco.sim.ompl_search import dubins_space, search
from pyrep_mujoco.sim.planning import draw_seed
from pyrep_mujoco.sim.simulation import current

TURNING_RADIUS = 0.1
"""[m], as in PyRep's script."""

RESOLUTION = 0.05
"""Distance of places that are tried [m, rad]."""


def drivable_path(
    algorithm: str,
    base: Node,
    target: Node,
    *,
    collection: int | None,
    reach: float,
    points: int,
) -> FloatArray | None:
    """A path of a base to a target on the floor; nothing has moved in the end.

    Args:
      algorithm: PyRep's name of a planner.
      base: what moves, with all that hangs on it.
      target: where it is to be; position and turn about z count.
      collection: handle of what may not collide; None if it may.
      reach: greatest absolute x and y [m].
      points: as many or more are returned.

    Returns:
      (n, 3) x [m], y [m] and turn about z [rad]; None if none was found.

    Raises:
      RuntimeError: there is no such planner.
      MissingDependencyError: OMPL is not installed.
    """
    scene = current().scene
    here = scene.frame_w(base)
    alpha, beta, _ = to_angles(here.quat_wxyz)
    checks = current().part(CollisionChecks).collisions

    def is_free(place: FloatArray) -> bool:
        if collection is None:
            return True
        x, y, turn = place.tolist()
        there = frame((x, y, here.position[2]), from_angles([alpha, beta, turn]))
        scene.place(base, there)
        return not checks.check(collection, None)

    # Placing stops what moves; it goes on as before when all is done.
    before = scene.data.qpos.copy(), scene.data.qvel.copy()
    try:
        return search(
            dubins_space(reach, TURNING_RADIUS),
            _on_floor(here),
            _on_floor(scene.frame_w(target))[None],
            is_free,
            algorithm=algorithm,
            resolution=RESOLUTION,
            seed=draw_seed(),
            points=points,
        )
    finally:
        if collection is not None:
            scene.place(base, here)
            scene.data.qpos[:], scene.data.qvel[:] = before


def _on_floor(place: Frame) -> FloatArray:
    x, y, _ = place.position
    return np.array([x, y, to_angles(place.quat_wxyz)[2]])
