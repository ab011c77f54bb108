"""The encoder looks at what differs from the mean of the frames it has seen."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed: uv sync --extra train"
)

from rlbench_puffer.distributed.group import OneRank  # noqa: E402
from rlbench_puffer.training.encoder import PictureEncoder  # noqa: E402
from rlbench_puffer.training.frames import FrameBuffer  # noqa: E402
from rlbench_puffer.training.policy import Policy  # noqa: E402

SHAPE = (2, 36, 40, 3)


def rollout(seed: int) -> FrameBuffer:
    frames = FrameBuffer(4, 3, SHAPE[1:], depth=SHAPE[0])
    rng = np.random.default_rng(seed)
    frames.frames[:] = rng.integers(0, 256, frames.frames.shape)
    return frames


def test_the_mean_is_that_of_all_frames_so_far() -> None:
    policy = Policy(3, 2, (4,), 0.5, SHAPE)
    assert torch.all(policy.encoder.mean == 127.5)
    seen = [rollout(seed) for seed in range(3)]
    for part in seen:
        policy.take_in(part, OneRank())
    every = np.concatenate([[part.at(time) for time in range(4)] for part in seen])
    np.testing.assert_allclose(
        policy.encoder.mean.numpy(), every.mean((0, 1)), rtol=0, atol=1e-3
    )
    assert policy.encoder.count == 3 * 4 * 3
    # With the weights, for whoever reads a checkpoint.
    assert {"encoder.mean", "encoder.count"} <= policy.state_dict().keys()
    Policy(3, 2, (4,), 0.5).take_in(None, OneRank())


def test_what_all_frames_have_in_common_changes_no_feature() -> None:
    rng = np.random.default_rng(0)
    dark = rng.integers(0, 150, (5, *SHAPE), np.uint8)
    lit = rng.integers(0, 100, SHAPE[1:], np.uint8)
    encoder = PictureEncoder(SHAPE)
    encoder.take_in(np.full(SHAPE[1:], 60.0), 1.0)
    expected = encoder(torch.from_numpy(dark))
    # Each channel of each pixel by as much as the mean is.
    encoder.take_in(2 * lit.astype(float) + 60.0, 1.0)
    torch.testing.assert_close(encoder(torch.from_numpy(dark + lit)), expected)
    assert not torch.equal(encoder(torch.from_numpy(dark)), expected)
