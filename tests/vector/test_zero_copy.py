"""How long a view lives, and what ``copy`` and ``debug`` change."""

import functools

import numpy as np
import pytest

from fake_pools import make_fake_pool
from fakes import ForgetfulEnv
from rlbench_puffer.errors import WorkerRaisedError

HALF = np.full((4, 2), 0.5, np.float32)


@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_a_kept_view_changes_with_the_next_recv(backend: str) -> None:
    with make_fake_pool(backend) as vec:
        vec.reset(seed=0)
        kept, rewards, *_ = vec.step(HALF)
        before = kept.copy()
        again, *_ = vec.step(HALF)
        assert np.shares_memory(kept, again)
        assert (kept[:, 2] == before[:, 2] + 1).all()
        assert rewards.tolist() == [1.0] * 4


@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_a_copy_stays_as_it_is(backend: str) -> None:
    with make_fake_pool(backend, copy=True) as vec:
        vec.reset(seed=0)
        kept, *_ = vec.step(HALF)
        before = kept.copy()
        vec.step(-HALF)
        assert kept.tolist() == before.tolist()


def test_views_outlive_close() -> None:
    vec = make_fake_pool("shm")
    observations, _ = vec.reset(seed=0)
    before = observations.copy()
    vec.close()
    assert observations.tolist() == before.tolist()


def test_debug_finds_a_row_that_the_environment_does_not_write() -> None:
    make = functools.partial(
        make_fake_pool, "shm", env_class=ForgetfulEnv, on_fault="raise"
    )
    with make() as vec:
        vec.reset(seed=0)
        for _ in range(4):
            vec.step(HALF)
    with make(debug=True) as vec:
        vec.reset(seed=0)
        vec.step(HALF)
        vec.step(HALF)
        with pytest.raises(WorkerRaisedError, match="Observation of sub-env 1"):
            vec.step(HALF)
