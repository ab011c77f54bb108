"""Options of engines that run RLBench's own code; nothing of RLBench is imported."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from rlbench_puffer.errors import InvalidOptionError, UnknownNameError

RobotName = Literal["panda", "jaco", "mico", "sawyer", "ur5"]
RendererName = Literal["opengl", "opengl3"]
RandomizeEvery = Literal["episode", "transition"]

ARM_JOINTS = {"panda": 7, "jaco": 6, "mico": 6, "sawyer": 7, "ur5": 6}
"""Joints of each arm that RLBench 1.2.0 can put on the table."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Simulator:
    """How RLBench's own scene is set up and run.

    Raises:
      UnknownNameError, InvalidOptionError: a value that does not fit.
    """

    robot: RobotName = "panda"
    """Arm and gripper."""

    renderer: RendererName = "opengl"
    """What draws cameras. RLBench's own default is ``"opengl3"``, which has shadows
    and is eight times slower in software (measured: 14 against 112 steps/s)."""

    static_positions: bool = False
    """Whether tasks stand where their model has them, rather than anywhere."""

    attach_grasped_objects: bool = True
    """Whether a closing gripper attaches what it grasps, as RLBench does."""

    commanded_joints: tuple[int, ...] = (0,)
    """Joints that ``er_joint_ik`` takes positions of, after the pose."""

    textures: str | None = None
    """A folder of pictures to draw textures from: visual domain randomisation."""

    randomize_every: RandomizeEvery = "episode"
    """When textures change; only with ``textures``."""

    randomize_frequency: int = 1
    """Every how many episodes, or steps, they do."""

    randomize_except: tuple[str, ...] = ()
    """Names of objects that keep their look: RLBench's ``blacklist``. (Its
    ``whitelist`` keeps nothing out in this version, and is not offered.)"""

    randomize_arm: bool = True
    """Whether the Panda's shapes are given textures, too."""

    dataset_root: str | None = None
    """The folder of RLBench's stored demos."""

    count_waypoints: bool = False
    """Whether ``reset`` tells how many waypoints a demo would have, as
    ``info["waypoint_count"]``."""

    recycle_after: int | None = None
    """Episodes after which the simulator is shut down and started afresh."""

    launch_timeout_s: float = 60.0
    """How long starting the simulator may take, in [s]."""

    def __post_init__(self) -> None:
        """Check every field."""
        closed = (
            ("robot", self.robot, get_args(RobotName)),
            ("renderer", self.renderer, get_args(RendererName)),
            ("randomize_every", self.randomize_every, get_args(RandomizeEvery)),
        )
        if self.randomize_every == "variation":
            raise InvalidOptionError(
                "randomize_every",
                "variation",
                "'episode' or 'transition'",
                "RLBench 1.2.0 takes VARIATION for TRANSITION: both have one number.",
            )
        for kind, value, names in closed:
            if value not in names:
                raise UnknownNameError(kind, value, names)
        for name in (
            "static_positions",
            "attach_grasped_objects",
            "count_waypoints",
            "randomize_arm",
        ):
            if not isinstance(getattr(self, name), bool):
                raise InvalidOptionError(name, getattr(self, name), "True or False")
        self._check_joints()
        self._check_randomization()
        for name in ("textures", "dataset_root"):
            self._check_folder(name, getattr(self, name))
        number = self.recycle_after
        if number is not None and not _is_count(number):
            raise InvalidOptionError(
                "recycle_after", number, "None, or a whole number of at least 1"
            )
        limit = self.launch_timeout_s
        if not isinstance(limit, int | float) or not limit > 0:
            raise InvalidOptionError(
                "launch_timeout_s", limit, "a number of seconds above 0"
            )

    def _check_joints(self) -> None:
        given = self.commanded_joints
        joints = tuple(given) if isinstance(given, Iterable) else ()
        count = ARM_JOINTS[self.robot]
        if not joints or len(set(joints)) < len(joints):
            raise InvalidOptionError(
                "commanded_joints", given, "one or more different joints"
            )
        if not all(isinstance(j, int) and 0 <= j < count for j in joints):
            raise InvalidOptionError(
                "commanded_joints",
                joints,
                f"indices from 0 to {count - 1}, the joints of {self.robot}",
            )
        object.__setattr__(self, "commanded_joints", joints)

    def _check_randomization(self) -> None:
        every, names = self.randomize_frequency, self.randomize_except
        if not _is_count(every):
            raise InvalidOptionError(
                "randomize_frequency", every, "a whole number of at least 1"
            )
        listed = isinstance(names, Iterable) and not isinstance(names, str)
        if not listed or not all(isinstance(n, str) for n in names):
            raise InvalidOptionError("randomize_except", names, "names of objects")
        object.__setattr__(self, "randomize_except", tuple(names))
        if self.textures is not None:
            return
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("randomize_") and value != field.default:
                raise InvalidOptionError(
                    field.name,
                    value,
                    f"{field.default!r} without textures, a folder of pictures",
                )

    def _check_folder(self, name: str, folder: str | None) -> None:
        if folder is None:
            return
        if not isinstance(folder, str | Path) or not Path(folder).is_dir():
            raise InvalidOptionError(name, folder, "a folder that exists")
        # Launching changes the working directory for a while.
        object.__setattr__(self, name, str(Path(folder).absolute()))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
