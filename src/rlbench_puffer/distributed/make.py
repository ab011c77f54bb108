"""``join_ranks``: the group of ranks that this process belongs to."""

from rlbench_puffer.distributed.group import OneRank, RankGroup
from rlbench_puffer.distributed.place import read_place, settle
from rlbench_puffer.errors import InvalidOptionError, MissingDependencyError


def join_ranks(*, bind_gpu: bool = False) -> RankGroup:
    """Take this process's place in its torchrun job; alone without torchrun.

    Under torchrun it is bound to its share of the node's cores and ends when torchrun
    does. Call it before anything starts threads or processes.

    Args:
      bind_gpu: give each rank of a node a GPU of its own.

    Raises:
      ConfigError: torchrun's variables are incomplete.
      InvalidOptionError: GPUs are asked for without torchrun, or are too few.
      MissingDependencyError: there are several ranks and torch is not installed.
      RankError: the ranks do not find each other.
    """
    place = read_place()
    if bind_gpu and not place.launched:
        raise InvalidOptionError(
            "ddp_bind_gpu",
            True,
            "ranks to bind",
            "Start with `torchrun --nproc-per-node=N -m rlbench_puffer ...`.",
        )
    settle(place)
    if place.world_size == 1 and not bind_gpu:
        return OneRank()
    try:
        from rlbench_puffer.distributed.torch_group import TorchRanks
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError("torch", "A job of ranks", "train") from None
    return TorchRanks(place, bind_gpu)
