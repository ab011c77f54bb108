"""What demos are asked for: the task, how many, where to, seen through what."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import (
    ArmActionMode,
    DisplayName,
    EngineName,
    EnvConfig,
    GripperActionMode,
    InvalidActionPolicy,
    RewardName,
    check_positive_int,
)
from rlbench_puffer.engines.rlbench.live_demo import check_live_demo_options
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.randomization import Randomization

MAX_ATTEMPTS = 10
"""Attempts at one demo before it is given up."""


LIVE_EPISODE_LENGTH = 2000
"""Control steps after which an environment that repeats RLBench's demos truncates. The
longest of 3 attempts at each of 90 tasks on MuJoCo had 894."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DemoRequest:
    """A set of demos.

    Demo i is the first success among the episodes 0, 1, ... of a sub-env seeded with
    ``seed + i``: it depends on nothing else, so any number of workers collects the
    same set.

    Raises:
      InvalidOptionError, UnknownNameError: an option that does not fit.
    """

    task: str
    episodes: int
    out: Path
    num_workers: int = 1
    cameras: tuple[str, ...] = ()
    camera_size: tuple[int, int] = (84, 84)
    """Height and width of the cameras' pictures."""

    depth: bool = False
    """Whether cameras give depth beside rgb."""

    variations: tuple[int, ...] = ()
    """Demo i has the one at i modulo their number; empty stands for all."""

    seed: int = 0
    engine: EngineName = "builtin"
    """What simulates. Of ``mujoco`` and ``coppeliasim`` the demos are RLBench's own."""

    arm_action_mode: ArmActionMode | None = None
    """None takes ``joint_velocity``, and ``joint_position`` of RLBench's demos, in
    which its expert's actions are told."""

    gripper_action_mode: GripperActionMode = "discrete"
    reward: RewardName = "sparse"
    on_invalid: InvalidActionPolicy = "noop_penalty"
    randomize: Randomization | None = None
    display: DisplayName = "auto"

    def __post_init__(self) -> None:
        """Check what the environment does not."""
        builtin = self.engine == "builtin"
        if self.arm_action_mode is None:
            mode = "joint_velocity" if builtin else "joint_position"
            object.__setattr__(self, "arm_action_mode", mode)
        check_positive_int("episodes", self.episodes)
        check_positive_int("num_workers", self.num_workers)
        if self.seed < 0:
            raise InvalidOptionError("seed", self.seed, "a whole number of at least 0")
        config = self.config
        if not builtin:
            check_live_demo_options(config)

    @property
    def config(self) -> EnvConfig:
        """The environment that the demos are taken from."""
        return EnvConfig(**self._options, display=self.display)

    @property
    def make_options(self) -> dict[str, Any]:
        """Arguments of ``demos.environment.make_again``, as plain JSON."""
        cameras = {name: dataclasses.asdict(c) for name, c in self.config.camera_pairs}
        randomize = self.randomize and dataclasses.asdict(self.randomize)
        options = {**self._options, "cameras": cameras, "randomize": randomize}
        return json.loads(json.dumps(options))

    @property
    def _options(self) -> dict[str, Any]:
        """What of :class:`EnvConfig` decides what the demos are."""
        camera = Camera(size=self.camera_size, depth=self.depth)
        simulated = {"engine": self.engine, "episode_length": LIVE_EPISODE_LENGTH}
        return {
            **({} if self.engine == "builtin" else simulated),
            "task": self.task,
            "cameras": dict.fromkeys(self.cameras, camera),
            "arm_action_mode": self.arm_action_mode,
            "gripper_action_mode": self.gripper_action_mode,
            "reward": self.reward,
            "on_invalid": self.on_invalid,
            "randomize": self.randomize,
        }

    @property
    def identity(self) -> dict[str, Any]:
        """What demos of one folder must have in common, as plain JSON."""
        return {
            **self.make_options,
            "seed": self.seed,
            "variations": list(self.variations),
        }

    def seed_of(self, index: int) -> int:
        """Seed of the stream of attempts at a demo."""
        return self.seed + index


def parse_variations(words: Sequence[str]) -> tuple[int, ...]:
    """Variations as the command line has them: ``all``, or indices.

    Returns:
      The indices; empty for ``all``.

    Raises:
      InvalidOptionError: neither.
    """
    if tuple(words) == ("all",):
        return ()
    try:
        indices = tuple(int(word) for word in words)
    except ValueError:
        indices = ()
    if not indices or min(indices) < 0:
        raise InvalidOptionError("variations", " ".join(words), "`all`, or indices")
    return indices


def parse_randomize(words: Sequence[str]) -> Randomization | None:
    """A randomisation as the command line has it: ``colors=0.3 mass=0.2``.

    Returns:
      It; None for no words.

    Raises:
      UnknownNameError: there is nothing of such a name; the message lists close ones.
      InvalidOptionError: a word of another form, or a number out of its range.
    """
    known = [field.name for field in dataclasses.fields(Randomization)]
    amounts: dict[str, float] = {}
    for word in words:
        name, _, amount = word.partition("=")
        if name not in known:
            raise UnknownNameError("randomization", name, known)
        try:
            amounts[name] = float(amount)
        except ValueError:
            raise InvalidOptionError("randomize", word, f"{name}=NUMBER") from None
    return Randomization(**amounts) if words else None
