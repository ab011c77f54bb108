"""What a training run is made from: one frozen dataclass, with defaults per task."""

import dataclasses
import math
from typing import Any, get_args

from rlbench_puffer.config import (
    OBSERVATION_NAMES,
    check_positive_int,
    make_config,
)
from rlbench_puffer.distributed.place import Place, share_envs
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.tasks.registry import find_task
from rlbench_puffer.vector.make import BackendName

TASK_UPDATES = {"reach_target": 150, "push_button": 150, "open_drawer": 300}
"""Updates for a task, about twice as many as it took until every evaluated episode
succeeded (4,096 env steps each, with the other defaults)."""

DEFAULT_UPDATES = 1000
"""For every other task."""


MIN_PICTURE = 36
"""Least height and width in pixels, of which the encoder's convolutions leave one."""

PRECISIONS = ("float32", "bf16")
DEVICES = ("cpu", "cuda")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Everything that decides a training run's numbers.

    Raises:
      UnknownNameError, InvalidOptionError: a value that does not fit.
    """

    task: str
    """Task name in snake case."""

    engine: str = "builtin"
    """What simulates."""

    backend: str | None = None
    """What vectorises; None takes ``native``, and ``shm`` with simulators, which are
    processes."""

    num_envs: int = 64
    """Sub-envs that collect, on all ranks together."""

    ranks: int = 1
    """Processes that share them; each draws chances of its own."""

    num_workers: int | None = None
    """Workers (``native``: threads); None takes the backend's default. Changes no
    number."""

    seed: int = 0
    """Of sub-envs, weights, actions and shuffling."""

    reward: str = "shaped"
    """``"shaped"`` or ``"sparse"``."""

    arm_action_mode: str = "joint_velocity"
    """What the policy's first seven outputs mean."""

    episode_length: int | None = None
    """Control steps until an episode is truncated; None takes the task's."""

    observations: tuple[str, ...] = OBSERVATION_NAMES
    """RLBench's low-dimensional fields that the policy sees; none of them with cameras
    alone."""

    cameras: tuple[str, ...] = ()
    """RLBench's cameras whose colours the policy sees."""

    camera_size: tuple[int, int] = (84, 84)
    """Height and width of their pictures."""

    frame_stack: int = 1
    """Pictures of each camera that the policy sees at once: the last ones of the
    episode. Numbers are not stacked, for velocities are among them."""

    display: str = "auto"
    """What draws."""

    updates: int | None = None
    """Rollouts collected and learnt from; None takes the task's default."""

    num_steps: int = 64
    """Control steps of each sub-env in a rollout."""

    epochs: int = 5
    """Times that a rollout is learnt from."""

    minibatch_size: int = 1024
    """Steps behind one gradient."""

    learning_rate: float = 1e-3
    """Adam's, at the start; it falls to zero in a straight line."""

    hidden: tuple[int, ...] = (128, 128)
    """Widths of the hidden layers, of the policy and of the value function."""

    discount: float = 0.98
    """Gamma, per control step of 0.05 s."""

    trace_decay: float = 0.95
    """Lambda of the advantage estimate."""

    clip: float = 0.2
    """How far the probability ratio may count from one."""

    entropy_coefficient: float = 0.0
    """Weight of the entropy in the loss."""

    value_coefficient: float = 0.5
    """Weight of the value function's error in the loss."""

    max_grad_norm: float = 0.5
    """Gradients are scaled down to this norm."""

    initial_deviation: float = 0.5
    """Standard deviation of each action's component at the start."""

    learner_threads: int = 1
    """torch's threads in this process. Networks this small gain little from more,
    and threads that wait for each other lose much on a busy machine."""

    device: str = "cpu"
    """What learns: ``"cpu"``, or ``"cuda"`` for this process's GPU."""

    precision: str = "float32"
    """``"float32"``, or ``"bf16"`` for the networks' products in bfloat16."""

    compile: bool = False
    """Whether torch compiles the networks, which takes a while at the start."""

    checkpoint_interval: int = 50
    """Updates between checkpoints; at each, all sub-envs begin a new episode, so
    that a resumed run goes on exactly as this one does."""

    eval_interval: int = 50
    """Updates between evaluations."""

    eval_episodes: int = 64
    """Episodes of an evaluation, the same ones each time."""

    def __post_init__(self) -> None:
        """Check every field."""
        if self.engine == "builtin":
            find_task(self.task)
        for name in ("observations", "cameras", "camera_size", "hidden"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        config = make_config(self.task, **self.env_options)
        # In RLBench's order, whatever order they were named in.
        if self.observations:
            object.__setattr__(self, "observations", config.observations)
        cameras = tuple(name for name, _ in config.camera_pairs)
        self._check_pictures()
        object.__setattr__(self, "cameras", cameras)
        if self.backend is None:
            backend = "native" if self.engine == "builtin" else "shm"
            object.__setattr__(self, "backend", backend)
        if self.backend not in get_args(BackendName):
            raise UnknownNameError("backend", self.backend, get_args(BackendName))
        if self.backend == "serial" and self.engine != "builtin":
            raise InvalidOptionError(
                "backend",
                "serial",
                f'"shm", "puffer" or "gym" with engine "{self.engine}": evaluations '
                "need a simulator of their own, and a process can hold one",
            )
        if self.updates is None:
            updates = TASK_UPDATES.get(self.task, DEFAULT_UPDATES)
            object.__setattr__(self, "updates", updates)
        for name in (
            "num_envs",
            "ranks",
            "updates",
            "num_steps",
            "epochs",
            "minibatch_size",
            "learner_threads",
            "checkpoint_interval",
            "eval_interval",
            "eval_episodes",
            "frame_stack",
        ):
            check_positive_int(name, getattr(self, name))
        share_envs(Place(world_size=self.ranks), None, self.num_envs, 1)
        for name, known in (("precision", PRECISIONS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                raise UnknownNameError(name, getattr(self, name), known)
        if not self.hidden:
            raise InvalidOptionError("hidden", self.hidden, "at least one width")
        for width in self.hidden:
            check_positive_int("hidden", width)
        for name in ("learning_rate", "clip", "max_grad_norm", "initial_deviation"):
            _check_number(name, getattr(self, name), above_zero=True)
        for name in ("entropy_coefficient", "value_coefficient"):
            _check_number(name, getattr(self, name), above_zero=False)
        for name in ("discount", "trace_decay"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InvalidOptionError(name, value, "a number in [0, 1]")

    def _check_pictures(self) -> None:
        """Check what a policy with, or without, cameras needs."""
        if len(set(self.cameras)) != len(self.cameras):
            raise InvalidOptionError("cameras", self.cameras, "each camera once")
        if not self.cameras and not self.observations:
            raise InvalidOptionError(
                "observations", (), "at least one field, or a camera"
            )
        if not self.cameras and self.frame_stack != 1:
            raise InvalidOptionError(
                "frame_stack",
                self.frame_stack,
                "1 without cameras: only pictures are stacked",
                "Name a camera, such as `--cameras front`.",
            )
        if self.cameras and min(self.camera_size) < MIN_PICTURE:
            raise InvalidOptionError(
                "camera_size",
                self.camera_size,
                f"at least {MIN_PICTURE} x {MIN_PICTURE} pixels",
                "The encoder's convolutions leave nothing of less.",
            )

    @property
    def env_options(self) -> dict[str, Any]:
        """The fields that an ``EnvConfig`` takes."""
        return {
            "engine": self.engine,
            "reward": self.reward,
            "arm_action_mode": self.arm_action_mode,
            "episode_length": self.episode_length,
            # An environment always has some numbers; a policy need not look at them.
            "observations": self.observations or ("gripper_open",),
            "cameras": dict.fromkeys(self.cameras, self.camera_size),
            "display": self.display,
        }

    def envs_beside(self, episodes: int) -> int:
        """Sub-envs of a rank that play so many episodes beside those that collect.

        A simulator is a process of its own: of those there are no more than collect.
        """
        if self.engine == "builtin":
            return episodes
        return min(episodes, max(1, self.num_envs // self.ranks))

    def as_dict(self) -> dict[str, Any]:
        """All fields, as JSON can hold them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }


def _check_number(name: str, value: float, *, above_zero: bool) -> None:
    fits = math.isfinite(value) and (value > 0 if above_zero else value >= 0)
    if not fits:
        expected = "a number above 0" if above_zero else "a number of at least 0"
        raise InvalidOptionError(name, value, expected)
