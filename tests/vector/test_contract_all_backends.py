"""Every backend passes the vector contract, step by step, on CountingEnv."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract.vector_contract import CHECKS, Make
from fake_pools import BACKENDS, make_fake_pool
from rlbench_puffer.vector.base import VecEnv


@pytest.fixture(params=BACKENDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[VecEnv] = []

    def make_one(num_envs: int, **options: Any) -> VecEnv:
        workers = 2 if num_envs % 2 == 0 else 1
        vec = make_fake_pool(request.param, num_envs, workers, **options)
        made.append(vec)
        return vec

    yield make_one
    for vec in made:
        vec.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_backend_passes(check: Callable[[Make], None], make: Make) -> None:
    check(make)
