"""Ranks that talk through torch.distributed: gloo, or nccl where GPUs are bound."""

import contextlib
import datetime
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from rlbench_puffer.distributed.group import RankGroup
from rlbench_puffer.distributed.place import Place, own_gpu
from rlbench_puffer.errors import RankError

TIMEOUT_S = 600.0
"""How long a rank waits for one that hangs, in [s]; one that died is found at once."""

Value = TypeVar("Value")


class TorchRanks(RankGroup):
    """The ranks of a torchrun job.

    Args:
      place: this process among them.
      bind_gpu: whether each rank has the GPU of its local number to itself; sums then
        go through nccl, else through gloo.

    Raises:
      InvalidOptionError: this node has fewer GPUs than ranks.
      RankError: the ranks do not find each other.
    """

    def __init__(self, place: Place, bind_gpu: bool) -> None:
        super().__init__(place)
        self._device = _bind_gpu(place) if bind_gpu else torch.device("cpu")
        with _others("The ranks did not find each other"):
            dist.init_process_group(
                "nccl" if bind_gpu else "gloo",
                timeout=datetime.timedelta(seconds=TIMEOUT_S),
                device_id=self._device if bind_gpu else None,
            )

    @property
    def backend(self) -> str:
        """What the sums go through: ``"gloo"`` or ``"nccl"``."""
        return dist.get_backend()

    def sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :meth:`RankGroup.sum`."""
        total = torch.from_numpy(np.array(numbers, np.float64))
        self.sum_tensor(total)
        return total.numpy()

    def sum_tensor(self, tensor: Any) -> None:
        """See :meth:`RankGroup.sum_tensor`."""
        there = tensor.to(self._device)
        with _others("A sum over the ranks failed"):
            dist.all_reduce(there)
        if there is not tensor:
            tensor.copy_(there)

    def gather(self, value: Value) -> list[Value]:
        """See :meth:`RankGroup.gather`."""
        values: list[Any] = [None] * self.size
        with _others("Gathering from the ranks failed"):
            dist.all_gather_object(values, value)
        return values

    def from_main(self, call: Callable[[], Value]) -> Value:
        """See :meth:`RankGroup.from_main`."""
        failure: Exception | None = None
        told: list[Any] = [None, None]
        if self.is_main:
            try:
                told[1] = call()
            except Exception as error:  # noqa: BLE001 - raised once all know of it
                failure = error
                told[0] = f"{type(error).__name__}: {error}"
        with _others("Hearing from rank 0 failed"):
            dist.broadcast_object_list(told, src=0)
        if failure is not None:
            raise failure
        if told[0] is not None:
            raise RankError(f"Rank 0 failed: {told[0]}")
        return told[1]

    def barrier(self) -> None:
        """See :meth:`RankGroup.barrier`."""
        with _others("Waiting for the ranks failed"):
            dist.barrier()

    def close(self) -> None:
        """Leave the group. Calling it twice is fine."""
        if dist.is_initialized():
            dist.destroy_process_group()


def _bind_gpu(place: Place) -> Any:
    device = torch.device("cuda", own_gpu(place, torch.cuda.device_count()))
    # Before the group is made: objects that ranks gather and broadcast travel through
    # the process's current GPU, the same one for all ranks if nobody says otherwise.
    torch.cuda.set_device(device)
    return device


@contextlib.contextmanager
def _others(what: str) -> Iterator[None]:
    """Turn torch's word for a peer that is gone into ours."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise RankError(
            f"{what}: {reason}. Another rank has ended or hangs; look for its own "
            "message above, or on its node."
        ) from error
