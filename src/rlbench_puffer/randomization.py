"""Domain randomisation: how much each episode's world may differ from the next."""

import dataclasses
import math

from rlbench_puffer.errors import InvalidOptionError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Randomization:
    """What is drawn anew for every episode; a field at 0 changes nothing.

    The draws come from the episode's own seed, beside those that place the task's
    objects: the same seed places the same things with and without it, and gives the
    same bytes on every backend.

    Raises:
      InvalidOptionError: a field is no number, or out of its range.
    """

    colors: float = 0.0
    """How far each of red, green and blue of the table, the floor and the walls may
    move, in [0, 1], where 1 is the whole range. What a task's variations name keeps
    its colour."""

    lights: float = 0.0
    """How much brighter or darker each light may be: a factor within 1 +- this, in
    [0, 1]."""

    cameras: float = 0.0
    """How far each camera may move along each axis [m], in [0, 0.5]; the wrist
    camera in the hand's frame."""

    camera_angles: float = 0.0
    """How far each camera may turn about each axis [rad], in [0, pi / 4]."""

    friction: float = 0.0
    """How much the sliding friction of everything may change: one factor within
    1 +- this, in [0, 0.9]."""

    mass: float = 0.0
    """How much the mass of each moving thing of the task may change, its inertia with
    it: factors within 1 +- this, in [0, 0.9]. The robot keeps its own."""

    def __post_init__(self) -> None:
        """Check every field against its range."""
        for field, most in _MOST.items():
            value = getattr(self, field)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= most:
                raise InvalidOptionError(field, value, f"a number in [0, {most:g}]")


_MOST = {
    "colors": 1.0,
    "lights": 1.0,
    "cameras": 0.5,
    "camera_angles": math.pi / 4,
    "friction": 0.9,
    "mass": 0.9,
}
