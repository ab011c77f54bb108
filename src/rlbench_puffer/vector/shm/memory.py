"""The shared block: one anonymous memory file, laid out once, seen by all workers."""

import dataclasses
import mmap
import os
import struct
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.hosting import ChunkBuffers, HostBuffers
from rlbench_puffer.vector.runner import TALLY_BYTES, TALLY_FIELDS

WORDS_PER_WORKER = 32
"""uint32 control words of one worker: two cache lines, one for each writer."""

_ALIGN = 64
_DOUBLE = struct.Struct("d")
_FINISHED_AT = _DOUBLE.size * TALLY_FIELDS.index("finished_at")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """Everything that decides the block's layout; workers get it by pickle."""

    num_workers: int
    envs_per_worker: int
    observation_shape: tuple[int, ...]
    observation_dtype: str
    action_shape: tuple[int, ...]
    action_dtype: str
    max_chunk_len: int

    def sections(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Name, shape and dtype of each array, in the block's order."""
        rows = (self.num_workers, self.envs_per_worker)
        chunk = (self.num_workers, self.max_chunk_len, self.envs_per_worker)
        action_dtype = np.dtype(self.action_dtype)
        observation_dtype = np.dtype(self.observation_dtype)
        flag, real = np.dtype(bool), np.dtype(np.float32)
        return {
            # One line more than workers: the last one holds the doorbell.
            "words": (
                (self.num_workers + 1, WORDS_PER_WORKER),
                np.dtype(np.uint32),
            ),
            "seeds": (rows, np.dtype(np.int64)),
            "episode_indices": (rows, np.dtype(np.int64)),
            "tallies": ((self.num_workers, 2, TALLY_BYTES), np.dtype(np.uint8)),
            "observations": ((*rows, *self.observation_shape), observation_dtype),
            "actions": ((*rows, *self.action_shape), action_dtype),
            "rewards": (rows, real),
            "terminals": (rows, flag),
            "truncations": (rows, flag),
            "masks": (rows, flag),
            "chunk_actions": ((*chunk, *self.action_shape), action_dtype),
            "chunk_rewards": (chunk, real),
            "chunk_terminals": (chunk, flag),
            "chunk_truncations": (chunk, flag),
        }

    def offsets(self) -> tuple[dict[str, int], int]:
        """Where each array begins, and the block's size, in bytes."""
        offsets, end = {}, 0
        for name, (shape, dtype) in self.sections().items():
            offsets[name] = end
            size = int(np.prod(shape)) * dtype.itemsize
            end += -(-size // _ALIGN) * _ALIGN
        return offsets, end


class Block:
    """One process's view of the block.

    The memory is freed when the last process that maps it has dropped its last
    array; it has no name in any file system, so nothing can be left behind.

    Attributes:
      words: (num_workers + 1, 32) uint32 control words, flat, as a memoryview.
      words_address: address of the first word.
      seeds, episode_indices: (num_workers, envs_per_worker) int64.
      observations, actions, rewards, terminals, truncations, masks: results and
        actions of all sub-envs, (num_workers, envs_per_worker, ...).

    Args:
      plan: the layout.
      fd: the memory file.
    """

    def __init__(self, plan: BlockPlan, fd: int) -> None:
        self.plan = plan
        offsets, size = plan.offsets()
        self._map = mmap.mmap(fd, size)
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, (shape, dtype) in plan.sections().items():
            self.arrays[name] = np.ndarray(shape, dtype, self._map, offsets[name])
        words = self.arrays["words"]
        self.words_address = words.ctypes.data
        self.words = memoryview(cast(Any, words.reshape(-1)))
        self.tallies = memoryview(cast(Any, self.arrays["tallies"].reshape(-1)))
        self.seeds = self.arrays["seeds"]
        self.episode_indices = self.arrays["episode_indices"]
        self.observations = self.arrays["observations"]
        self.actions = self.arrays["actions"]
        self.rewards = self.arrays["rewards"]
        self.terminals = self.arrays["terminals"]
        self.truncations = self.arrays["truncations"]
        self.masks = self.arrays["masks"]

    def host_buffers(self, worker: int) -> HostBuffers:
        """The rows of one worker."""
        return HostBuffers(
            observations=self.observations[worker],
            rewards=self.rewards[worker],
            terminals=self.terminals[worker],
            truncations=self.truncations[worker],
            masks=self.masks[worker],
            actions=self.actions[worker],
        )

    def chunk_buffers(self, worker: int, start: int, stop: int) -> ChunkBuffers:
        """Some inner steps of one worker's chunk."""
        names = ("actions", "rewards", "terminals", "truncations")
        return ChunkBuffers(
            *(self.arrays[f"chunk_{name}"][worker, start:stop] for name in names)
        )

    def load_chunk(self, chunk: NDArray[Any]) -> None:
        """Copy a chunk's actions, (K, num_envs, ...), to the workers' rows."""
        plan, length = self.plan, len(chunk)
        per_worker = (length, plan.num_workers, plan.envs_per_worker)
        shaped = chunk.reshape(*per_worker, *plan.action_shape)
        self.arrays["chunk_actions"][:, :length] = shaped.swapaxes(0, 1)

    def chunk_results(self, length: int) -> tuple[NDArray[Any], ...]:
        """Rewards, terminals and truncations of a chunk, (K, num_envs) each, new."""
        return tuple(
            self.arrays[f"chunk_{name}"][:, :length].swapaxes(0, 1).reshape(length, -1)
            for name in ("rewards", "terminals", "truncations")
        )

    def tally_offset(self, worker: int, sequence: int) -> int:
        """Where a worker writes its books after command ``sequence``.

        Two places take turns: a worker that dies while it writes the books of a
        step nobody received leaves those of the step before whole.
        """
        return (2 * worker + (sequence & 1)) * TALLY_BYTES

    def tally_slots(self, worker: int) -> tuple[memoryview, memoryview]:
        """The two places of a worker's books: after even commands, after odd ones."""
        even, odd = (self.tally_offset(worker, sequence) for sequence in (0, 1))
        return self.tallies[even:odd], self.tallies[odd : odd + TALLY_BYTES]

    def finished_at(self, worker: int, sequence: int) -> float:
        """When a worker finished command ``sequence``, in [s] of the perf counter."""
        offset = self.tally_offset(worker, sequence) + _FINISHED_AT
        return _DOUBLE.unpack_from(self.tallies, offset)[0]


def create_block(plan: BlockPlan) -> tuple[int, Block]:
    """A new memory file and this process's view of it.

    Returns:
      The descriptor, for the caller to close, and the view.

    Raises:
      InvalidOptionError: the block is larger than the memory that is available;
        names the bytes needed.
    """
    _, size = plan.offsets()
    available = available_bytes()
    if available is not None and size > available:
        raise _too_large(plan, size, f"{available:,} bytes are available")
    fd = os.memfd_create("rlbench-puffer", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, size)
        block = Block(plan, fd)
    except (OSError, MemoryError, ValueError) as error:
        os.close(fd)
        raise _too_large(plan, size, str(error)) from error
    block.masks[:] = True
    return fd, block


def available_bytes() -> int | None:
    """Memory that a new block may take: the machine's and this control group's.

    None where the system does not tell.
    """
    limits = []
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        limits += [
            1024 * int(line.split()[1])
            for line in meminfo.read_text().splitlines()
            if line.startswith("MemAvailable:")
        ]
    group = Path("/sys/fs/cgroup/memory.max")
    used = Path("/sys/fs/cgroup/memory.current")
    if group.exists() and used.exists():
        limit = group.read_text().strip()
        if limit != "max":
            limits.append(int(limit) - int(used.read_text()))
    return min(limits, default=None)


def _too_large(plan: BlockPlan, size: int, why: str) -> InvalidOptionError:
    total = plan.num_workers * plan.envs_per_worker
    return InvalidOptionError(
        "num_envs",
        total,
        f"a shared block that fits into memory; it needs {size:,} bytes and {why}",
        "Use fewer sub-envs, smaller images or a smaller max_chunk_len.",
    )
