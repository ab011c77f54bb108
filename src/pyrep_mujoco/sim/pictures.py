"""Pictures that vision sensors took: which are kept, and when new ones are drawn."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.entities import objects_of
from pyrep_mujoco.scene.looks import is_visible
from pyrep_mujoco.scene.renderer import Lighting, Renderer
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.scene.view import View, view_of
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.viewpoints import Light
from pyrep_mujoco.ttm.vision_sensors import RENDER_COLOR_CODED, VisionSensor

DIM = (0.25, 0.25, 0.25)
"""Ambient light where no scene file says another; chosen here."""


class Shot(NamedTuple):
    """What a sensor saw."""

    rgb: NDArray[np.uint8]
    """(height, width, 3); row 0 is the top row."""
    depth: NDArray[np.float32]
    """(height, width); OpenGL's: 1 at the near clipping plane, 0 at the far one."""
    view: View
    """How it was taken."""
    time_s: float
    """When it was taken [s]."""
    source: SceneObject | None
    """The sensor as it was then; None if it has seen nothing yet."""


class Pictures:
    """The last picture of every sensor; there is no OpenGL before the first."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._renderer: Renderer | None = None
        self._shots: dict[Node, Shot] = {}
        self.windows: dict[Node, list[int]] = {}
        """Sizes of windows that sensors were given; there are no windows here."""

    def shot(self, node: Node) -> Shot:
        """What a sensor saw last.

        A sensor that is handled explicitly saw what was there when it was handled;
        any other one sees what is there after the last step, as it is asked for.
        """
        sensor = sensor_of(node)
        kept = self._shots.get(node)
        if sensor.explicit:
            fits = kept is not None and kept.rgb.shape[1::-1] == sensor.resolution
            return kept if fits and kept is not None else self.blank(node)
        if (
            kept is not None
            and kept.time_s == self._simulation.time_s
            and self._simulation.running
        ):
            if kept.source is None:
                return self.blank(node)
            if kept.source is sensor:
                return kept
        return self.take(node)

    def take(self, node: Node) -> Shot:
        """Draw and keep what a sensor sees now.

        Raises:
          DrawingError: there is no OpenGL here.
        """
        sensor = sensor_of(node)
        simulation = self._simulation
        scene = simulation.scene
        # First of all, for this settles what has changed.
        compiled = scene.compiled
        view = view_of(sensor, scene.frame_w(node))
        if self._renderer is None:
            self._renderer = Renderer()
        only = self._bodies_of(sensor)
        hidden = self._bodies_hidden_from(node)
        if sensor.render_mode == RENDER_COLOR_CODED:
            handles, depth = self._renderer.draw_handles(
                compiled, view, only=only, hidden=hidden
            )
            rgb = np.stack(
                [(handles >> shift & 0xFF).astype(np.uint8) for shift in (0, 8, 16)],
                axis=-1,
            )
        else:
            rgb, depth = self._renderer.draw(
                compiled, view, self._lighting(), only=only, hidden=hidden
            )
            if any(sensor.background):
                color = (np.array(sensor.background) * 255).astype(np.uint8)
                rgb = np.where((depth == 0)[..., None], color, rgb)
        shot = Shot(rgb, depth, view, simulation.time_s, sensor)
        self._shots[node] = shot
        return shot

    def blank(self, node: Node) -> Shot:
        """Keep a black picture of nothing for a sensor that has seen nothing yet."""
        sensor = sensor_of(node)
        scene = self._simulation.scene
        width, height = sensor.resolution
        shot = Shot(
            np.zeros((height, width, 3), np.uint8),
            np.zeros((height, width), np.float32),
            view_of(sensor, scene.frame_w(node)),
            self._simulation.time_s,
            None,
        )
        self._shots[node] = shot
        return shot

    def _lighting(self) -> Lighting:
        scene = self._simulation.scene
        lights = [
            (node.source, scene.frame_w(node))
            for node in scene.tree
            if isinstance(node.source, Light) and node.source.active
        ]
        ambient = DIM if scene.world is None else scene.world.ambient_light
        return Lighting(ambient, lights)

    def _bodies_of(self, sensor: VisionSensor) -> list[int] | None:
        """The bodies of the entity that a sensor sees; None if it sees all.

        Objects are seen, with the rest of their model, whether they are renderable or
        not; of collections, what is renderable.
        """
        if sensor.entity == -1:
            return None
        scene = self._simulation.scene
        nodes = objects_of(scene.tree, sensor.entity)
        if sensor.entity in scene.tree.collections:
            nodes = [node for node in nodes if is_visible(node)]
        elif nodes[0].source.is_model_base:
            nodes = list(nodes[0].tree())
        bodies = scene.compiled.bodies
        return [bodies[node] for node in nodes if node in bodies]

    def _bodies_hidden_from(self, sensor: Node) -> list[int]:
        """The bodies of objects that only other cameras see."""
        scene = self._simulation.scene
        return [
            body
            for node, body in scene.compiled.bodies.items()
            if node.source.seen_by != -1 and not self._lets(node.source.seen_by, sensor)
        ]

    def _lets(self, viewer: int, sensor: Node) -> bool:
        tree = self._simulation.scene.tree
        known = viewer in tree or viewer in tree.collections
        return known and sensor in objects_of(tree, viewer)

    def close(self) -> None:
        """Free OpenGL."""
        self._shots.clear()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def sensor_of(node: Node) -> VisionSensor:
    """What a node is as a vision sensor.

    Raises:
      SceneError: it is none.
    """
    if not isinstance(node.source, VisionSensor):
        raise SceneError(node.name, "is no vision sensor", "Ask for a sensor's handle.")
    return node.source
