"""Where this process stands in a torchrun job, and its share of what is shared."""

import ctypes
import dataclasses
import os
import signal
from collections.abc import Mapping, Sequence

import numpy as np

from rlbench_puffer.errors import ConfigError, InvalidOptionError

_PR_SET_PDEATHSIG = 1
_VARIABLES = {
    "rank": "RANK",
    "local_rank": "LOCAL_RANK",
    "world_size": "WORLD_SIZE",
    "local_world_size": "LOCAL_WORLD_SIZE",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """One process among those of a job; the default is a process without torchrun."""

    rank: int = 0
    """Number among all ranks."""

    local_rank: int = 0
    """Number among the ranks of its node."""

    world_size: int = 1
    """All ranks."""

    local_world_size: int = 1
    """Ranks of its node."""

    launched: bool = False
    """Whether torchrun started it."""

    @property
    def label(self) -> str:
        """Prefix of its messages: ``"rank 1: "``, or nothing where it is alone."""
        return f"rank {self.rank}: " if self.world_size > 1 else ""


def read_place(environment: Mapping[str, str] | None = None) -> Place:
    """The place that torchrun put into the environment.

    Args:
      environment: variables to read, or None for the process's. Without ``RANK`` and
        ``WORLD_SIZE`` the process is alone.

    Raises:
      ConfigError: some of torchrun's variables are missing or are no numbers.
    """
    environment = os.environ if environment is None else environment
    if not {"RANK", "WORLD_SIZE"} <= environment.keys():
        return Place()
    values: dict[str, int] = {}
    for field, variable in _VARIABLES.items():
        text = environment.get(variable, "")
        if not text.isdigit():
            raise ConfigError(
                f"{variable}={text!r} is no number, though RANK and WORLD_SIZE are "
                "set. Start ranks with `torchrun --nproc-per-node=N -m "
                "rlbench_puffer ...`, or unset RANK and WORLD_SIZE."
            )
        values[field] = int(text)
    return Place(**values, launched=True)


def share_out(total: int, parts: int) -> list[int]:
    """Equal shares of a number; the first ones get what is left over."""
    each, left = divmod(total, parts)
    return [each + (index < left) for index in range(parts)]


def share_envs(
    place: Place, num_envs: int | None, num_envs_total: int | None, default: int
) -> list[int]:
    """Sub-envs of each rank.

    Args:
      place: this process.
      num_envs: sub-envs of every rank, or None.
      num_envs_total: sub-envs of all ranks together, or None.
      default: sub-envs of every rank where neither is given.

    Raises:
      InvalidOptionError: both are given, or there are fewer sub-envs than ranks.
    """
    for option, value in (("num_envs", num_envs), ("num_envs_total", num_envs_total)):
        if value is not None and value < 1:
            raise InvalidOptionError(option, value, "a whole number of at least 1")
    if num_envs_total is None:
        each = default if num_envs is None else num_envs
        return [each] * place.world_size
    if num_envs is not None:
        raise InvalidOptionError(
            "num_envs_total",
            num_envs_total,
            f"no num_envs beside it, which is {num_envs} for every rank",
            "Leave out one of the two.",
        )
    if num_envs_total < place.world_size:
        raise InvalidOptionError(
            "num_envs_total",
            num_envs_total,
            f"at least {place.world_size}, one sub-env for each rank",
            "Ask for more sub-envs, or start fewer ranks.",
        )
    return share_out(num_envs_total, place.world_size)


def rank_seed(seed: int, rank: int) -> int:
    """A rank's own seed, for what must differ between ranks; rank 0 keeps the seed."""
    if rank == 0:
        return seed
    sequence = np.random.SeedSequence(seed, spawn_key=(rank, 0))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def share_cores(cores: Sequence[int], place: Place) -> tuple[int, ...]:
    """The cores of one of the ranks of a node: neighbours, and no other rank's.

    Where there are more ranks than cores, some of them share one.
    """
    ordered = sorted(cores)
    if len(ordered) <= place.local_world_size:
        return (ordered[place.local_rank % len(ordered)],)
    shares = share_out(len(ordered), place.local_world_size)
    first = sum(shares[: place.local_rank])
    return tuple(ordered[first : first + shares[place.local_rank]])


def own_gpu(place: Place, gpus: int) -> int:
    """Number of the GPU that a rank has to itself: that of its local number.

    Args:
      place: this process.
      gpus: that its process sees.

    Raises:
      InvalidOptionError: there are fewer than ranks of this node.
    """
    if gpus < place.local_world_size:
        raise InvalidOptionError(
            "ddp_bind_gpu",
            True,
            f"{place.local_world_size} GPUs on this node, one for each rank; torch "
            f"finds {gpus}",
            "Start fewer ranks with --nproc-per-node, or leave out --ddp-bind-gpu.",
        )
    return place.local_rank


def settle(place: Place) -> None:
    """Bind this process to its cores, and its life to torchrun's.

    Everything that it starts from here on inherits the cores. Without torchrun
    nothing is done.
    """
    if not place.launched:
        return
    os.sched_setaffinity(0, share_cores(tuple(os.sched_getaffinity(0)), place))
    # torchrun ends its ranks unless it is killed itself; then the kernel does.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
