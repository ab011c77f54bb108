"""The builtin engine: ports of RLBench tasks on ``mujoco.batch``."""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import mujoco
import mujoco.batch
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import (
    PHYSICS_STEPS_PER_CONTROL_STEP,
    POSE_MODES,
    EnvConfig,
)
from rlbench_puffer.display.make import DisplayLease, lease_display
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.base import Engine, EngineState, EnvIds, rows_of
from rlbench_puffer.engines.builtin.controllers import ARM, FINGERS, RobotController
from rlbench_puffer.engines.builtin.grasping import Grasping, add_grasp
from rlbench_puffer.engines.builtin.pose_moves import PoseMoves
from rlbench_puffer.engines.builtin.pose_targets import PoseTargets
from rlbench_puffer.engines.builtin.randomizing import Randomizer
from rlbench_puffer.engines.builtin.robot_observations import (
    FieldWriter,
    RobotObservations,
)
from rlbench_puffer.engines.builtin.scene import Placement, Scene
from rlbench_puffer.engines.builtin.scene_spec import base_scene
from rlbench_puffer.engines.builtin.task_interface import BuiltinTask

if TYPE_CHECKING:
    from rlbench_puffer.engines.builtin.rendering import SceneRenderer

_RENDERING = "rlbench_puffer.engines.builtin.rendering"
"""Imported when something is first drawn."""

_UP_TO_VELOCITIES = mujoco.mjtStage.mjSTAGE_VEL.value
"""What is computed anew after the last physics step; kept, as finding the number in
MuJoCo's enum costs 0.4 us."""

_BAD_WARNINGS = tuple(
    int(warning)
    for warning in (
        mujoco.mjtWarning.mjWARN_BADQPOS,
        mujoco.mjtWarning.mjWARN_BADQVEL,
        mujoco.mjtWarning.mjWARN_BADQACC,
    )
)
"""MuJoCo resets a simulation by itself when its numbers become unusable and counts
it here; for us that is a fault, not a reset."""


class BuiltinEngine(Engine):
    """n simulations of one built-in task.

    Args:
      config: action modes, reward and threads.
      task: the task's rules; owned by this engine from now on.
      num_envs: how many simulations.
    """

    def __init__(self, config: EnvConfig, task: BuiltinTask, num_envs: int) -> None:
        _keep_log_file_away()
        self.num_envs = num_envs
        self.task = task
        self.scene = Scene(compile_scene(task), num_envs, config.num_threads)
        scene = self.scene
        self.thread_ids = scene.thread_ids
        task.bind(scene)
        self._randomizer = (
            None if config.randomize is None else Randomizer(scene, config.randomize)
        )
        self._all = np.arange(num_envs)
        self._qpos = scene.batch.bind("qpos")
        # Kept in every mode: a state may go on in another one.
        self._plan_seeds = scene.variable("plan_seeds", (2,), np.int64)
        finger_goals = scene.variable("finger_goals", (), np.float64)
        self._controller = RobotController(
            config, self._qpos, scene.batch.bind("ctrl"), finger_goals
        )
        discrete = config.gripper_action_mode == "discrete"
        self._grasping = (
            Grasping(scene, task.graspable) if discrete and task.graspable else None
        )
        self._robot = RobotObservations(scene)
        self._writers = self._robot.writers()
        self._writers["task_low_dim_state"] = task.low_dim_state
        self._observed: NDArray[np.void] | None = None
        self._fields: list[tuple[FieldWriter, NDArray[np.float32]]] = []
        self._config = config
        self._renderer: SceneRenderer | None = None
        self._lease: DisplayLease | None = None
        # Asked for at every reset, and checked anew whenever it is read.
        self._has_cameras = bool(config.camera_pairs)
        if self._has_cameras:
            self._made_renderer()
        self._shaped = config.reward == "shaped"
        self._warnings = scene.batch.warning
        self._no_warnings = bytes(self._warnings.nbytes)
        self.success = np.zeros(num_envs, bool)
        self.terminated = self.success
        self.shaped_reward = np.zeros(num_envs, np.float32)
        self.variations = scene.variable("variation", (), np.int64)
        self.faults: dict[int, str] = {}
        self.invalid_actions: dict[int, str] = {}
        self._pose_moves: PoseMoves | None = None
        if config.arm_action_mode in POSE_MODES:
            self._pose_moves = PoseMoves(
                config,
                scene,
                PoseTargets(config, scene, task.graspable, self._plan_seeds),
                self._controller,
                finger_goals,
                self._control_step,
                task.success,
                self.faults,
            )

    def reset(
        self,
        env_ids: EnvIds,
        rngs: Sequence[np.random.Generator],
        variations: Sequence[int],
    ) -> None:
        """See :meth:`Engine.reset`."""
        scene = self.scene
        rows = rows_of(env_ids, self.num_envs)
        scene.clear(env_ids)
        self._qpos[rows, ARM] = limits.HOME_JOINT_POSITIONS
        self._qpos[rows, FINGERS] = limits.FINGER_TRAVEL
        self._controller.reset(rows)
        self.variations[rows] = variations
        plan_seeds = []
        for env_id, rng, variation in zip(
            env_ids.tolist(), rngs, variations, strict=True
        ):
            self.task.reset(Placement(scene, env_id), rng, variation)
            if self._randomizer is not None:
                self._randomizer.apply(env_id, rng)
            plan_seeds.append(rng.integers(2**31))
        self._plan_seeds[rows, 0] = plan_seeds
        if self._randomizer is not None:
            self._randomizer.finish(env_ids)
        scene.forward(env_ids)
        self._robot.refresh(env_ids)
        self.task.begin(env_ids)
        self.success[rows] = self.task.success()[rows]
        if self.faults:
            for env_id in env_ids.tolist():
                self.faults.pop(env_id, None)

    def step(self, env_ids: EnvIds, actions: NDArray[np.float64]) -> None:
        """See :meth:`Engine.step`."""
        self.faults.clear()
        if self._pose_moves is None:
            self._controller.apply(env_ids, actions)
            self._control_step(env_ids)
        else:
            self.invalid_actions = self._pose_moves.run(
                env_ids, actions, self.first_env_id
            )
        success = self.task.success()
        if self._shaped:
            self.shaped_reward[:] = self.task.shaped_reward(success)
        self.success[:] = success

    def _control_step(self, env_ids: EnvIds) -> None:
        """Simulate one control step with the motors' targets as they are."""
        everyone = len(env_ids) == self.num_envs
        if self._grasping is not None:
            self._grasping.release(~self._controller.closing)
        try:
            self._step_physics(None if everyone else env_ids)
        except mujoco.batch.SimulationError as error:
            for env_id in error.ids:
                self.faults[int(env_id)] = self.scene.batch.error(int(env_id))
        self._note_unstable(env_ids)
        self._robot.refresh(env_ids)
        if self._grasping is not None:
            stepped = np.zeros(self.num_envs, bool)
            stepped[env_ids] = True
            self._grasping.attach(self._controller.closing & stepped)

    def observe(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """See :meth:`Engine.observe`."""
        if out is not self._observed:
            # Finding the fields takes as long as writing them: they are kept.
            self._observed = out
            self._fields = [
                (self._writers[name], out[name])
                for name in out.dtype.names or ()
                if name in self._writers  # The others are pictures: see render().
            ]
        everyone = len(env_ids) == self.num_envs
        for write, field in self._fields:
            if everyone:
                write(field)
            else:
                values = np.empty_like(field)
                write(values)
                field[env_ids] = values[env_ids]

    def render(self, env_ids: EnvIds, out: NDArray[np.void]) -> None:
        """See :meth:`Engine.render`."""
        self._made_renderer().render(env_ids, out)

    def camera_info(self, env_id: int) -> dict[str, Any]:
        """See :meth:`Engine.camera_info`."""
        if not self._has_cameras:
            return {}
        return self._made_renderer().info(env_id)

    def picture(
        self, env_id: int, camera: str, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """See :meth:`Engine.picture`."""
        return self._made_renderer().picture(env_id, camera, size)

    def descriptions(self, env_id: int) -> tuple[str, ...]:
        """See :meth:`Engine.descriptions`."""
        return self.task.descriptions(int(self.variations[env_id]))

    def save_state(self, env_id: int) -> EngineState:
        """See :meth:`Engine.save_state`."""
        saved = self.scene.save(env_id)
        saved["closing"] = bool(self._controller.closing[env_id])
        return saved

    def restore_state(self, env_id: int, state: EngineState) -> None:
        """See :meth:`Engine.restore_state`."""
        self.scene.restore(env_id, state)
        self._controller.closing[env_id] = state["closing"]
        self.success[env_id] = self.task.success()[env_id]
        self.faults.pop(env_id, None)

    def close(self) -> None:
        """See :meth:`Engine.close`; the memory goes with the last reference."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _made_renderer(self) -> "SceneRenderer":
        """The renderer, made when something is first drawn.

        Without cameras nothing of OpenGL is ever loaded.
        """
        renderer = self._renderer
        if renderer is None:
            rendering = importlib.import_module(_RENDERING)
            self._lease = lease_display(self._config.display)
            renderer = rendering.SceneRenderer(
                self.scene,
                self.task,
                self._lease.display,
                self._config.camera_pairs,
                self._config.render_quality,
            )
            self._renderer = renderer
        return renderer

    def _step_physics(self, env_ids: EnvIds | None) -> None:
        step = self.scene.batch.step
        last = PHYSICS_STEPS_PER_CONTROL_STEP
        if self._controller.follows_positions:
            # The position loop closes in every physics step, as CoppeliaSim's does.
            for _ in range(PHYSICS_STEPS_PER_CONTROL_STEP - 1):
                self._controller.follow()
                step(env_ids)
            self._controller.follow()
            last = 1
        step(env_ids, nstep=last, stage=_UP_TO_VELOCITIES)

    def _note_unstable(self, env_ids: EnvIds) -> None:
        # Quicker than any(), and this is asked after every step.
        if self._warnings.tobytes() == self._no_warnings:
            return
        counts = self._warnings[:, _BAD_WARNINGS]
        for env_id in env_ids:
            if counts[env_id].any():
                self.faults[int(env_id)] = (
                    "The simulation became unstable: MuJoCo found positions, "
                    "velocities or accelerations that are not finite."
                )
                self._warnings[env_id] = 0


def _keep_log_file_away() -> None:
    """Keep MuJoCo from writing MUJOCO_LOG.TXT into whatever folder this runs in.

    What it would hold is told as a fault, and on stderr.
    """
    log = mujoco.MjLogConfig.get()
    log.logto_file = False
    log.set()


def compile_scene(task: BuiltinTask) -> mujoco.MjModel:
    """The model of the robot, the table and one task."""
    spec = base_scene()
    task.build(spec)
    for body in task.graspable:
        add_grasp(spec, body)
    return spec.compile()
