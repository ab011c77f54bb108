"""Where many shapes are at once, and which of their boxes overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import FloatArray
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.surfaces import Surfaces
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.shapes import Shape


class Places:
    """The places of a scene's shapes, without a look-up by name for each call."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._model: object = None
        self._bodies: dict[Node, int] = {}
        self._sites: dict[Node, int] = {}

    def bodies(self, shapes: Sequence[Node]) -> list[int]:
        """The ids of shapes' bodies."""
        self._keep_up()
        known = self._bodies
        for node in shapes:
            if node not in known:
                known[node] = self._scene.model.body(node.name).id
        return [known[node] for node in shapes]

    def of(self, shapes: Sequence[Node]) -> tuple[FloatArray, FloatArray]:
        """Positions (n, 3) [m] and rotations (n, 3, 3) of shapes in the world."""
        bodies = self.bodies(shapes)
        data = self._scene.data
        return data.xpos[bodies], data.xmat[bodies].reshape(-1, 3, 3)

    def of_one(self, node: Node) -> tuple[FloatArray, FloatArray]:
        """Position (3,) [m] and rotation (3, 3) of any object in the world."""
        if isinstance(node.source, Shape):
            (body,) = self.bodies([node])
            data = self._scene.data
            return data.xpos[body], data.xmat[body].reshape(3, 3)
        self._keep_up()
        site = self._sites.get(node)
        if site is None:
            site = self._sites[node] = self._scene.model.site(node.name).id
        data = self._scene.data
        return data.site_xpos[site], data.site_xmat[site].reshape(3, 3)

    def _keep_up(self) -> None:
        """Forget the ids of a model that is no longer the scene's."""
        if self._scene.model is not self._model:
            self._model, self._bodies, self._sites = self._scene.model, {}, {}


class Boxes:
    """Boxes around shapes along the world's axes."""

    def __init__(self, surfaces: Surfaces, shapes: Sequence[Node]) -> None:
        found = [surfaces.of(node) for node in shapes]
        self._middles = np.array([one.middle for one in found]).reshape(-1, 3)
        self._half_sizes = np.array([one.half_size for one in found]).reshape(-1, 3)

    def at(
        self, positions: FloatArray, rotations: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Least and greatest corners (..., n, 3) [m] of shapes that are somewhere."""
        middles = positions + (rotations @ self._middles[..., None])[..., 0]
        reach = (np.abs(rotations) @ self._half_sizes[..., None])[..., 0]
        return middles - reach, middles + reach


def overlaps(
    low: FloatArray, high: FloatArray, other_low: FloatArray, other_high: FloatArray
) -> NDArray[np.bool_]:
    """Which of boxes (..., n, 3) touch which of others (m, 3); (..., n, m)."""
    return np.all(
        (low[..., :, None, :] <= other_high) & (other_low <= high[..., :, None, :]),
        axis=-1,
    )
