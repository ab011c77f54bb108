"""The rank group seam: what ranks tell each other; and a process that is alone."""

import abc
from collections.abc import Callable
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.distributed.place import Place

Value = TypeVar("Value")


class RankGroup(abc.ABC):
    """The ranks of a job; a context manager.

    Every method but ``close`` is called by all ranks, in the same order.

    Args:
      place: this process among them.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def size(self) -> int:
        """How many ranks."""
        return self.place.world_size

    @property
    def rank(self) -> int:
        """This one's number."""
        return self.place.rank

    @property
    def is_main(self) -> bool:
        """Whether this is the rank that writes and prints."""
        return self.place.rank == 0

    @abc.abstractmethod
    def sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers of all ranks added up, the same bits on every rank.

        Args:
          numbers: any shape, the same on all ranks.

        Raises:
          RankError: another rank is gone.
        """

    @abc.abstractmethod
    def sum_tensor(self, tensor: Any) -> None:
        """Add up a torch tensor over all ranks, in place.

        Raises:
          RankError: another rank is gone.
        """

    @abc.abstractmethod
    def gather(self, value: Value) -> list[Value]:
        """Every rank's value, in their order; each must pickle.

        Raises:
          RankError: another rank is gone.
        """

    @abc.abstractmethod
    def from_main(self, call: Callable[[], Value]) -> Value:
        """What a call gives on rank 0, where alone it is made; it must pickle.

        Raises:
          RankError: it raised on rank 0 (which raises that error itself), or another
            rank is gone.
        """

    @abc.abstractmethod
    def barrier(self) -> None:
        """Wait for all ranks.

        Raises:
          RankError: another rank is gone.
        """

    def close(self) -> None:
        """Leave the group. Calling it twice is fine."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class OneRank(RankGroup):
    """A process that is alone: every sum is its own."""

    def __init__(self) -> None:
        super().__init__(Place())

    def sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :meth:`RankGroup.sum`."""
        return numbers

    def sum_tensor(self, tensor: Any) -> None:
        """See :meth:`RankGroup.sum_tensor`."""
        return

    def gather(self, value: Value) -> list[Value]:
        """See :meth:`RankGroup.gather`."""
        return [value]

    def from_main(self, call: Callable[[], Value]) -> Value:
        """See :meth:`RankGroup.from_main`."""
        return call()

    def barrier(self) -> None:
        """See :meth:`RankGroup.barrier`."""
        return
