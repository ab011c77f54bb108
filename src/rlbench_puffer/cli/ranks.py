"""What the subcommands that torchrun may start have in common."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import tyro

TaskName = Annotated[str, tyro.conf.arg(aliases=["--task-class"])]
"""A task by its name or its class's; the option has two names."""

DisplayOption = Annotated[str, tyro.conf.arg(aliases=["--render-backend"])]
"""A display; the option has two names."""

if TYPE_CHECKING:
    from rlbench_puffer.distributed.group import RankGroup


def alone(subcommand: Callable[..., int]) -> Callable[..., int]:
    """A subcommand that refuses to be one of several ranks: each would do it all."""

    @functools.wraps(subcommand)
    def run(*args: object, **kwargs: object) -> int:
        from rlbench_puffer.distributed.place import read_place
        from rlbench_puffer.errors import ConfigError

        if read_place().world_size > 1:
            raise ConfigError(
                f"`{subcommand.__name__}` is the work of one process, and torchrun "
                f"started {read_place().world_size}. Run it without torchrun; bench, "
                "debug and train share their work out among ranks."
            )
        return subcommand(*args, **kwargs)

    return run


@contextlib.contextmanager
def joined(
    num_envs: int | None, num_envs_total: int | None, default: int, *, bind_gpu: bool
) -> "Iterator[tuple[RankGroup, list[int]]]":
    """The ranks of this job, and the sub-envs of each, which rank 0 prints.

    Args:
      num_envs: sub-envs of every rank, or None.
      num_envs_total: sub-envs of all ranks together, or None.
      default: sub-envs of every rank where neither is given.
      bind_gpu: give each rank of a node a GPU of its own.

    Raises:
      InvalidOptionError: fewer sub-envs than ranks, both numbers, or too few GPUs.
    """
    from rlbench_puffer.distributed.make import join_ranks
    from rlbench_puffer.distributed.place import read_place, share_envs

    place = read_place()
    shares = share_envs(place, num_envs, num_envs_total, default)
    with join_ranks(bind_gpu=bind_gpu) as ranks:
        if place.launched and ranks.is_main:
            print(f"envs_per_rank={shares}", flush=True)
        yield ranks, shares
