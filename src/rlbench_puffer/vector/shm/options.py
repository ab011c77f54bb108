"""Options of the shared-memory pool."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Literal

from rlbench_puffer.config import check_positive_int
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.shm.supervisor import FaultPolicy


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShmOptions(FaultPolicy):
    """Everything about a pool that changes no trajectory.

    Raises:
      UnknownNameError, InvalidOptionError: a value that does not fit.
    """

    max_chunk_len: int = 64
    """Actions for each sub-env that one ``step_chunk`` may carry."""

    copy: bool = False
    """Whether ``recv`` returns copies rather than views of the block."""

    debug: bool = False
    """Whether workers poison their rows before each step, to find what an
    environment does not write."""

    check_finite: bool = True
    """Whether NaN or infinity in an observation or reward is a fault."""

    cpu_affinity: Literal["spread"] | tuple[int, ...] | None = None
    """Cores that workers are bound to, in turn; ``"spread"`` takes all at hand."""

    def __post_init__(self) -> None:
        """Check every field."""
        super().__post_init__()
        check_positive_int("max_chunk_len", self.max_chunk_len)
        for name in ("copy", "debug", "check_finite"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidOptionError(name, getattr(self, name), "True or False")
        affinity = self.cpu_affinity
        if affinity is None or affinity == "spread":
            return
        at_hand = os.sched_getaffinity(0)
        if (
            isinstance(affinity, str)
            or not isinstance(affinity, Sequence)
            or not affinity
            or not set(affinity) <= at_hand
        ):
            raise InvalidOptionError(
                "cpu_affinity", affinity, f'"spread", or some of {sorted(at_hand)}'
            )

    def check_chunk_len(self, length: int) -> None:
        """Raise InvalidOptionError if the block has no room for such a chunk."""
        if length > self.max_chunk_len:
            raise InvalidOptionError(
                "chunk_len",
                length,
                f"at most {self.max_chunk_len}, which the block has room for",
                f"Make the vector environment with max_chunk_len={length}.",
            )

    def cores(self) -> tuple[int, ...]:
        """The cores to bind workers to; empty binds nobody."""
        if self.cpu_affinity is None:
            return ()
        if self.cpu_affinity == "spread":
            return tuple(sorted(os.sched_getaffinity(0)))
        return tuple(self.cpu_affinity)
