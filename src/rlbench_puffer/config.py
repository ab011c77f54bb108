"""What an environment is made from: one frozen dataclass, checked when made."""

import dataclasses
import importlib.util
import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

from rlbench_puffer.camera import CameraOption, Cameras, checked_cameras
from rlbench_puffer.errors import (
    InvalidOptionError,
    MissingDependencyError,
    UnknownNameError,
)
from rlbench_puffer.randomization import Randomization
from rlbench_puffer.simulator import Simulator

EngineName = Literal["builtin", "mujoco", "coppeliasim"]
ArmActionMode = Literal[
    "joint_velocity",
    "joint_position",
    "delta_joint_position",
    "ee_pose_ik",
    "delta_ee_pose_ik",
    "joint_torque",
    "ee_pose_planning",
    "delta_ee_pose_planning",
    "er_joint_ik",
    "delta_er_joint_ik",
]
GripperActionMode = Literal["discrete", "joint_position"]
DeltaFrame = Literal["world", "end_effector"]
InvalidActionPolicy = Literal["noop_penalty", "truncate", "raise"]
RewardName = Literal["sparse", "shaped"]
DisplayName = Literal["auto", "none", "egl", "osmesa", "xvfb", "external"]
RenderQuality = Literal["fast", "fine"]
ObservationName = Literal[
    "joint_positions",
    "joint_velocities",
    "joint_forces",
    "gripper_open",
    "gripper_pose",
    "gripper_joint_positions",
    "gripper_touch_forces",
    "task_low_dim_state",
]

POSE_MODES: tuple[str, ...] = (
    "ee_pose_ik",
    "delta_ee_pose_ik",
    "ee_pose_planning",
    "delta_ee_pose_planning",
    "er_joint_ik",
    "delta_er_joint_ik",
)
"""Arm action modes whose actions are poses of the tip. Of all actions within the
bounds, only theirs may ask for what cannot be done; and one of theirs may take many
control steps."""

BUILTIN_ARM_MODES: tuple[str, ...] = (
    "joint_velocity",
    "joint_position",
    "delta_joint_position",
    "ee_pose_ik",
    "delta_ee_pose_ik",
    "ee_pose_planning",
)
"""Arm action modes that engine ``builtin`` has; the others have all."""

ARM_MODE_WORDS: dict[str, str] = {
    "joint": "joint_velocity",
    "ik": "ee_pose_ik",
    "planning": "ee_pose_planning",
}
"""Short words for arm action modes, as the command line takes them beside the names."""

OBSERVATION_NAMES: tuple[str, ...] = get_args(ObservationName)
"""RLBench's low-dimensional observation fields, in the order observations have."""

CONTROL_DT = 0.05
"""One control step in [s]; RLBench's simulation step (measured, RLBench 1.2.0)."""

PHYSICS_DT = 0.005
"""One physics step in [s]; ten make a control step, as in RLBench."""

PHYSICS_STEPS_PER_CONTROL_STEP = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """Everything that decides what one environment does, but its seed.

    Raises:
      UnknownNameError: a value is not one of an option's closed set.
      InvalidOptionError: a value has the wrong type or lies out of range.
    """

    task: str
    """Task name in snake case, such as ``"open_drawer"``; with engines
    ``mujoco`` and ``coppeliasim`` also RLBench's class name, or
    ``"module.path:Class"``."""

    engine: EngineName = "builtin"
    """What simulates."""

    arm_action_mode: ArmActionMode = "joint_velocity"
    """What the first seven numbers of an action mean."""

    gripper_action_mode: GripperActionMode = "discrete"
    """What the last number of an action means. As in RLBench, only ``"discrete"``
    attaches what it grasps: tasks whose rule asks for a grasp need it."""

    normalize_actions: bool = True
    """Whether actions are in [-1, 1] and scaled to physical limits."""

    observations: tuple[str, ...] = OBSERVATION_NAMES
    """Observation fields wanted, in any order; the order in the space is fixed."""

    delta_frame: DeltaFrame = "world"
    """Frame of the moves of ``delta_ee_pose_ik``: the world's, or the tip's own."""

    collision_checking: bool = False
    """Whether paths of ``ee_pose_planning`` touch nothing but what they start at;
    needs the extra ``planning``. As in RLBench, a checked path pushes nothing. Engines
    ``mujoco`` and ``coppeliasim`` check in every mode of poses, as RLBench does."""

    on_invalid: InvalidActionPolicy = "noop_penalty"
    """What follows an action whose pose the arm cannot take: the sub-env stands still
    for one control step and ``invalid_penalty`` is taken from its reward; or its
    episode is truncated; or ``InvalidActionError`` is raised."""

    invalid_penalty: float = 0.01
    """Taken from the reward of such a step under ``"noop_penalty"``: a hundredth of
    what success is worth in the sparse reward."""

    reward: RewardName = "sparse"
    """``"sparse"`` is 1 at success and 0 elsewhere; ``"shaped"`` is the task's."""

    variation: int | tuple[int, ...] | Literal["random"] = "random"
    """One task variation, several to draw from, or all of them."""

    episode_length: int | None = None
    """Control steps until ``truncated``; None takes the task's own limit."""

    num_threads: int = 1
    """Threads of the physics in one process; workers of a pool want one."""

    cameras: CameraOption = ()
    """Cameras to observe through: a mapping from RLBench's camera names to a
    :class:`Camera`, or to a size (height, width), which alone means rgb. Kept as
    pairs in RLBench's order, so that a configuration stays hashable."""

    display: DisplayName = "auto"
    """Where a process that draws gets OpenGL from; see ``rlbench_puffer.display``."""

    render_quality: RenderQuality = "fast"
    """``"fast"`` for observations; ``"fine"`` draws round things rounder, with
    shadows and smoothed edges, for people, and takes many times longer."""

    randomize: Randomization | None = None
    """What differs from episode to episode beside the task's own placement: colours,
    lights, cameras, friction, masses. None: nothing."""

    simulator: Simulator | None = None
    """Robot, renderer and whatever else only RLBench's own scene has; for engines
    ``mujoco`` and ``coppeliasim``, where None means ``Simulator()``."""

    def __post_init__(self) -> None:
        """Check every field against its closed set or range."""
        if not isinstance(self.task, str):
            raise InvalidOptionError("task", self.task, "a task's name")
        _check_choice("engine", self.engine, get_args(EngineName))
        _check_choice("arm action mode", self.arm_action_mode, get_args(ArmActionMode))
        _check_choice(
            "gripper action mode",
            self.gripper_action_mode,
            get_args(GripperActionMode),
        )
        if not isinstance(self.collision_checking, bool):
            raise InvalidOptionError(
                "collision_checking", self.collision_checking, "True or False"
            )
        _check_choice("delta frame", self.delta_frame, get_args(DeltaFrame))
        _check_choice(
            "invalid action policy", self.on_invalid, get_args(InvalidActionPolicy)
        )
        _check_penalty(self.invalid_penalty)
        _check_choice("reward", self.reward, get_args(RewardName))
        if not isinstance(self.normalize_actions, bool):
            raise InvalidOptionError(
                "normalize_actions", self.normalize_actions, "True or False"
            )
        object.__setattr__(
            self, "observations", _ordered_observations(self.observations)
        )
        object.__setattr__(self, "variation", _checked_variation(self.variation))
        if self.episode_length is not None:
            check_positive_int("episode_length", self.episode_length)
        check_positive_int("num_threads", self.num_threads)
        object.__setattr__(self, "cameras", checked_cameras(self.cameras))
        _check_choice("display", self.display, get_args(DisplayName))
        if not isinstance(self.randomize, Randomization | None):
            raise InvalidOptionError(
                "randomize",
                self.randomize,
                "a Randomization, such as rlbench_puffer.Randomization(colors=0.3)",
            )
        _check_choice("render quality", self.render_quality, get_args(RenderQuality))
        self._check_engine()

    def _check_engine(self) -> None:
        """Check what one engine has and another has not."""
        mode, simulator = self.arm_action_mode, self.simulator
        if self.engine == "builtin":
            if mode not in BUILTIN_ARM_MODES:
                raise InvalidOptionError(
                    "arm_action_mode",
                    mode,
                    f'one of {", ".join(BUILTIN_ARM_MODES)} with engine "builtin"',
                    'engine="mujoco" has it, and so has "coppeliasim".',
                )
            if simulator is not None:
                raise InvalidOptionError(
                    "simulator", simulator, 'None with engine "builtin"'
                )
            if self.collision_checking and mode == "ee_pose_planning":
                _check_planner()
            return
        if simulator is not None and not isinstance(simulator, Simulator):
            raise InvalidOptionError(
                "simulator", simulator, "a rlbench_puffer.Simulator or None"
            )
        if self.randomize is not None:
            raise InvalidOptionError(
                "randomize",
                self.randomize,
                f'None with engine "{self.engine}"',
                "RLBench changes textures only, Simulator(textures=FOLDER); its "
                "DynamicsRandomizationConfig is not implemented in RLBench itself.",
            )
        only_here = {"num_threads": 1, "render_quality": "fast"}
        for name, only in only_here.items():
            if getattr(self, name) != only:
                raise InvalidOptionError(
                    name, getattr(self, name), f'{only!r} with engine "{self.engine}"'
                )

    @property
    def camera_pairs(self) -> Cameras:
        """The cameras as checked: name and :class:`Camera`, in RLBench's order."""
        return checked_cameras(self.cameras)


def make_config(task: str, **options: Any) -> EnvConfig:
    """An :class:`EnvConfig` from keyword options.

    Args:
      task: the task's name.
      **options: the other fields of :class:`EnvConfig`.

    Raises:
      UnknownNameError: an option does not exist; the message lists the close ones.
    """
    known = [field.name for field in dataclasses.fields(EnvConfig)]
    for name in options:
        if name not in known:
            raise UnknownNameError("option", name, known)
    return EnvConfig(task=task, **options)


def arm_action_mode(word: str) -> str:
    """An arm action mode's name from its short word; names pass as they are."""
    return ARM_MODE_WORDS.get(word, word)


def check_positive_int(option: str, value: object) -> None:
    """Raise InvalidOptionError unless ``value`` is an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOptionError(option, value, "a whole number of at least 1")


def _check_planner() -> None:
    """Raise MissingDependencyError unless what plans around things is installed."""
    if importlib.util.find_spec("ompl") is None:
        raise MissingDependencyError(
            "ompl", "Planning with collision_checking", "planning"
        )


def _check_penalty(value: object) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        fits = 0 <= value < math.inf
    else:
        fits = False
    if not fits:
        raise InvalidOptionError(
            "invalid_penalty", value, "a finite number of at least 0"
        )


def _check_choice(kind: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UnknownNameError(kind, value, choices)


def _ordered_observations(names: object) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise InvalidOptionError(
            "observations", names, f"a list of one or more of {OBSERVATION_NAMES}"
        )
    for name in names:
        _check_choice("observation", name, OBSERVATION_NAMES)
    return tuple(name for name in OBSERVATION_NAMES if name in names)


def _checked_variation(
    variation: object,
) -> int | tuple[int, ...] | Literal["random"]:
    if variation == "random":
        return "random"
    expected = '"random", a variation index, or a list of indices'
    listed = variation if isinstance(variation, Sequence) else (variation,)
    indices = [
        index
        for index in listed
        if isinstance(index, int) and not isinstance(index, bool) and index >= 0
    ]
    if not indices or len(indices) != len(listed):
        raise InvalidOptionError("variation", variation, expected)
    return tuple(indices) if isinstance(variation, Sequence) else indices[0]
