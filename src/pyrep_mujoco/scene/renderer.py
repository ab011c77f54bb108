"""Draws a compiled scene as vision sensors see it."""

from collections.abc import Iterable
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.frames import Frame, rotate
from pyrep_mujoco.scene.gl_context import GlContext
from pyrep_mujoco.scene.looks import DRAWN_GROUPS, HIDDEN_GROUP, SEEN_GROUP, drawn_geoms
from pyrep_mujoco.scene.trimming import opaque
from pyrep_mujoco.scene.view import View
from pyrep_mujoco.ttm.values import Vector
from pyrep_mujoco.ttm.viewpoints import Light, LightKind

NOTHING = 0xFFFFFF
"""What pictures of handles hold where nothing is seen: white, as in CoppeliaSim."""

MOST_LIGHTS = 7
"""That OpenGL has room for beside MuJoCo's own."""

_SEGMENT = mujoco.mjtRndFlag.mjRND_SEGMENT.value
_IDCOLOR = mujoco.mjtRndFlag.mjRND_IDCOLOR.value
_CULL_FACE = mujoco.mjtRndFlag.mjRND_CULL_FACE.value
_ALL = mujoco.mjtCatBit.mjCAT_ALL.value
_KINDS = {
    LightKind.DIRECTIONAL: mujoco.mjtLightType.mjLIGHT_DIRECTIONAL.value,
    LightKind.OMNIDIRECTIONAL: mujoco.mjtLightType.mjLIGHT_POINT.value,
    LightKind.SPOT: mujoco.mjtLightType.mjLIGHT_SPOT.value,
}


class Picture(NamedTuple):
    """What was drawn; row 0 is the top row."""

    rgb: NDArray[np.uint8]
    """(height, width, 3)."""
    depth: NDArray[np.float32]
    """(height, width); 1 at the near clipping plane, 0 at the far one, OpenGL's."""


class Lighting(NamedTuple):
    """What lights a scene."""

    ambient: Vector
    """Colour of the light that is everywhere."""
    lights: list[tuple[Light, Frame]]
    """Those that are on, and where they are in the world."""


class Renderer:
    """One OpenGL context for all pictures of one scene, of any size.

    Raises:
      DrawingError: there is no OpenGL here.
    """

    def __init__(self) -> None:
        self._context = GlContext(128, 128)
        self._compiled: Compiled | None = None
        self._lighting: Lighting | None = None
        self._view: View | None = None
        self._opaque = b""
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[SEEN_GROUP] = 1
        self._option.sitegroup[:] = 0
        self._option.flags[:] = 0
        self._option.flags[mujoco.mjtVisFlag.mjVIS_TEXTURE.value] = 1
        self._option.flags[mujoco.mjtVisFlag.mjVIS_STATIC.value] = 1
        self._perturb = mujoco.MjvPerturb()

    def draw(
        self,
        compiled: Compiled,
        view: View,
        lighting: Lighting,
        *,
        only: Iterable[int] | None = None,
        hidden: Iterable[int] = (),
    ) -> Picture:
        """The picture of a view.

        Args:
          compiled: the scene.
          view: where from and how wide.
          lighting: what lights it.
          only: the bodies that are drawn, whether cameras see them or not; None for
            all that cameras see.
          hidden: bodies that are not drawn all the same.
        """
        self._compose(compiled, view, only, hidden)
        self._light(lighting)
        flags = self._scene.flags
        flags[_SEGMENT] = flags[_IDCOLOR] = 0
        return self._drawn(view)

    def draw_handles(
        self,
        compiled: Compiled,
        view: View,
        *,
        only: Iterable[int] | None = None,
        hidden: Iterable[int] = (),
    ) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """The handle of the object that each pixel of a view shows, and the depths.

        Returns:
          handles (height, width), `NOTHING` where no object is; and depths as of
          `Picture`.
        """
        self._compose(compiled, view, only, hidden)
        flags = self._scene.flags
        flags[_SEGMENT] = flags[_IDCOLOR] = 1
        picture = self._drawn(view)
        numbers = picture.rgb.astype(np.uint32)
        numbers = numbers[..., 0] | numbers[..., 1] << 8 | numbers[..., 2] << 16
        scene = self._scene
        handles = np.full(scene.ngeom + 1, NOTHING, np.uint32)
        for geom in scene.geoms[: scene.ngeom]:
            handles[geom.segid + 1] = self._handles[geom.objid]
        return handles[numbers], picture.depth

    def _hold(self, compiled: Compiled, view: View) -> None:
        model = compiled.model
        seen_through = opaque(model).tobytes()
        if compiled is not self._compiled or seen_through != self._opaque:
            self._opaque = seen_through
            self._mjr = self._context.hold(model, view.width, view.height)
            self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 10)
            self._scene.flags[:] = 0
            self._scene.flags[_CULL_FACE] = 1
            self._handles = np.full(model.ngeom, NOTHING, np.uint32)
            for node, body in compiled.bodies.items():
                self._handles[drawn_geoms(model, body)] = node.handle
            self._group = model.geom_group
            self._drawable = np.flatnonzero(np.isin(self._group, DRAWN_GROUPS))
            self._boxes = model.geom_aabb[self._drawable]
            self._compiled, self._lighting, self._view = compiled, None, None
        self._context.fit(view.width, view.height)

    def _compose(
        self,
        compiled: Compiled,
        view: View,
        only: Iterable[int] | None,
        hidden: Iterable[int],
    ) -> None:
        """Let MuJoCo's scene be what is in a view."""
        self._hold(compiled, view)
        model, data = compiled.model, compiled.data
        if compiled.stale:
            compiled.refresh()
        group, drawable = self._group, self._drawable
        before = group[drawable]
        if only is not None:
            group[drawable] = HIDDEN_GROUP
            for body in only:
                group[drawn_geoms(model, body)] = SEEN_GROUP
        for body in hidden:
            group[drawn_geoms(model, body)] = HIDDEN_GROUP
        places, axes = data.geom_xpos[drawable], data.geom_xmat[drawable]
        group[drawable[~view.sees(places, axes, self._boxes)]] = HIDDEN_GROUP
        # Geoms alone: lights and cameras are ours, and stay what they were.
        scene = self._scene
        scene.ngeom = 0
        mujoco.mjv_addGeoms(model, data, self._option, self._perturb, _ALL, scene)
        group[drawable] = before
        if view != self._view:
            view.aim(scene)
            self._view = view

    def _light(self, lighting: Lighting) -> None:
        """Give MuJoCo's scene the lights, where they changed since the last picture."""
        if lighting == self._lighting:
            return
        self._lighting = lighting
        scene = self._scene
        lights = lighting.lights[:MOST_LIGHTS]
        scene.nlight = max(len(lights), 1)
        for number, (light, place) in enumerate(lights):
            made = scene.lights[number]
            made.type = _KINDS[light.kind]
            made.pos[:] = place.position
            made.dir[:] = rotate(place.quat_wxyz, (0.0, 0.0, 1.0))
            made.attenuation[:] = light.attenuation
            made.cutoff = np.degrees(light.spot_cutoff)
            made.exponent = light.spot_exponent
            made.ambient[:] = 0.0
            made.diffuse[:] = light.color.diffuse
            made.specular[:] = light.color.specular
            made.headlight = made.castshadow = 0
        first = scene.lights[0]
        if not lights:
            first.type = _KINDS[LightKind.DIRECTIONAL]
            first.diffuse[:] = first.specular[:] = 0.0
            first.headlight = first.castshadow = 0
        first.ambient[:] = lighting.ambient

    def _drawn(self, view: View) -> Picture:
        size = mujoco.MjrRect(0, 0, view.width, view.height)
        mujoco.mjr_render(size, self._scene, self._mjr)
        rgb = np.empty((view.height, view.width, 3), np.uint8)
        depth = np.empty((view.height, view.width), np.float32)
        mujoco.mjr_readPixels(rgb, depth, size, self._mjr)
        # OpenGL begins with the bottom row.
        return Picture(rgb[::-1], depth[::-1])

    def close(self) -> None:
        """Free the context. Twice is fine."""
        self._compiled = None
        self._context.close()
