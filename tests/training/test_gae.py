"""Advantages of short trajectories, computed by hand, and the laws behind them."""

from typing import Any

import numpy as np
import pytest

from rlbench_puffer.training.gae import gae

REWARDS = [1.0, 2.0, 3.0]
VALUES = [0.5, 1.0, 1.5, 2.0]


def column(values: list[Any], dtype: Any = np.float32) -> np.ndarray:
    return np.array(values, dtype)[:, None]


def advantages(
    terminal_at: int | None = None,
    truncated_at: int | None = None,
    invalid_at: tuple[int, ...] = (),
    discount: float = 0.5,
    trace_decay: float = 0.5,
) -> list[float]:
    """One sub-env, three steps."""
    steps = range(3)
    return gae(
        column(REWARDS),
        column(VALUES),
        column([t == terminal_at for t in steps], bool),
        column([t == truncated_at for t in steps], bool),
        column([t not in invalid_at for t in steps], bool),
        discount=discount,
        trace_decay=trace_decay,
    )[:, 0].tolist()


def test_an_episode_that_goes_on_looks_ahead_to_its_end() -> None:
    # Errors 1.0, 1.75, 2.5; each adds a quarter of the advantage after it.
    assert advantages() == [1.59375, 2.375, 2.5]


def test_a_terminated_step_goes_on_with_nothing() -> None:
    # Its error is 2 - 1; the step after it is the sub-env's reset.
    assert advantages(terminal_at=1, invalid_at=(2,)) == [1.25, 1.0, 0.0]


def test_a_truncated_step_goes_on_with_the_value_of_its_last_observation() -> None:
    # Its error is 2 + 0.5 * 1.5 - 1; a limit is no death.
    assert advantages(truncated_at=1, invalid_at=(2,)) == [1.4375, 1.75, 0.0]


def test_both_at_once_is_an_end() -> None:
    assert advantages(terminal_at=1, truncated_at=1, invalid_at=(2,)) == [
        1.25,
        1.0,
        0.0,
    ]


def test_nothing_passes_through_a_reset_or_a_fault() -> None:
    told = advantages(invalid_at=(1,))
    # The step before still sees the value of the observation that it led to.
    assert told == [1.0, 0.0, 2.5]


def test_with_a_trace_of_one_targets_are_discounted_returns() -> None:
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(7, 3)).astype(np.float32)
    values = rng.normal(size=(8, 3)).astype(np.float32)
    terminals = np.zeros((7, 3), bool)
    terminals[-1] = True
    none = np.zeros((7, 3), bool)
    told = gae(
        rewards, values, terminals, none, ~none, discount=0.9, trace_decay=1.0
    )  # fmt: skip
    weights = 0.9 ** np.arange(7)
    for t in range(7):
        expected = (weights[: 7 - t, None] * rewards[t:]).sum(axis=0)
        assert (told + values[:-1])[t] == pytest.approx(expected, abs=1e-5)


def test_with_a_trace_of_zero_each_step_sees_the_next_only() -> None:
    assert advantages(trace_decay=0.0) == [1.0, 1.75, 2.5]


def test_sub_envs_do_not_mix() -> None:
    rng = np.random.default_rng(1)
    shape = (9, 4)
    rewards = rng.normal(size=shape).astype(np.float32)
    values = rng.normal(size=(10, 4)).astype(np.float32)
    terminals, truncations = rng.random(shape) < 0.2, rng.random(shape) < 0.2
    valid = rng.random(shape) < 0.8
    arrays: tuple[Any, ...] = (rewards, values, terminals, truncations, valid)
    together = gae(*arrays, discount=0.97, trace_decay=0.9)
    for i in range(4):
        alone = gae(*(a[:, i : i + 1] for a in arrays), discount=0.97, trace_decay=0.9)
        assert alone[:, 0].tobytes() == together[:, i].tobytes()
