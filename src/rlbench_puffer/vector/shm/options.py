"""Options of the shared-memory pool."""

import dataclasses

from rlbench_puffer.config import check_positive_int
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.affinity import Affinity, check_affinity, cores_for
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

    sync_traj: bool = False
    """PufferLib 3's word: partial batches are groups of neighbouring workers, served
    in turn, as a trainer needs that stores each batch in a slice of its rows. Without
    it the earliest results come first."""

    debug: bool = False
    """Whether workers poison their rows before each step, to find what an
    environment does not write."""

    check_finite: bool = True
    """Whether NaN or infinity in an observation or reward is a fault."""

    cpu_affinity: Affinity = "auto"
    """Cores that workers are bound to, in turn. ``"spread"`` takes all at hand,
    ``"auto"`` does so where the workers fill them evenly (then moving a worker gains
    nothing, and it takes up to a fifth of a step), None binds nobody, which is
    better on a machine that other programs keep busy."""

    def __post_init__(self) -> None:
        """Check every field."""
        super().__post_init__()
        check_positive_int("max_chunk_len", self.max_chunk_len)
        for name in ("copy", "sync_traj", "debug", "check_finite"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidOptionError(name, getattr(self, name), "True or False")
        check_affinity(self.cpu_affinity)

    def check_chunk_len(self, length: int) -> None:
        """Raise InvalidOptionError if the block has no room for such a chunk."""
        if length > self.max_chunk_len:
            raise InvalidOptionError(
                "chunk_len",
                length,
                f"at most {self.max_chunk_len}, which the block has room for",
                f"Make the vector environment with max_chunk_len={length}.",
            )

    def cores(self, num_workers: int) -> tuple[int, ...]:
        """The cores to bind workers to; empty binds nobody."""
        return cores_for(self.cpu_affinity, num_workers)
