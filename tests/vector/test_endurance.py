"""Nothing grows: not with a hundred pools, not with a million steps."""

import gc
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from fake_pools import make_fake_pool
from fakes import NoopEnv


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "backend", ["shm", pytest.param("puffer", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    "pools", [6, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_making_and_closing_pools_leaves_everything_flat(
    backend: str, pools: int
) -> None:
    this = psutil.Process()
    seen = []
    for _ in range(pools):
        vec = make_fake_pool(backend, 4, 2)
        vec.reset(seed=0)
        vec.step(np.zeros((4, 2), np.float32))
        vec.close()
        del vec
        gc.collect()
        children = len(this.children(recursive=True))
        seen.append((descriptors(), threading.active_count(), children))
    # The first one may load modules; after that every count stays the same.
    assert len(set(seen[1:])) == 1, seen


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_steps_take_no_memory() -> None:
    vec = make_fake_pool("shm", 2, 2, env_class=NoopEnv)
    vec.reset(seed=0)
    actions = np.zeros((2, 2), np.float32)
    processes = [psutil.Process(worker["pid"]) for worker in vec.health()["workers"]]
    processes.append(psutil.Process())

    def resident() -> np.ndarray:
        return np.array([process.memory_info().rss for process in processes])

    for _ in range(50_000):
        vec.step(actions)
    before = resident()
    for _ in range(1_000_000):
        vec.step(actions)
    grown = resident() - before
    # Half a byte a step would be 500 kB; allow the allocator a page run or two.
    assert (grown < 400_000).all(), grown
    assert vec.health()["accounts"]["steps"] == 2 * 1_050_000
    vec.close()
