"""Running moments are those of all rows at once, however they came in."""

import numpy as np
import pytest

from rlbench_puffer.training.normalization import (
    LIMIT,
    ObservationNormalizer,
    RewardNormalizer,
    RunningMoments,
)


def test_pieces_give_the_moments_of_the_whole() -> None:
    rows = np.random.default_rng(0).normal(3.0, 5.0, (100, 4)).astype(np.float32)
    moments = RunningMoments(4)
    for piece in np.split(rows, [1, 7, 50]):
        moments.update(piece)
    moments.update(rows[:0])
    assert moments.mean == pytest.approx(rows.mean(axis=0), rel=1e-6)
    assert moments.variance == pytest.approx(rows.var(axis=0), rel=1e-5)


def test_a_restored_one_goes_on_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    first, second = ObservationNormalizer(3), ObservationNormalizer(3)
    first.update(rng.normal(size=(10, 3)))
    second.restore(first.state())
    more = rng.normal(size=(5, 3))
    for moments in (first, second):
        moments.update(more)
    assert first(more).tobytes() == second(more).tobytes()


def test_observations_are_centred_scaled_and_cut_off() -> None:
    normalizer = ObservationNormalizer(1)
    normalizer.update(np.array([[1.0], [3.0]]))
    told = normalizer(np.array([[2.0], [3.0], [1e9]]))
    assert told.dtype == np.float32
    assert told[:, 0].tolist() == pytest.approx([0.0, 1.0, LIMIT])


def test_rewards_are_scaled_by_the_return_and_not_centred() -> None:
    rewards = np.full((4, 1), 2.0, np.float32)
    none = np.zeros((4, 1), bool)
    normalizer = RewardNormalizer(1, discount=1.0)
    # The returns are 2, 4, 6 and 8: a deviation of the root of 5.
    told = normalizer(rewards, none, ~none)
    assert told[:, 0].tolist() == pytest.approx([2.0 / 5**0.5] * 4)


def test_a_return_ends_with_its_episode_and_skips_resets() -> None:
    rewards = np.array([[2.0], [2.0], [0.0], [2.0]], np.float32)
    ended = np.array([[False], [True], [False], [False]])
    valid = np.array([[True], [True], [False], [True]])
    normalizer = RewardNormalizer(1, discount=1.0)
    normalizer(rewards, ended, valid)
    # Returns 2, 4 and, in the next episode, 2.
    assert normalizer.state()["count"] == 3
    assert normalizer.state()["mean"][0] == pytest.approx(8 / 3)
