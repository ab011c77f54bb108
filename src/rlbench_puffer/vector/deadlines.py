"""How long a worker may take before it counts as hung."""

import dataclasses

from rlbench_puffer.errors import InvalidOptionError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deadlines:
    """One limit for each phase of a worker's life.

    Raises:
      InvalidOptionError: a time that is not positive.
    """

    init_timeout_s: float = 120.0
    """From start to ready, in [s]."""

    reset_timeout_s: float = 30.0
    """One reset of a worker's sub-envs, in [s]."""

    step_timeout_s: float = 10.0
    """One control step of a worker's sub-envs, in [s]; a chunk has one for each."""

    def __post_init__(self) -> None:
        """Check every time."""
        for name in ("init_timeout_s", "reset_timeout_s", "step_timeout_s"):
            check_seconds(name, getattr(self, name))


def check_seconds(option: str, value: object) -> None:
    """Raise InvalidOptionError unless ``value`` is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InvalidOptionError(option, value, "a number of seconds above 0")
