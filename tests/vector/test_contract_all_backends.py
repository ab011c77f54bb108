"""Every backend passes the vector contract, step by step, on CountingEnv."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract.vector_contract import CHECKS, Make
from fake_pools import BACKENDS, make_fake_pool
from rlbench_puffer.vector.base import VecEnv

QUICK_ON_GYM = (
    "check_a_whole_trajectory_is_the_models",
    "check_a_chunk_and_single_steps_may_take_turns",
    "check_each_illegal_order_raises",
)
"""Checks of ``gym`` in a default run: it starts a process for each sub-env, and each
imports Gymnasium. The others run with ``--slow``."""


@pytest.fixture
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


def _cases() -> list[Any]:
    return [
        pytest.param(
            backend,
            check,
            id=f"{backend}-{check.__name__}",
            marks=pytest.mark.slow
            if backend == "gym" and check.__name__ not in QUICK_ON_GYM
            else (),
        )
        for backend in BACKENDS
        for check in CHECKS
    ]


@pytest.mark.parametrize(("make", "check"), _cases(), indirect=["make"])
def test_backend_passes(make: Make, check: Callable[[Make], None]) -> None:
    check(make)
