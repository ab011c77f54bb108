"""A cell: one thing to measure."""

import dataclasses
from typing import Any

POOL_BACKENDS = ("puffer", "shm")
"""Backends whose worker processes share a block with this one."""

WORKER_BACKENDS = (*POOL_BACKENDS, "native")
"""Backends whose worker count can be chosen; the workers of ``native`` are threads."""


def count_label(backend: str, num_workers: int) -> str:
    """How many workers in words, such as ``"2 threads"``."""
    noun = "thread" if backend == "native" else "worker"
    return f"{num_workers} {noun}{'s' if num_workers > 1 else ''}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One thing to measure; its fields are those of a row that identify it."""

    task: str
    engine: str = "builtin"
    backend: str
    num_envs: int
    num_workers: int
    batch_size: int
    chunk_len: int = 1
    cameras: tuple[str, ...] = ()
    """Each as name, height and width, such as ``"front@84x84"``; rgb."""

    action_mode: str = "joint_velocity/discrete"
    seed: int = 0
    seconds: float = 2.0

    @property
    def camera_sizes(self) -> dict[str, tuple[int, int]]:
        """Height and width [pixels] of each camera's picture."""
        sizes: dict[str, tuple[int, int]] = {}
        for camera in self.cameras:
            name, _, size = camera.partition("@")
            height, _, width = size.partition("x")
            sizes[name] = (int(height), int(width))
        return sizes

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal to ``Row.cell`` of a row that measured this cell."""
        return dataclasses.astuple(self)
