"""Workers that die, raise or hang: the error names what happened, and soon."""

import functools
import time
from typing import Any

import numpy as np
import pytest

from fake_pools import make_fake_pool
from fakes import FaultyEnv
from rlbench_puffer.errors import (
    CallOrderError,
    SimulationError,
    WorkerDiedError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.vector import gym, puffer
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.shm import pool as shm_pool

PROCESS_BACKENDS = ("gym", "puffer", "shm")

ENDS = {
    "sigkill": (WorkerDiedError, "was killed by SIGKILL"),
    "sigsegv": (WorkerDiedError, "was killed by SIGSEGV"),
    "exit": (WorkerDiedError, "exited with code 3"),
    "raise": (WorkerRaisedError, "raised ValueError: the fake was told to raise"),
}
"""How a worker may end, and what its error says."""

SLOW = pytest.mark.slow


def by_backend(**quick: tuple[str, ...]) -> list[Any]:
    """Every way on every backend; those that are not ``quick`` ones are slow."""
    return [
        pytest.param(
            backend, how, marks=[] if how in quick.get(backend, ()) else [SLOW]
        )
        for backend in PROCESS_BACKENDS
        for how in ENDS
    ]


DETECTION_S = 1.0
CLOSE_S = 5.0
ZEROS = np.zeros((2, 2), np.float32)


def make_faulty(backend: str, when: str, how: str, **options: Any) -> VecEnv:
    """Two workers with one sub-env each; the second one fails."""
    if backend == "shm":
        options.setdefault("on_fault", "raise")
    fault = {"when": when, "how": how, "victim": 1}
    return make_fake_pool(
        backend, 2, 2, env_class=FaultyEnv, env_options=fault, **options
    )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``close()`` give a worker that does not answer 0.2 s rather than 2 s.

    A worker that hangs in a pending step is closed with the real patience below.
    """
    for module in (shm_pool, puffer, gym):
        monkeypatch.setattr(module, "CLOSE_PATIENCE_S", 0.2)


def close_within_limit(vec: VecEnv) -> None:
    start = time.monotonic()
    vec.close()
    assert time.monotonic() - start < CLOSE_S


@pytest.mark.parametrize(
    ("backend", "how"),
    by_backend(shm=tuple(ENDS), puffer=("raise",), gym=("raise",)),
)
def test_a_worker_that_fails_in_init_is_named(backend: str, how: str) -> None:
    kind, said = ENDS[how]
    with pytest.raises((WorkerDiedError, WorkerRaisedError)) as caught:
        make_faulty(backend, "init", how)
    if how == "raise" and backend == "gym":
        # Gymnasium lets the process die of it; the reason is in its last words.
        kind, said = WorkerDiedError, "the fake was told to raise"
    assert type(caught.value) is kind
    assert caught.value.worker_index == 1
    assert said in str(caught.value)
    assert "in init" in str(caught.value)


@pytest.mark.parametrize("when", ["reset", "step", "chunk"])
@pytest.mark.parametrize(
    ("backend", "how"),
    by_backend(shm=tuple(ENDS), puffer=("sigkill", "raise"), gym=("sigkill",)),
)
def test_a_worker_that_fails_at_work_is_named_within_a_second(
    backend: str, when: str, how: str
) -> None:
    kind, said = ENDS[how]
    vec = make_faulty(backend, "reset" if when == "reset" else "step", how)
    if when != "reset":
        vec.reset(seed=0)
    calls = {
        "reset": lambda: vec.reset(seed=0),
        "step": lambda: vec.step(ZEROS),
        "chunk": lambda: vec.step_chunk(np.zeros((3, 2, 2), np.float32)),
    }
    start = time.monotonic()
    with pytest.raises(kind) as caught:
        calls[when]()
    assert time.monotonic() - start < DETECTION_S
    assert caught.value.worker_index == 1
    assert said in str(caught.value)
    assert ("in reset" if when == "reset" else "in step") in str(caught.value)
    if how == "sigsegv":
        assert "about to read address zero" in str(caught.value)
    with pytest.raises(CallOrderError, match=r"after a fault.*close\(\)"):
        vec.step(ZEROS)
    close_within_limit(vec)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["stop", pytest.param("hang", marks=SLOW)])
@pytest.mark.parametrize("when", [pytest.param("reset", marks=SLOW), "step"])
@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_a_worker_that_hangs_misses_its_deadline(
    backend: str, when: str, how: str
) -> None:
    deadline = {f"{when}_timeout_s": 0.3}
    vec = make_faulty(backend, when, how, **deadline)
    if when == "step":
        vec.reset(seed=0)
    call = vec.reset if when == "reset" else functools.partial(vec.step, ZEROS)
    start = time.monotonic()
    with pytest.raises(WorkerTimeoutError, match=rf"Worker 1 .*0\.3 s.* in {when}"):
        call()
    assert time.monotonic() - start < 0.3 + DETECTION_S
    close_within_limit(vec)


@pytest.mark.parametrize("how", ["stop", pytest.param("hang", marks=SLOW)])
@pytest.mark.parametrize(
    "backend",
    ["shm", pytest.param("puffer", marks=SLOW), pytest.param("gym", marks=SLOW)],
)
def test_a_worker_that_hangs_in_init_misses_its_deadline(
    backend: str, how: str
) -> None:
    with pytest.raises(WorkerTimeoutError, match=r"Worker 1 .*3 s.* in init"):
        make_faulty(backend, "init", how, init_timeout_s=3.0)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("nan_observation", "Observation of sub-env 1, component 0, is nan"),
        ("nan_reward", "Reward of sub-env 1, component 0, is inf"),
    ],
)
@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_numbers_that_are_not_finite_are_an_error(
    backend: str, how: str, said: str
) -> None:
    vec = make_faulty(backend, "step", how)
    vec.reset(seed=0)
    with pytest.raises(WorkerRaisedError, match=said):
        vec.step(ZEROS)
    close_within_limit(vec)


def test_serial_lets_the_environments_own_error_through() -> None:
    fault = {"when": "step", "how": "nan_observation"}
    vec = make_fake_pool("serial", 2, env_class=FaultyEnv, env_options=fault)
    vec.reset(seed=0)
    with pytest.raises(SimulationError, match="Observation of sub-env 0"):
        vec.step(ZEROS)
    vec.close()


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_close_ends_a_worker_that_hangs_in_a_pending_step(backend: str) -> None:
    vec = make_faulty(backend, "step", "hang")
    vec.reset(seed=0)
    vec.send(ZEROS)
    close_within_limit(vec)


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_a_dropped_pool_leaves_nothing_behind(backend: str) -> None:
    vec = make_fake_pool(backend, 2, 2)
    vec.reset(seed=0)
    pids = [worker["pid"] for worker in vec.health()["workers"]]
    assert len(pids) == 2
    del vec  # The leak check that every test has finds what would be left.
