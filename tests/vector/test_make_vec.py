"""``make_vec``: what it takes, what it refuses, and what it says then."""

import inspect
import os

import numpy as np
import pytest

import rlbench_puffer
from rlbench_puffer import make_vec
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.vector.make import default_num_workers
from rlbench_puffer.vector.seeding import derive_seeds


def test_unknown_names_list_the_close_matches() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'reach_target'"):
        make_vec("reach_targt", 2)
    with pytest.raises(UnknownNameError, match="Did you mean 'shm'"):
        make_vec("reach_target", 2, backend="shmm")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnknownNameError, match="Did you mean 'max_restarts'"):
        make_vec("reach_target", 2, max_restart=3)
    with pytest.raises(UnknownNameError, match="option for backend 'gym'"):
        make_vec("reach_target", 2, backend="gym", max_restarts=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_envs": 0}, "num_envs=0"),
        ({"num_envs": 8, "num_workers": 3}, "2 or 4 workers, or 6 or 9 sub-envs"),
        ({"num_envs": 2, "num_workers": 3}, "2 workers, or 3 sub-envs"),
        ({"num_envs": 8, "num_workers": 4, "batch_size": 3}, "a multiple of 2"),
        ({"num_envs": 4, "backend": "gym", "num_workers": 2}, "one process for each"),
        ({"num_envs": 4, "backend": "serial", "num_workers": 2}, "no workers"),
        ({"num_envs": 4, "backend": "serial", "batch_size": 2}, "batch_size"),
        ({"num_envs": 6, "backend": "puffer", "num_workers": 6, "batch_size": 4}, "6"),
        ({"num_envs": 2, "on_fault": "ignore"}, "fault policy 'ignore'"),
        ({"num_envs": 2, "step_timeout_s": 0}, "step_timeout_s=0"),
        ({"num_envs": 2, "cpu_affinity": (4096,)}, "cpu_affinity"),
        ({"num_envs": 2, "seed": -1}, "seed=-1"),
        ({"num_envs": 6, "backend": "native", "batch_size": 4}, "1, 2, 3, 6"),
        ({"num_envs": 2, "backend": "native", "max_restarts": -1}, "max_restarts=-1"),
        ({"num_envs": 2, "backend": "native", "on_fault": "no"}, "fault policy 'no'"),
        ({"num_envs": 2, "backend": "native", "copy": 1}, "copy=1"),
        (
            {"num_envs": 2, "backend": "native", "engine": "coppeliasim"},
            'many simulations in one process. Use backend="shm"',
        ),
        ({"num_envs": 2, "backend": "native", "cpu_affinity": "all"}, "cpu_affinity"),
        (
            {"num_envs": 2, "backend": "native", "num_workers": 1, "num_threads": 2},
            "both mean the threads",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused_before_anything_starts(
    options: dict, said: str
) -> None:
    with pytest.raises((InvalidOptionError, UnknownNameError)) as caught:
        make_vec("reach_target", **options)
    assert said in str(caught.value)


def test_a_chunk_longer_than_an_episode_or_the_block_is_refused() -> None:
    with make_vec("reach_target", 2, episode_length=4, num_workers=1) as vec:
        vec.reset(seed=0)
        with pytest.raises(InvalidOptionError, match="at most 4, the control steps"):
            vec.step_chunk(np.zeros((5, 2, 8), np.float32))
    with make_vec("reach_target", 2, num_workers=1, max_chunk_len=2) as vec:
        vec.reset(seed=0)
        with pytest.raises(InvalidOptionError, match="max_chunk_len=3"):
            vec.step_chunk(np.zeros((3, 2, 8), np.float32))


def test_workers_default_to_the_largest_divisor_within_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4))
    chosen = {n: default_num_workers(n) for n in (1, 2, 3, 6, 8, 9, 10)}
    assert chosen == {1: 1, 2: 2, 3: 3, 6: 3, 8: 4, 9: 3, 10: 2}


def test_the_workers_of_native_are_its_threads() -> None:
    cores = len(os.sched_getaffinity(0))
    for options, threads in (
        ({"num_workers": 3}, 3),
        ({"num_threads": 3}, 3),
        ({"num_workers": 8}, 4),
        ({"num_workers": 8, "batch_size": 2}, 2),
        ({}, min(cores, 4)),
    ):
        with make_vec("reach_target", 4, backend="native", **options) as vec:
            assert vec.num_workers == vec.health()["threads"] == threads


def test_make_vec_is_public_and_its_seeds_are_fixed_for_ever() -> None:
    assert rlbench_puffer.make_vec is make_vec
    assert "seed" in inspect.signature(make_vec).parameters
    # A change here changes every published trajectory.
    assert derive_seeds(0, 2) == [
        int(np.random.SeedSequence(0, spawn_key=(i,)).generate_state(1, np.uint64)[0])
        >> 1
        for i in range(2)
    ]
