"""Which cores workers are bound to: processes of ``shm``, threads of ``native``."""

import ctypes
import os
from collections.abc import Sequence
from typing import Literal

from rlbench_puffer.errors import InvalidOptionError

_sched_getcpu = ctypes.CDLL(None).sched_getcpu
"""The core that the calling thread is on."""

Affinity = Literal["auto", "spread"] | tuple[int, ...] | None


def check_affinity(affinity: object) -> None:
    """Raise InvalidOptionError unless this is an :data:`Affinity` of cores at hand."""
    if affinity in (None, "auto", "spread"):
        return
    at_hand = os.sched_getaffinity(0)
    if (
        isinstance(affinity, str)
        or not isinstance(affinity, Sequence)
        or not affinity
        or not set(affinity) <= at_hand
    ):
        raise InvalidOptionError(
            "cpu_affinity",
            affinity,
            f'"auto", "spread", None, or some of {sorted(at_hand)}',
        )


def cores_for(affinity: Affinity, num_workers: int) -> tuple[int, ...]:
    """The cores to bind workers to, in turn; empty binds nobody."""
    at_hand = tuple(sorted(os.sched_getaffinity(0)))
    if affinity == "auto":
        return at_hand if num_workers % len(at_hand) == 0 else ()
    if affinity == "spread":
        return at_hand
    return () if affinity is None else tuple(affinity)


def leave_cores(taken: frozenset[int], free: int) -> None:
    """Move the calling thread to a free core if it is on one that others have.

    It may go wherever it could before. Costs about 0.3 us if it need not move.

    Args:
      taken: cores that other threads are bound to.
      free: the core to move to.
    """
    if _sched_getcpu() not in taken:
        return
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {free})
    finally:
        os.sched_setaffinity(0, before)
