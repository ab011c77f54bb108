"""Samples count env steps and nothing else, on the same work for everybody."""

import numpy as np
import pytest

from benchmark.fake_cell import FakeVec
from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.measure import (
    Meter,
    count_chunk_steps,
    draw_actions,
    flat_phases,
)


def cell(batch_size: int = 6, chunk_len: int = 1, seed: int = 3) -> Cell:
    return Cell(
        task="reach_target",
        backend="shm",
        num_envs=6,
        num_workers=2,
        batch_size=batch_size,
        chunk_len=chunk_len,
        seed=seed,
    )


class Recorder:
    """Makes the fake vector environment and keeps hold of it."""

    def __init__(self) -> None:
        self.vec: FakeVec

    def __call__(self, wanted: Cell) -> FakeVec:
        """The fake of a cell."""
        self.vec = FakeVec(wanted)
        return self.vec


@pytest.mark.parametrize(
    "wanted", [cell(), cell(batch_size=2), cell(chunk_len=5), cell(chunk_len=7)]
)
def test_only_env_steps_are_counted_not_the_steps_that_reset(wanted: Cell) -> None:
    maker = Recorder()
    meter = Meter(wanted, maker)
    # The fake counts for itself, and is asked for its timings around each slice.
    warm: list[int] = []
    timings = maker.vec.timings

    def note_warm_up() -> dict[str, object]:
        warm.append(maker.vec.env_steps)
        return timings()

    maker.vec.timings = note_warm_up
    meter.begin_sample()
    meter.measure(0.03)
    meter.measure(0.03)
    sample = meter.end_sample()
    meter.close()
    first_begin, first_end, begin, end = warm
    assert sample.env_steps == first_end - first_begin + end - begin
    assert maker.vec.resets > 0
    assert maker.vec.closed
    assert 0.06 <= sample.seconds < 1.0
    assert sample.steps_per_second == sample.env_steps / sample.seconds
    assert 0 < sample.latency_ms_p50 <= sample.latency_ms_p99
    assert meter.phases["main_wait"] == sample.env_steps


def test_every_sample_begins_with_the_same_reset_and_actions() -> None:
    maker = Recorder()
    meter = Meter(cell(), maker)
    meter.sample(0.001)
    split = len(maker.vec.actions)
    meter.sample(0.001)
    assert maker.vec.seeds == [3, 3, 3]
    first, second = maker.vec.actions[:10], maker.vec.actions[split : split + 10]
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(np.stack(first))) > 100


def test_actions_depend_on_the_work_and_not_on_the_backend() -> None:
    space = FakeVec(cell()).single_action_space
    shm = draw_actions(cell(), space)
    gym = draw_actions(
        Cell(
            task="reach_target",
            backend="gym",
            num_envs=6,
            num_workers=6,
            batch_size=6,
            seed=3,
        ),
        space,
    )
    np.testing.assert_array_equal(shm, gym)
    assert shm.shape[1:] == (6, 8)
    assert shm.dtype == np.float32
    assert all(space.contains(action) for action in shm[0])
    assert draw_actions(cell(chunk_len=16), space).shape[1:] == (16, 6, 8)
    assert not np.array_equal(shm, draw_actions(cell(seed=4), space))


def test_a_chunk_counts_up_to_each_sub_envs_end_and_not_its_reset() -> None:
    ended = np.zeros((4, 3), bool)
    ended[1, 0] = True  # Sub-env 0 stops after two of four steps.
    over = np.array([False, True, False])  # Sub-env 1 spends one step on its reset.
    assert count_chunk_steps(ended, over) == 2 + 3 + 4


def test_phases_are_means_over_workers_and_mains_own() -> None:
    timings = {
        "main": {"wait": 3.0, "total": 4.0},
        "workers": [{"sim": 1.0, "reset": 0.5}, {"sim": 2.0}],
        "ipc": 0.25,
    }
    assert flat_phases(timings) == {
        "sim": 1.5,
        "reset": 0.25,
        "main_wait": 3.0,
        "main_total": 4.0,
        "ipc": 0.25,
    }
    assert flat_phases({}) == {}
