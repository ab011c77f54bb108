"""Draws the sub-envs of one scene: one OpenGL context, one model, reused for all."""

import threading
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.camera import Camera, Cameras
from rlbench_puffer.display.base import Display
from rlbench_puffer.engines.base import EnvIds
from rlbench_puffer.engines.builtin.look import Look
from rlbench_puffer.engines.builtin.panda import HAND_BODY
from rlbench_puffer.engines.builtin.panda_look import HIDDEN_GROUP
from rlbench_puffer.engines.builtin.randomizing import CAMERA_SHIFT, CAMERA_TURN
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.engines.builtin.task_interface import BuiltinTask
from rlbench_puffer.engines.camera_rig import (
    FLIP,
    MOUNTS,
    FloatArray,
    extrinsics,
    intrinsics,
    pixel_rays,
    vertical_fov,
)
from rlbench_puffer.errors import DisplayError
from rlbench_puffer.poses import matrix_from_quat, quat_from_rotation_vector

NOTHING = -1
"""What a mask holds where nothing is seen."""

_CAMERAS = tuple(MOUNTS)
_ALL = mujoco.mjtCatBit.mjCAT_ALL.value
_SEGMENT = int(mujoco.mjtRndFlag.mjRND_SEGMENT)
_IDCOLOR = int(mujoco.mjtRndFlag.mjRND_IDCOLOR)
_SHADOW = int(mujoco.mjtRndFlag.mjRND_SHADOW)
_CULL_FACE = int(mujoco.mjtRndFlag.mjRND_CULL_FACE)

_current: list["SceneRenderer"] = []
"""The renderer whose context is current, at most one: switching costs time."""


class SceneRenderer:
    """Pictures of the n simulations of a scene.

    All drawing of one process must happen in one thread.

    Args:
      scene: the simulations.
      task: what they simulate; builds the drawn model.
      display: where OpenGL comes from; outlives this object.
      cameras: what to write into observations.
      quality: ``"fast"`` or ``"fine"``.
    """

    def __init__(
        self,
        scene: Scene,
        task: BuiltinTask,
        display: Display,
        cameras: Cameras,
        quality: str,
    ) -> None:
        self._display = display
        self.cameras = cameras
        self._look = Look(scene, task, quality)
        self.model = self._look.model
        self._data = self._look.data
        self._shifts = scene.known_variable(CAMERA_SHIFT)
        self._turns = scene.known_variable(CAMERA_TURN)
        self._env_id = 0
        self._hand = self.model.body(HAND_BODY).id
        self._views = [_View(name, camera) for name, camera in cameras]
        self.mask_names, self._mask_ids = _mask_table(self.model)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        self._option.geomgroup[HIDDEN_GROUP] = 0
        self._option.sitegroup[:] = 0
        self._free_camera = mujoco.MjvCamera()
        self._perturb = mujoco.MjvPerturb()
        self._picture = mujoco.MjvScene(self.model, maxgeom=self.model.ngeom + 100)
        flags = self._picture.flags
        flags[:] = 0
        flags[_CULL_FACE] = 1
        flags[_SHADOW] = quality == "fine"
        self._thread = threading.get_ident()
        sizes = [camera.size for _, camera in cameras] or [(64, 64)]
        self._height = max(height for height, _ in sizes)
        self._width = max(width for _, width in sizes)
        self._closed = False
        self._gl: Any = None
        self._mjr: Any = None
        self._make_context()

    def render(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """Write the configured pictures of some sub-envs into their rows.

        Raises:
          DisplayError: the display went away, or another thread draws.
        """
        self._make_current()
        names = out.dtype.names or ()
        for env_id in env_ids:
            self._compose(int(env_id))
            for view in self._views:
                self._aim(view)
                row = {
                    kind: out[f"{view.name}_{kind}"][env_id]
                    for kind in view.camera.kinds
                    if f"{view.name}_{kind}" in names
                }
                self._draw(view, row)

    def picture(
        self, env_id: int, name: str, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """One rgb picture of one sub-env; see :meth:`Engine.picture`."""
        self._fit(size)
        view = _View(name, Camera(size=size))
        self._compose(env_id)
        self._aim(view)
        out = np.empty((*size, 3), np.uint8)
        self._draw(view, {"rgb": out})
        return out

    def info(self, env_id: int) -> dict[str, Any]:
        """See :meth:`Engine.camera_info`."""
        self._look.take_positions(env_id)
        self._env_id = env_id
        told: dict[str, Any] = {}
        for name, camera in self.cameras:
            mount = MOUNTS[name]
            told[f"{name}_camera_extrinsics"] = extrinsics(*self._pose(name))
            told[f"{name}_camera_intrinsics"] = intrinsics(mount, camera.size)
            told[f"{name}_camera_near"] = mount.near
            told[f"{name}_camera_far"] = mount.far
        if any(camera.mask for _, camera in self.cameras):
            told["mask_names"] = self.mask_names
        return told

    def close(self) -> None:
        """Free the context. Calling it twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._free_context()

    def _make_context(self) -> None:
        self.model.vis.global_.offheight = self._height
        self.model.vis.global_.offwidth = self._width
        self._gl = self._display.make_context(self._height, self._width)
        _current[:] = [self]
        self._mjr = mujoco.MjrContext(
            self.model, mujoco.mjtFontScale.mjFONTSCALE_50.value
        )
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._mjr)
        # Raw reversed depth: 0 at the far plane keeps the most precision.
        self._mjr.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR

    def _free_context(self) -> None:
        if self._gl is None:
            return
        if _current != [self]:
            self._gl.make_current()
        self._mjr.free()
        self._display.free_context(self._gl)
        self._mjr = self._gl = None
        _current.clear()

    def _fit(self, size: tuple[int, int]) -> None:
        """Make the framebuffer large enough for a picture."""
        self._make_current()
        height, width = max(size[0], self._height), max(size[1], self._width)
        if (height, width) != (self._height, self._width):
            self._height, self._width = height, width
            self._free_context()
            self._make_context()

    def _make_current(self) -> None:
        self._display.check()
        if threading.get_ident() != self._thread:
            raise DisplayError(
                "An environment with cameras was used from another thread than the "
                "one that made it; OpenGL allows one.",
                "Make and step it in one thread.",
            )
        if _current != [self]:
            self._gl.make_current()
            _current[:] = [self]

    def _compose(self, env_id: int) -> None:
        self._look.take_all(env_id)
        self._env_id = env_id
        mujoco.mjv_updateScene(
            self.model,
            self._data,
            self._option,
            self._perturb,
            self._free_camera,
            _ALL,
            self._picture,
        )

    def _pose(self, name: str) -> tuple[FloatArray, FloatArray]:
        mount = MOUNTS[name]
        position, axes = np.array(mount.position), mount.axes
        which = self._env_id, _CAMERAS.index(name)
        if self._shifts is not None:
            position = position + self._shifts[which]
        if self._turns is not None:
            turn = quat_from_rotation_vector(self._turns[which])
            axes = matrix_from_quat(turn) @ axes
        if not mount.on_hand:
            return position, axes
        rotation = self._data.xmat[self._hand].reshape(3, 3)
        position = self._data.xpos[self._hand] + rotation @ position
        return position, rotation @ axes

    def _aim(self, view: "_View") -> None:
        position, axes = self._pose(view.name)
        view.position, view.axes = position, axes
        facing = axes @ FLIP
        mount = MOUNTS[view.name]
        half_height = mount.near * np.tan(vertical_fov(mount, view.camera.size) / 2)
        # A scene has two cameras, for two eyes; they coincide here.
        for eye in self._picture.camera:
            eye.pos[:] = position
            eye.forward[:] = -facing[:, 2]
            eye.up[:] = facing[:, 1]
            eye.frustum_near = mount.near
            eye.frustum_far = mount.far
            eye.frustum_top = half_height
            eye.frustum_bottom = -half_height
            eye.frustum_center = 0.0
            eye.frustum_width = 0.0

    def _draw(self, view: "_View", out: dict[str, NDArray[Any]]) -> None:
        """Draw what was composed, through an aimed view; row 0 comes out on top."""
        wants_depth = view.camera.depth or view.camera.point_cloud
        rgb = view.rgb_buffer if view.camera.rgb else None
        depth = view.depth_buffer if wants_depth else None
        if rgb is not None or depth is not None:
            mujoco.mjr_render(view.rect, self._picture, self._mjr)
            mujoco.mjr_readPixels(rgb, depth, view.rect, self._mjr)
        if rgb is not None:
            out["rgb"][:] = rgb[::-1]
        if depth is not None:
            distance = view.distance(depth[::-1])
            if view.camera.depth:
                out["depth"][:] = distance
            if view.camera.point_cloud:
                view.unproject(distance, out["point_cloud"])
        if view.camera.mask:
            out["mask"][:] = self._mask(view)[::-1]

    def _mask(self, view: "_View") -> NDArray[np.int32]:
        """What each pixel shows, bottom row first, (height, width)."""
        flags = self._picture.flags
        flags[_SEGMENT] = flags[_IDCOLOR] = 1
        try:
            mujoco.mjr_render(view.rect, self._picture, self._mjr)
            mujoco.mjr_readPixels(view.rgb_buffer, None, view.rect, self._mjr)
        finally:
            flags[_SEGMENT] = flags[_IDCOLOR] = 0
        seen = view.rgb_buffer.astype(np.int32)
        number = seen[..., 0] + (seen[..., 1] << 8) + (seen[..., 2] << 16)
        table = np.full(self._picture.ngeom + 1, NOTHING, np.int32)
        for geom in self._picture.geoms[: self._picture.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                table[geom.segid + 1] = self._mask_ids[geom.objid]
        return table[number]


class _View:
    """One camera with its buffers."""

    def __init__(self, name: str, camera: Camera) -> None:
        self.name = name
        self.camera = camera
        height, width = camera.size
        self.rect = mujoco.MjrRect(0, 0, width, height)
        self.rgb_buffer = np.empty((height, width, 3), np.uint8)
        self.depth_buffer = np.empty((height, width), np.float32)
        self._rays = pixel_rays(MOUNTS[name], camera.size)
        self.position: FloatArray = np.zeros(3)
        self.axes: FloatArray = np.eye(3)

    def distance(self, reversed_depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Metres along the view axis from a depth buffer that is 0 at the far plane."""
        mount = MOUNTS[self.name]
        near, far = np.float32(mount.near), np.float32(mount.far)
        distance = near * far / (near + reversed_depth * (far - near))
        return np.clip(distance, near, far)

    def unproject(
        self, distance: NDArray[np.float32], out: NDArray[np.float32]
    ) -> None:
        """World positions of the pixels, (height, width, 3)."""
        in_camera = self._rays * distance[..., None]
        np.matmul(in_camera, self.axes.T.astype(np.float32), out=out)
        out += self.position.astype(np.float32)


def _mask_table(model: mujoco.MjModel) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names of what masks tell apart, and the number of each geom.

    Every body is one thing, with the bodies' numbers; of the room, which is body 0,
    every named geom is one thing.
    """
    names = [model.body(i).name for i in range(model.nbody)]
    ids = np.array(model.geom_bodyid, np.int32)
    for geom in np.flatnonzero(ids == 0):
        name = model.geom(int(geom)).name
        if name:
            ids[geom] = len(names)
            names.append(name)
    return tuple(names), ids
