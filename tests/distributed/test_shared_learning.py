"""Ranks that share a rollout out take the gradient step of one that has it all."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from rlbench_puffer.distributed.group import OneRank, RankGroup
from rlbench_puffer.distributed.place import Place, share_out
from rlbench_puffer.training.normalization import (
    ObservationNormalizer,
    RewardNormalizer,
)
from rlbench_puffer.training.settings import TrainSettings

torch = pytest.importorskip(
    "torch", reason="torch is not installed: uv sync --extra train"
)

from rlbench_puffer.training.policy import Policy  # noqa: E402
from rlbench_puffer.training.ppo import Learner  # noqa: E402
from rlbench_puffer.training.rollouts import Rollout  # noqa: E402

Value = TypeVar("Value")


class ThreadRanks(RankGroup):
    """Ranks that are threads of this process and share a list."""

    def __init__(self, rank: int, board: list[Any], gate: threading.Barrier) -> None:
        super().__init__(Place(rank=rank, world_size=len(board)))
        self._board = board
        self._gate = gate

    def gather(self, value: Value) -> list[Value]:
        self._board[self.rank] = value
        self._gate.wait(30)
        values = list(self._board)
        self._gate.wait(30)
        return values

    def sum(self, numbers: Any) -> Any:
        return np.sum(self.gather(numbers), axis=0)

    def sum_tensor(self, tensor: Any) -> None:
        tensor.copy_(torch.stack(self.gather(tensor.clone())).sum(0))

    def from_main(self, call: Callable[[], Value]) -> Value:
        return self.gather(call() if self.is_main else None)[0]  # pyright: ignore[reportReturnType]

    def barrier(self) -> None:
        self._gate.wait(30)


def rollout(steps: int, num_envs: int) -> Rollout:
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(steps, num_envs, 5)).astype(np.float32)
    return Rollout(
        raw=raw,
        observations=raw,
        actions=rng.normal(size=(steps, num_envs, 8)).astype(np.float32),
        log_probabilities=rng.normal(-8, 0.1, (steps, num_envs)).astype(np.float32),
        values=rng.normal(size=(steps + 1, num_envs)).astype(np.float32),
        rewards=rng.normal(size=(steps, num_envs)).astype(np.float32),
        terminals=rng.random((steps, num_envs)) < 0.1,
        truncations=rng.random((steps, num_envs)) < 0.1,
        valid=rng.random((steps, num_envs)) < 0.9,
        episodes=[],
    )


def part_of(whole: Rollout, columns: slice) -> Rollout:
    arrays: dict[str, Any] = {
        name: value[:, columns]
        for name, value in vars(whole).items()
        if isinstance(value, np.ndarray)
    }
    return Rollout(**arrays, episodes=[])


def learn(data: Rollout, ranks: RankGroup, num_envs: int) -> tuple[Any, ...]:
    """One gradient step over everything: its weights, losses and moments."""
    settings = TrainSettings(
        task="reach_target", epochs=1, minibatch_size=10**6, hidden=(6,), updates=5
    )
    policy = Policy(5, 8, settings.hidden, 0.5)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.copy_(
                torch.linspace(-0.5, 0.5, parameter.numel()).view_as(parameter)
            )
    learner = Learner(
        policy, settings, torch.Generator().manual_seed(ranks.rank), Path, ranks
    )
    seen = ObservationNormalizer(5, ranks)
    seen.update(data.raw[data.valid])
    rewards = RewardNormalizer(num_envs, settings.discount, ranks)
    losses = learner.learn(data, rewards, 0)
    return [weight.detach().clone() for weight in policy.parameters()], losses, seen


def learn_together(whole: Rollout, shares: list[int]) -> list[tuple[Any, ...]]:
    """The same by ranks that share the sub-envs out."""
    board: list[Any] = [None] * len(shares)
    gate = threading.Barrier(len(shares))
    done: list[Any] = [None] * len(shares)

    def work(rank: int) -> None:
        first = sum(shares[:rank])
        data = part_of(whole, slice(first, first + shares[rank]))
        done[rank] = learn(data, ThreadRanks(rank, board, gate), shares[rank])

    threads = [threading.Thread(target=work, args=(r,)) for r in range(len(shares))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return done


def assert_same(result: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for one, other in zip(result[0], expected[0], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert result[1] == pytest.approx(expected[1], rel=1e-4, abs=1e-6)
    np.testing.assert_allclose(result[2].mean, expected[2].mean, rtol=1e-12)
    np.testing.assert_allclose(result[2].variance, expected[2].variance, rtol=1e-12)


def test_shares_of_a_rollout_move_the_weights_as_the_whole_does() -> None:
    whole = rollout(20, 7)
    expected = learn(whole, OneRank(), 7)
    for result in learn_together(whole, share_out(7, 3)):
        assert_same(result, expected)


def test_a_rank_without_a_step_in_a_minibatch_adds_nothing() -> None:
    whole = rollout(4, 2)
    whole.valid[:, 0], whole.valid[:, 1] = True, False
    expected = learn(part_of(whole, slice(0, 1)), OneRank(), 1)
    for result in learn_together(whole, [1, 1]):
        assert_same(result, expected)
