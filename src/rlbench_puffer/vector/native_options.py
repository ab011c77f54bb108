"""Options of the native backend."""

import dataclasses
from typing import Literal

from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.vector.affinity import Affinity, check_affinity
from rlbench_puffer.vector.deadlines import check_seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class NativeOptions:
    """Everything about a native vector environment that changes no trajectory.

    There are no deadlines: a thread cannot be ended from outside.

    Raises:
      UnknownNameError, InvalidOptionError: a value that does not fit.
    """

    on_fault: Literal["restart", "raise"] = "restart"
    """``"restart"`` builds the simulations of a batch that raised anew and truncates
    their episodes; ``"raise"`` raises at once."""

    max_restarts: int = 5
    """Restarts within one window, of all batches together, before the error is
    raised after all."""

    restart_window_s: float = 60.0
    """Length of that window in [s]."""

    cpu_affinity: Affinity = "auto"
    """Cores that the threads are bound to, in turn; the calling one, which stays
    free, keeps to the first. ``"spread"`` takes all at hand, ``"auto"`` does so where
    the threads fill them evenly, None binds nobody. An unbound thread may be woken on
    the core of the one that wakes it, and waits there while that does all the work
    (on 2 busy cores 8 sub-envs then took 750 us for 450)."""

    copy: bool = False
    """Whether ``recv`` returns copies rather than the buffers themselves."""

    sync_traj: bool = True
    """PufferLib 3's word: batches are served in turn. They always are."""

    debug: bool = False
    """Whether rows are poisoned before each step, to find what an environment does
    not write."""

    check_finite: bool = True
    """Whether NaN or infinity in an observation or reward is a fault."""

    def __post_init__(self) -> None:
        """Check every field."""
        if self.on_fault not in ("restart", "raise"):
            raise UnknownNameError("fault policy", self.on_fault, ("restart", "raise"))
        if (
            isinstance(self.max_restarts, bool)
            or not isinstance(self.max_restarts, int)
            or self.max_restarts < 0
        ):
            raise InvalidOptionError(
                "max_restarts", self.max_restarts, "a whole number of at least 0"
            )
        check_seconds("restart_window_s", self.restart_window_s)
        check_affinity(self.cpu_affinity)
        for name in ("copy", "debug", "check_finite"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidOptionError(name, getattr(self, name), "True or False")
        if self.sync_traj is not True:
            raise InvalidOptionError(
                "sync_traj",
                self.sync_traj,
                'True with backend "native", whose batches come in turn',
                'Use backend="shm" for the earliest first.',
            )
