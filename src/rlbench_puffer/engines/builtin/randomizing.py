"""Draws what differs between episodes beside the task's own placement."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.base import EnvIds
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.engines.camera_rig import MOUNTS
from rlbench_puffer.randomization import Randomization

WALL_SHIFT = "wall_color_shift"
"""Scene variable: what is added to the walls' rgb, (num_envs, 3)."""

LIGHT_CHANGE = "light_change"
"""Scene variable: what is added to each light's factor of 1, (num_envs, LIGHTS)."""

CAMERA_SHIFT = "camera_shift"
"""Scene variable: how the cameras stand aside, in the order of ``MOUNTS``,
(num_envs, cameras, 3) [m] in the frame of the mount."""

CAMERA_TURN = "camera_turn"
"""Scene variable: rotation vectors of the cameras, likewise [rad]."""

LIGHTS = 2
"""How many lights the drawn room has."""

_FIXED_COLORS = ("table", "floor")


class Randomizer:
    """Changes the sub-envs of a scene within a :class:`Randomization`.

    The scene puts everything back at the next reset, and keeps it in its states.

    Args:
      scene: the simulations.
      randomization: how much.
    """

    def __init__(self, scene: Scene, randomization: Randomization) -> None:
        self._scene = scene
        self._amounts = randomization
        amounts = randomization
        cameras = (len(MOUNTS), 3)
        if amounts.colors:
            self._wall = scene.variable(WALL_SHIFT, (3,), np.float64)
        if amounts.lights:
            self._lights = scene.variable(LIGHT_CHANGE, (LIGHTS,), np.float64)
        if amounts.cameras:
            self._shifts = scene.variable(CAMERA_SHIFT, cameras, np.float64)
        if amounts.camera_angles:
            self._turns = scene.variable(CAMERA_TURN, cameras, np.float64)
        if amounts.friction:
            scene.vary("geom_friction")
        if amounts.mass:
            scene.vary("body_mass")
            scene.vary("body_inertia")
            self._movable = _movable(scene)

    def apply(self, env_id: int, rng: np.random.Generator) -> None:
        """Draw one sub-env's episode; ``rng`` is spawned from and not drawn from."""
        scene, amounts = self._scene, self._amounts
        # A stream for each field: switching one on does not change the others.
        colors, lights, cameras, angles, friction, mass = rng.spawn(6)
        if amounts.colors:
            shifts = colors.uniform(-amounts.colors, amounts.colors, (3, 3))
            for name, shift in zip(_FIXED_COLORS, shifts[:2], strict=True):
                color = scene.geom_color(name)[env_id, :3]
                color[:] = np.clip(color + shift, 0.0, 1.0)
            self._wall[env_id] = shifts[2]
        if amounts.lights:
            self._lights[env_id] = lights.uniform(
                -amounts.lights, amounts.lights, LIGHTS
            )
        if amounts.cameras:
            self._shifts[env_id] = cameras.uniform(
                -amounts.cameras, amounts.cameras, (len(MOUNTS), 3)
            )
        if amounts.camera_angles:
            self._turns[env_id] = angles.uniform(
                -amounts.camera_angles, amounts.camera_angles, (len(MOUNTS), 3)
            )
        if amounts.friction:
            factor = 1 + friction.uniform(-amounts.friction, amounts.friction)
            scene.placed("geom_friction")[env_id, :, 0] *= factor
        if amounts.mass:
            factors = 1 + mass.uniform(-amounts.mass, amounts.mass, len(self._movable))
            scene.placed("body_mass")[env_id, self._movable] *= factors
            scene.placed("body_inertia")[env_id, self._movable] *= factors[:, None]

    def finish(self, env_ids: EnvIds) -> None:
        """Compute what follows from what was drawn, once all is placed."""
        self._scene.update_constants(env_ids)


def _movable(scene: Scene) -> NDArray[np.intp]:
    """Bodies that can move and do not belong to the robot."""
    model = scene.model
    robot = model.body("panda_link0").id
    moves = model.body_weldid != 0
    return np.flatnonzero(moves & (model.body_rootid != robot))
