"""A rank's share of sub-envs, and their seeds."""

from rlbench_puffer.distributed.group import RankGroup
from rlbench_puffer.distributed.place import share_out
from rlbench_puffer.vector.seeding import derive_seeds


class Share:
    """This rank's part of some sub-envs, which keep the seeds that one rank has.

    Args:
      total: sub-envs of all ranks.
      ranks: that share them.
    """

    def __init__(self, total: int, ranks: RankGroup) -> None:
        shares = share_out(total, ranks.size)
        self.count = shares[ranks.rank]
        self._first = sum(shares[: ranks.rank])
        self._total = total

    def seeds(self, seed: int) -> list[int]:
        """Of this rank's sub-envs, from the seed of all."""
        return derive_seeds(seed, self._total)[self._first : self._first + self.count]
