"""Frame stacks against the plainest way to build them: a list for every sub-env."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.training.frames import FrameBuffer, FrameStack

SHAPE = (2, 3, 1)
NUM_ENVS = 3
TIMES = 25


def episodes(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Frames of a stretch of time, each another, and which begin an episode."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (TIMES, NUM_ENVS, *SHAPE), np.uint8)
    begins = rng.random((TIMES, NUM_ENVS)) < 0.25
    begins[0] = True
    return frames, begins


def naive(
    frames: NDArray[np.uint8], begins: NDArray[np.bool_], depth: int
) -> NDArray[np.uint8]:
    """(TIMES, NUM_ENVS, depth, ...): each episode's list, padded with its first."""
    stacks = np.empty((TIMES, NUM_ENVS, depth, *SHAPE), np.uint8)
    for env_id in range(NUM_ENVS):
        episode: list[NDArray[np.uint8]] = []
        for time in range(TIMES):
            if begins[time, env_id]:
                episode = []
            episode.append(frames[time, env_id])
            padded = [episode[0]] * depth + episode
            stacks[time, env_id] = padded[-depth:]
    return stacks


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_stack_for_acting_holds_the_last_frames_of_its_episode(depth: int) -> None:
    frames, begins = episodes(depth)
    expected = naive(frames, begins, depth)
    stack = FrameStack(NUM_ENVS, SHAPE, depth)
    for time in range(TIMES):
        stack.newest[:] = frames[time]
        np.testing.assert_array_equal(stack.push(begins[time]), expected[time])


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("num_steps", [1, 3, 6])
def test_a_buffer_gives_the_same_stacks_over_several_rollouts(
    depth: int, num_steps: int
) -> None:
    """Episodes go on from rollout to rollout, and so do their stacks."""
    frames, begins = episodes(10 * depth + num_steps)
    expected = naive(frames, begins, depth)
    buffer = FrameBuffer(num_steps, NUM_ENVS, SHAPE, depth)
    chosen = np.random.default_rng(0).random((num_steps, NUM_ENVS)) < 0.7
    for start in range(0, TIMES - num_steps, num_steps):
        if start == 0:
            buffer.at(0)[:] = frames[0]
            buffer.begin()
        else:
            buffer.roll()
        for t in range(1, num_steps + 1):
            buffer.at(t)[:] = frames[start + t]
            buffer.advance(t, begins[start + t])
            np.testing.assert_array_equal(buffer.stacked(t), expected[start + t])
        np.testing.assert_array_equal(
            buffer.flat[buffer.rows(chosen)],
            expected[start : start + num_steps][chosen],
        )


def test_a_new_start_forgets_the_episodes_before() -> None:
    buffer = FrameBuffer(2, NUM_ENVS, SHAPE, 3)
    buffer.at(0)[:] = 1
    buffer.begin()
    for t in (1, 2):
        buffer.at(t)[:] = 1 + t
        buffer.advance(t, np.zeros(NUM_ENVS, bool))
    buffer.at(0)[:] = 9
    buffer.begin()
    assert (buffer.stacked(0) == 9).all()


def test_frames_are_kept_once_however_deep_stacks_are() -> None:
    flat, deep = (FrameBuffer(64, 8, (36, 36, 3), depth) for depth in (1, 4))
    assert deep.frames.nbytes == flat.frames.nbytes * 68 / 65


def test_the_total_is_of_the_frames_that_were_acted_on() -> None:
    rng = np.random.default_rng(2)
    buffer = FrameBuffer(4, 3, (2, 5, 6), depth=3)
    buffer.frames[:] = rng.integers(0, 256, buffer.frames.shape)
    total, count = buffer.total()
    assert count == 12
    expected = sum(buffer.at(time).astype(int).sum(0) for time in range(4))
    np.testing.assert_array_equal(total, expected)
