"""n copies of one compiled scene: read by name, placed per episode, saved exactly."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.engines.base import EngineState, EnvIds, rows_of
from rlbench_puffer.errors import ConfigError, UnknownNameError
from rlbench_puffer.poses import xyzw_to_wxyz

PLACED_MODEL_FIELDS = ("body_pos", "body_quat", "geom_rgba", "eq_data")
"""Model fields that differ between sub-envs: where fixed bodies stand, what colour
things have, how a grasped object sits in the hand."""

_UPRIGHT = (0.0, 0.0, 0.0, 1.0)
_UPRIGHT_WXYZ = (1.0, 0.0, 0.0, 0.0)

_MASS_FIELDS = ("body_mass", "body_inertia")
"""Model fields that constants of the model are derived from."""

_COUNTS = {
    "body": "nbody",
    "joint": "njnt",
    "geom": "ngeom",
    "site": "nsite",
    "sensor": "nsensor",
    "equality": "neq",
}


class Scene:
    """n simulations of one model, with named live views for tasks and controllers.

    A view shows the simulations' present state and must not be written, except
    where a method says so.

    Args:
      model: the compiled scene.
      num_envs: how many simulations.
      num_threads: threads that step them, the calling one among them.

    Attributes:
      thread_ids: the kernel's numbers of the threads beside the calling one.
    """

    def __init__(self, model: mujoco.MjModel, num_envs: int, num_threads: int) -> None:
        self.model = model
        self.num_envs = num_envs
        # Persistent data make the position stage after a step cost nothing: the
        # next step goes on from it.
        before = _threads()
        self.batch = Batch(model, num_envs, num_threads, persistent=True)
        self.thread_ids = tuple(sorted(_threads() - before))
        self._placed = {name: self.batch.expand(name) for name in PLACED_MODEL_FIELDS}
        self._defaults = {name: array[0].copy() for name, array in self._placed.items()}
        self._start_state = self.batch.state[0].copy()
        self._variables: dict[str, NDArray[Any]] = {}
        self._varies_constants = False
        # Looking a name up costs more than what a placement does with it.
        self._ids: dict[tuple[str, str], int] = {}
        self._pose_views: dict[
            str, tuple[NDArray[np.float64], NDArray[np.float64]]
        ] = {}

    def id_of(self, kind: str, name: str) -> int:
        """Index of a named body, joint, geom, site, sensor or equality.

        Raises:
          UnknownNameError: the scene has none of that name; lists close matches.
        """
        known = self._ids.get((kind, name))
        if known is not None:
            return known
        objtype = getattr(mujoco.mjtObj, f"mjOBJ_{kind.upper()}")
        index = mujoco.mj_name2id(self.model, objtype, name)
        if index < 0:
            count = getattr(self.model, _COUNTS[kind])
            names = [mujoco.mj_id2name(self.model, objtype, i) for i in range(count)]
            raise UnknownNameError(
                f"{kind} of the scene", name, [known for known in names if known]
            )
        self._ids[kind, name] = index
        return index

    def body_position(self, name: str) -> NDArray[np.float64]:
        """World position [m] of a body's frame, (num_envs, 3)."""
        return self.batch.bind("xpos")[:, self.id_of("body", name)]

    def body_quat_wxyz(self, name: str) -> NDArray[np.float64]:
        """World orientation of a body's frame in MuJoCo's order, (num_envs, 4)."""
        return self.batch.bind("xquat")[:, self.id_of("body", name)]

    def body_matrix(self, name: str) -> NDArray[np.float64]:
        """World orientation of a body's frame as matrices, (num_envs, 3, 3)."""
        view = self.batch.bind("xmat").reshape(self.num_envs, -1, 3, 3)
        return view[:, self.id_of("body", name)]

    def site_position(self, name: str) -> NDArray[np.float64]:
        """World position [m] of a site, (num_envs, 3)."""
        return self.batch.bind("site_xpos")[:, self.id_of("site", name)]

    def site_matrix(self, name: str) -> NDArray[np.float64]:
        """World orientation of a site, row-major matrix, (num_envs, 9)."""
        view = self.batch.bind("site_xmat").reshape(self.num_envs, -1, 9)
        return view[:, self.id_of("site", name)]

    def joint_position(self, name: str) -> NDArray[np.float64]:
        """Position of a hinge [rad] or slide [m], (num_envs,)."""
        joint = self.id_of("joint", name)
        return self.batch.bind("qpos")[:, self.model.jnt_qposadr[joint]]

    def placed(self, field: str) -> NDArray[Any]:
        """One of :data:`PLACED_MODEL_FIELDS` of every sub-env, (num_envs, ...)."""
        return self._placed[field]

    def geom_color(self, name: str) -> NDArray[np.float32]:
        """Colour of a geom, rgba in [0, 1], (num_envs, 4); may be written."""
        return self._placed["geom_rgba"][:, self.id_of("geom", name)]

    def pose_views(self, body: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What decides where a body starts, both to be written.

        Args:
          body: its name. With a free joint it is the joint's position; without one it
            is the model's, in the parent's frame.

        Returns:
          position [m] (num_envs, 3) and orientation ``wxyz`` (num_envs, 4).
        """
        known = self._pose_views.get(body)
        if known is not None:
            return known
        model, index = self.model, self.id_of("body", body)
        joint = model.body_jntadr[index]
        if joint >= 0 and model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            start = model.jnt_qposadr[joint]
            qpos = self.batch.bind("qpos")
            views = qpos[:, start : start + 3], qpos[:, start + 3 : start + 7]
        else:
            positions, quats = self._placed["body_pos"], self._placed["body_quat"]
            views = positions[:, index], quats[:, index]
        self._pose_views[body] = views
        return views

    def grasped(self, body: str) -> NDArray[np.float64]:
        """1 where a graspable body is attached to the gripper, else 0, (num_envs,)."""
        return self.batch.bind("eq_active")[:, self.id_of("equality", f"grasp_{body}")]

    def variable(self, name: str, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
        """A task's own per-episode value, (num_envs, *shape), saved with the state.

        Raises:
          ConfigError: the name is taken.
        """
        if name in self._variables:
            raise ConfigError(f"The scene variable {name!r} is defined twice.")
        self._variables[name] = np.zeros((self.num_envs, *shape), dtype)
        return self._variables[name]

    def known_variable(self, name: str) -> NDArray[Any] | None:
        """A variable that may or may not have been defined."""
        return self._variables.get(name)

    def vary(self, field: str) -> None:
        """Let a model field differ between sub-envs, too, from now on.

        It is had by :meth:`placed`, put back at each reset, and saved with the state.
        """
        array = self.batch.expand(field)
        self._placed[field] = array
        self._defaults[field] = array[0].copy()
        self._varies_constants |= field in _MASS_FIELDS

    def update_constants(self, env_ids: EnvIds) -> None:
        """Let the model's derived constants follow masses that were written."""
        if self._varies_constants:
            self.batch.set_const(env_ids)

    def clear(self, env_ids: EnvIds) -> None:
        """Put simulations back to the model's own state, whatever ran before.

        What is derived from it follows with :meth:`forward`.
        """
        rows = rows_of(env_ids, self.num_envs)
        # The state decides everything that forward() computes: MuJoCo's own reset
        # would wipe that, too, for ten times the time.
        self.batch.state[rows] = self._start_state
        self.batch.warning[rows] = 0
        for name, array in self._placed.items():
            array[rows] = self._defaults[name]
        for array in self._variables.values():
            array[rows] = 0

    def forward(self, env_ids: EnvIds) -> None:
        """Compute everything of simulations from their state, forces included."""
        self.batch.forward(env_ids)

    def save(self, env_id: int) -> EngineState:
        """Everything that decides how one simulation goes on."""
        saved: EngineState = {"physics": self.batch.state[env_id].copy()}
        for name, array in self._placed.items():
            saved[f"model.{name}"] = array[env_id].copy()
        for name, array in self._variables.items():
            saved[f"variable.{name}"] = array[env_id].copy()
        return saved

    def restore(self, env_id: int, saved: EngineState) -> None:
        """Put one simulation into a state that :meth:`save` returned.

        It may come from a scene that varied other fields of the model than this one.
        """
        self.batch.state[env_id] = saved["physics"]
        for key in saved:
            kind, _, name = key.partition(".")
            if kind == "model" and name not in self._placed:
                self.vary(name)
        for name, array in self._placed.items():
            array[env_id] = saved.get(f"model.{name}", self._defaults[name])
        for name, array in self._variables.items():
            array[env_id] = saved.get(f"variable.{name}", 0)
        self.update_constants(np.array([env_id]))
        # Positions and velocities only: a full forward would touch the warm start.
        self.batch.forward(np.array([env_id]), stage=mujoco.mjtStage.mjSTAGE_VEL.value)


def _threads() -> set[int]:
    """The kernel's numbers of this process's threads."""
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()}


class Placement:
    """Writes the start of one sub-env's episode."""

    def __init__(self, scene: Scene, env_id: int) -> None:
        self._scene = scene
        self.env_id = env_id

    def set_pose(
        self,
        body: str,
        position: ArrayLike,
        quat_xyzw: ArrayLike = _UPRIGHT,
    ) -> None:
        """Where a body stands, in its parent's frame.

        A body with a free joint is put there and may move on; one without a joint
        stays there for the episode.

        Args:
          body: its name.
          position: (3,) [m].
          quat_xyzw: (4,) unit quaternion.
        """
        positions, quats_wxyz = self._scene.pose_views(body)
        positions[self.env_id] = position
        quats_wxyz[self.env_id] = (
            _UPRIGHT_WXYZ if quat_xyzw is _UPRIGHT else xyzw_to_wxyz(quat_xyzw)
        )

    def set_joint(self, joint: str, position: float) -> None:
        """Start position of a hinge [rad] or slide [m]."""
        self._scene.joint_position(joint)[self.env_id] = position

    def set_color(self, geom: str, rgb: Sequence[float]) -> None:
        """Colour of a geom for the episode, three numbers in [0, 1]."""
        self._scene.geom_color(geom)[self.env_id, :3] = rgb
