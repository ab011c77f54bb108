"""The runner, without any process: what it finds, and what stands in its books."""

from collections.abc import Iterator

import numpy as np
import pytest

from rlbench_puffer.errors import SimulationError
from rlbench_puffer.vector.hosting import ChunkBuffers, Host, HostBuffers, Info
from rlbench_puffer.vector.runner import TALLY_BYTES, Runner, read_tally

ROWS = 3
LARGEST = np.finfo(np.float32).max


class FlagsHost(Host):
    """Leaves its rows as they are, but for flags that a test has laid out."""

    num_envs = ROWS

    def __init__(self, buffers: HostBuffers, ends: Iterator[list[bool]]) -> None:
        self._buffers = buffers
        self._ends = ends

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        return []

    def step(self) -> list[Info]:
        self._buffers.terminals[:] = next(self._ends, [False] * ROWS)
        return []

    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], int]:
        return [], 0

    def close(self) -> None:
        pass


def make_runner(
    observation_dtype: str = "float32", ends: tuple[list[bool], ...] = ()
) -> tuple[Runner, HostBuffers]:
    buffers = HostBuffers(
        observations=np.zeros((ROWS, 4), observation_dtype),
        rewards=np.zeros(ROWS, np.float32),
        terminals=np.zeros(ROWS, bool),
        truncations=np.zeros(ROWS, bool),
        masks=np.ones(ROWS, bool),
        actions=np.zeros((ROWS, 2), np.float32),
    )
    runner = Runner(FlagsHost(buffers, iter(ends)), buffers, first_env_id=10)
    runner.reset([0] * ROWS, [0] * ROWS)
    return runner, buffers


def books(runner: Runner) -> dict[str, float]:
    written = bytearray(TALLY_BYTES)
    runner.write_tally(written)
    return read_tally(written, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("observation_dtype", ["float32", "uint8"])
def test_a_reward_that_is_not_finite_is_named(
    value: float, observation_dtype: str
) -> None:
    runner, buffers = make_runner(observation_dtype)
    buffers.rewards[:] = [0.0, value, 1.0]
    with pytest.raises(SimulationError, match=r"Reward of sub-env 11, component 0"):
        runner.step()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_observation_that_is_not_finite_is_named(value: float) -> None:
    runner, buffers = make_runner()
    buffers.observations[2, 3] = value
    with pytest.raises(
        SimulationError, match=r"Observation of sub-env 12, component 3"
    ):
        runner.step()


def test_numbers_whose_sum_would_overflow_are_fine() -> None:
    runner, buffers = make_runner()
    buffers.observations[:] = LARGEST
    buffers.rewards[:] = -LARGEST
    runner.step()
    buffers.rewards[:] = -0.0
    runner.step()
    assert books(runner)["steps"] == 2 * ROWS


def test_a_step_after_an_end_is_an_autoreset_and_no_step() -> None:
    yes, no = True, False
    runner, _ = make_runner(ends=([no, no, no], [yes, no, yes], [no, yes, no]))
    told = [runner.step()[1] for _ in range(5)]
    assert told == [False, True, True, False, False]
    kept = books(runner)
    assert kept["episodes"] == 3
    assert kept["autoresets"] == 3
    assert kept["steps"] == 5 * ROWS - 3
    assert 0.0 < kept["busy"] <= kept["finished_at"] - kept["started_at"]


def test_a_step_that_raises_is_not_in_the_books() -> None:
    runner, buffers = make_runner()
    runner.step()
    before = books(runner)
    buffers.rewards[0] = np.nan
    with pytest.raises(SimulationError):
        runner.step()
    assert books(runner) == before
