"""Our backends driven exactly as PufferLib 3's trainer drives a vecenv.

What ``PuffeRL`` reads and calls, in its order, was taken from ``pufferl.py`` of
PufferLib 3.0.0; it is repeated here on arrays, so that neither it nor torch is needed.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer import make_vec
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.base import VecEnv

TASK, EPISODE, NUM_ENVS, HORIZON = "reach_target", 5, 4, 8
TORCH_DTYPES = {
    *("float64", "float32", "float16", "uint64", "uint32", "uint16", "uint8"),
    *("int64", "int32", "int16", "int8"),
}
"""What its table from numpy's to torch's dtypes knows."""

CASES = [
    pytest.param(backend, batch, id=f"{backend}-{batch} of {NUM_ENVS}")
    for backend in ("native", "shm", "puffer")
    for batch in (4, 2)
]


def make(backend: Any, batch_size: int, **options: Any) -> VecEnv:
    return make_vec(
        TASK, NUM_ENVS, backend=backend, num_workers=2, episode_length=EPISODE,
        batch_size=batch_size, reward="shaped", **options,
    )  # fmt: skip


class TrainersDouble:
    """The vecenv half of ``PuffeRL``: its experience buffers and its ``evaluate``."""

    def __init__(self, vecenv: VecEnv, seed: int) -> None:
        vecenv.async_reset(seed)
        observed, acted = vecenv.single_observation_space, vecenv.single_action_space
        assert observed.dtype is not None
        assert acted.shape is not None
        assert {str(observed.dtype), str(acted.dtype)} <= TORCH_DTYPES
        self.vecenv = vecenv
        self.total_agents = self.segments = vecenv.num_agents
        shape = (self.segments, HORIZON)
        self.observations = np.full((*shape, *observed.shape), np.nan, observed.dtype)
        self.actions = np.zeros((*shape, *acted.shape), acted.dtype)
        self.rewards, self.terminals = np.zeros(shape), np.zeros(shape)
        self.ep_lengths = np.zeros(self.total_agents, np.int32)
        self.ep_indices = np.arange(self.total_agents)
        self.free_idx = self.total_agents
        self.global_step = 0
        self.infos: list[dict[str, Any]] = []

    def evaluate(self) -> None:
        vecenv, full_rows = self.vecenv, 0
        while full_rows < self.segments:
            o, r, d, t, info, env_id, mask = vecenv.recv()
            batch = vecenv.agents_per_batch
            assert o.shape == (batch, *vecenv.single_observation_space.shape)
            assert o.dtype == self.observations.dtype
            assert (r.dtype, d.dtype, t.dtype) == (np.float32, bool, bool)
            assert r.shape == d.shape == (d + t).shape == mask.shape == (batch,)
            rows = slice(env_id[0], env_id[-1] + 1)
            np.testing.assert_array_equal(env_id, np.arange(rows.start, rows.stop))
            self.global_step += int(mask.sum())
            action = self.policy(o)
            step = self.ep_lengths[rows.start]
            kept = slice(
                self.ep_indices[rows.start], 1 + self.ep_indices[rows.stop - 1]
            )
            self.observations[kept, step] = o
            self.actions[kept, step] = action
            self.rewards[kept, step] = np.clip(r, -1, 1)
            self.terminals[kept, step] = d
            self.ep_lengths[rows] += 1
            if step + 1 >= HORIZON:
                count = rows.stop - rows.start
                self.ep_indices[rows] = self.free_idx + np.arange(count)
                self.ep_lengths[rows] = 0
                self.free_idx += count
                full_rows += count
            bounds: Any = vecenv.action_space
            action = np.clip(action, bounds.low, bounds.high)
            self.infos += info
            vecenv.send(action)
        self.free_idx = self.total_agents
        self.ep_indices = np.arange(self.total_agents)
        self.ep_lengths[:] = 0

    def policy(self, observations: NDArray[Any]) -> NDArray[np.float32]:
        """Any function of a row alone; out of bounds now and then, as a sample is."""
        return np.sin(observations[:, :8] * 40.0).astype(np.float32) * np.float32(1.1)


def expected(rounds: int) -> list[tuple[NDArray[Any], ...]]:
    """What each ``evaluate`` has to store, from backend serial, step by step."""
    told = []
    with make_vec(
        TASK, NUM_ENVS, backend="serial", episode_length=EPISODE, reward="shaped"
    ) as vec:
        vec.async_reset(3)
        double = TrainersDouble(vec, 3)
        for _ in range(rounds):
            stored: list[list[NDArray[Any]]] = [[], [], []]
            for _ in range(HORIZON):
                o, r, d, *_ = vec.recv()
                for column, value in zip(
                    stored, (o, np.clip(r, -1, 1), d), strict=True
                ):
                    column.append(value.copy())
                vec.send(np.clip(double.policy(o), -1, 1))
            told.append(tuple(np.stack(column, axis=1) for column in stored))
    return told


@pytest.mark.parametrize(("backend", "batch_size"), CASES)
def test_what_the_trainer_stores_is_what_happened(
    backend: str, batch_size: int
) -> None:
    with make(backend, batch_size, sync_traj=True) as vec:
        trainer = TrainersDouble(vec, 3)
        for observations, rewards, terminals in expected(3):
            # Results are pending while it learns: evaluate() begins with recv().
            trainer.evaluate()
            assert trainer.observations.tobytes() == observations.tobytes()
            np.testing.assert_array_equal(trainer.rewards, rewards)
            np.testing.assert_array_equal(trainer.terminals, terminals)
        assert trainer.global_step == 3 * HORIZON * NUM_ENVS
        ends = [info for info in trainer.infos if "episode" in info]
        assert {info["episode"]["l"] for info in ends} == {EPISODE}
        # Sizes that its policies read.
        driver = vec.driver_env
        assert driver.single_action_space.shape == (8,)
        assert driver.env.observation_space.shape == driver.observation_space.shape


def test_batches_in_turn_are_equal_groups() -> None:
    with pytest.raises(InvalidOptionError, match=r"divisor of num_envs=6.*sync_traj"):
        make_vec(
            TASK, 6, backend="shm", num_workers=3, batch_size=4, sync_traj=True
        ).close()
    with pytest.raises(InvalidOptionError, match="batches come in turn"):
        make_vec(TASK, 4, backend="native", sync_traj=False)
