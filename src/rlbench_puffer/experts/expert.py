"""A scripted expert: plans along its task's waypoints and acts like any policy."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import POSE_MODES, EnvConfig
from rlbench_puffer.engines.base import Engine
from rlbench_puffer.engines.builtin.clearance import Clearance
from rlbench_puffer.engines.builtin.controllers import ARM, FINGERS
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.errors import ConfigError
from rlbench_puffer.experts.commands import ArmCommands
from rlbench_puffer.experts.planner import Planner
from rlbench_puffer.experts.script import Scripts
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.waypoints import Waypoint


class Actable(Protocol):
    """What an expert acts on: ``RLBenchEnv`` after its reset, or a ``BatchEnv``."""

    @property
    def engine(self) -> Engine:
        """What simulates it."""
        ...

    @property
    def config(self) -> EnvConfig:
        """What it was made from."""
        ...

    @property
    def episode_steps(self) -> NDArray[np.int64]:
        """Control steps of each running episode, (n,)."""
        ...


class Expert:
    """Solves a task over the public action interface.

    It knows the simulator's state, which a policy does not: at an episode's first step
    it asks the task for waypoints and plans. A move that may go any way ends in a
    posture from which the straight ways after it can be followed; the next such move
    is planned when it comes, from where the arm then is.

    The same state gives the same actions, whatever ran before and beside it.

    Args:
      env: an ``RLBenchEnv`` that was reset, or a ``BatchEnv``, of engine ``builtin``.

    Attributes:
      stuck: (n,) bool, where the planner found no way in the running episode; the arm
        stays where it is then.

    Raises:
      ConfigError: another engine.
    """

    def __init__(self, env: Actable) -> None:
        engine = env.engine
        if not isinstance(engine, BuiltinEngine) or not isinstance(engine.task, Task):
            raise ConfigError(
                f"The scripted expert knows the tasks of engine 'builtin', not those "
                f"of {env.config.engine!r}."
            )
        self._env = env
        self._task: Task = engine.task
        scene = engine.scene
        n = engine.num_envs
        qpos, qvel = scene.batch.bind("qpos"), scene.batch.bind("qvel")
        self._postures, self._finger_speeds = qpos[:, ARM], qvel[:, FINGERS]
        self._clearance = Clearance(scene, self._task.graspable)
        arm = ArmKinematics(scene.model)
        self._planner = Planner(arm, self._clearance)
        self._commands = ArmCommands(env.config, arm)
        self._by_poses = env.config.arm_action_mode in POSE_MODES
        self._scripts = Scripts(n, patient=not self._by_poses)
        self._to_come: list[list[tuple[Waypoint, ...]]] = [[] for _ in range(n)]
        self._half_turns: list[bool | None] = [None] * n
        self._all = np.arange(n)
        self.stuck = np.zeros(n, bool)

    def act(self, among: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """The actions of the next control step.

        Args:
          among: (n,) sub-envs that will step; None: all. The others' actions mean
            nothing, and nothing is planned for them.

        Returns:
          (n, 8) float32 in the units of the env's action space. In the step in which
          a sub-env only resets itself its action is ignored, as any other.
        """
        env_ids = self._all if among is None else np.flatnonzero(among)
        fresh = self._env.episode_steps[env_ids] == 0
        begun = env_ids[~fresh]
        over = self._scripts.advance(self._postures, self._finger_speeds, begun)
        for env_id in env_ids[fresh]:
            self._begin_episode(int(env_id))
        for env_id in np.flatnonzero(over):
            if self._to_come[env_id]:
                self._begin_stage(int(env_id))
        scripts = self._scripts
        return self._commands.actions(
            self._postures, scripts.last, scripts.aim, scripts.opened
        )

    def _begin_episode(self, env_id: int) -> None:
        waypoints = self._task.waypoints(env_id)
        if not waypoints:
            raise ConfigError(
                f"The task {self._task.name} has no expert. Give it waypoints(): see "
                "rlbench_puffer.tasks.base.Task."
            )
        self._to_come[env_id] = _stages(waypoints)
        self._half_turns[env_id] = None
        self.stuck[env_id] = False
        self._scripts.rest(env_id, self._postures[env_id].copy(), opened=True)
        self._begin_stage(env_id)

    def _begin_stage(self, env_id: int) -> None:
        waypoints = self._to_come[env_id].pop(0)
        start = self._clearance.take(env_id)
        stage = self._planner.plan(start, waypoints, self._half_turns[env_id])
        if stage is None:
            self.stuck[env_id] = True
            self._to_come[env_id] = []
            opened = bool(self._scripts.opened[env_id])
            self._scripts.rest(env_id, start, opened=opened)
            return
        self._half_turns[env_id] = stage.half_turn
        if self._by_poses:
            stage = self._planner.thinned(start, stage)
        self._scripts.load(env_id, start, stage)


def _stages(waypoints: tuple[Waypoint, ...]) -> list[tuple[Waypoint, ...]]:
    """Waypoints in groups that begin with a free one, but perhaps the first."""
    starts = [i for i, each in enumerate(waypoints) if each.path == "free" or i == 0]
    ends = [*starts[1:], len(waypoints)]
    return [waypoints[a:b] for a, b in zip(starts, ends, strict=True)]
