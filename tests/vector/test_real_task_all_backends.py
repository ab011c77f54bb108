"""Every task gives the same bytes on every backend, however it is shared out."""

import functools
import itertools
from typing import Any

import gymnasium
import numpy as np
import pytest

from rlbench_puffer import make_vec
from rlbench_puffer.tasks.registry import TASK_NAMES
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.gymnasium_adapter import GymnasiumVecEnv

EPISODE_LENGTH = 7
STEPS = 20
VARIANTS: dict[str, dict[str, Any]] = {
    "gym": {"backend": "gym"},
    "puffer-2": {"backend": "puffer", "num_workers": 2},
    "puffer-1": {"backend": "puffer", "num_workers": 1},
    "shm-4": {"backend": "shm", "num_workers": 4},
    "shm-1": {"backend": "shm", "num_workers": 1},
    "shm-copy": {"backend": "shm", "num_workers": 2, "copy": True, "debug": True},
    "native-2": {"backend": "native", "num_workers": 2},
    "native-copy": {"backend": "native", "num_threads": 1, "copy": True, "debug": True},
}

ONE_OF_EACH = ("gym", "puffer-2", "shm-4", "native-2")
"""What tasks and modes beyond the first run on, with ``--slow``."""

QUICK_TASK = TASK_NAMES[0]
"""On every variant, in a default run."""

MODES: dict[str, dict[str, Any]] = {
    "joint_velocity": {},
    "delta_ee_pose_ik": {"arm_action_mode": "delta_ee_pose_ik", "reward": "shaped"},
}
"""An action that is one control step, and one that is as many as it takes."""

Trajectory = list[tuple[Any, ...]]


def make(task: str = QUICK_TASK, **options: Any) -> VecEnv:
    return make_vec(task, 4, episode_length=EPISODE_LENGTH, **options)


def actions() -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.uniform(-1, 1, (STEPS + 5, 4, 8)).astype(np.float32)


def trajectory(vec: VecEnv) -> Trajectory:
    """Reset, single steps across two episode ends, and a chunk, as bytes."""
    observations, infos = vec.reset(seed=12)
    rows: Trajectory = [(observations.tobytes(), infos)]
    for action in actions()[:STEPS]:
        *arrays, infos = vec.step(action)
        rows.append((*(array.tobytes() for array in arrays), infos))
    *arrays, infos = vec.step_chunk(actions()[STEPS:])
    by_env = sorted(infos, key=lambda info: info["env_id"])
    rows.append((*(array.tobytes() for array in arrays), by_env))
    return rows


@functools.cache
def reference(task: str, mode: str) -> Trajectory:
    with make(task, backend="serial", **MODES[mode]) as vec:
        return trajectory(vec)


def _cases() -> list[Any]:
    first, *others = itertools.product(TASK_NAMES, MODES)
    return [pytest.param(*first, variant) for variant in VARIANTS] + [
        pytest.param(*other, variant, marks=pytest.mark.slow)
        for other in others
        for variant in ONE_OF_EACH
    ]


@pytest.mark.parametrize(("task", "mode", "variant"), _cases())
def test_every_backend_gives_the_bytes_of_serial(
    task: str, mode: str, variant: str
) -> None:
    with make(task, **MODES[mode], **VARIANTS[variant]) as vec:
        told = trajectory(vec)
    expected = reference(task, mode)
    for number, (row, other) in enumerate(zip(told, expected, strict=True)):
        assert row == other, f"row {number} of {variant} differs"


@pytest.mark.parametrize("backend", ["shm", "puffer", "native"])
def test_partial_batches_give_each_sub_env_its_own_trajectory(backend: str) -> None:
    with make(backend="serial") as whole:
        first, _ = whole.reset(seed=12)
        expected = [first.copy()]
        expected += [whole.step(action)[0].copy() for action in actions()[:6]]
    with make(backend=backend, num_workers=4, batch_size=2) as vec:
        vec.async_reset(seed=12)
        seen = np.zeros(4, int)
        while seen.min() < 6:
            observations, _, _, _, _, env_ids, _ = vec.recv()
            for row, env_id in enumerate(env_ids):
                if seen[env_id] <= 6:
                    want = expected[seen[env_id]][env_id]
                    assert observations[row].tobytes() == want.tobytes()
            vec.send(actions()[np.minimum(seen[env_ids], 6), env_ids])
            seen[env_ids] += 1


def test_gymnasium_sees_dict_observations_without_a_copy() -> None:
    envs = GymnasiumVecEnv(make(backend="shm", num_workers=2))
    observations, infos = envs.reset(seed=12)
    assert isinstance(observations, dict)
    space = envs.single_observation_space
    assert isinstance(space, gymnasium.spaces.Dict)
    assert list(observations) == list(space.spaces)
    assert envs.observation_space.contains(
        {name: field.copy() for name, field in observations.items()}
    )
    flat = envs.vec.step(np.zeros((4, 8), np.float32))[0]
    assert np.shares_memory(observations["joint_positions"], flat)
    assert infos["variation"].shape == (4,)
    for _ in range(EPISODE_LENGTH - 2):
        envs.step(np.zeros((4, 8), np.float32))
    _, rewards, terminations, truncations, infos = envs.step(
        np.zeros((4, 8), np.float32)
    )
    assert (terminations | truncations).all()
    assert rewards.shape == (4,)
    assert infos["episode"]["l"].tolist() == [EPISODE_LENGTH] * 4
    envs.close()


def test_timings_split_a_worker_into_simulation_and_observation() -> None:
    with make(backend="shm", num_workers=2) as vec:
        vec.reset(seed=0)
        for action in actions()[:STEPS]:
            vec.step(action)
        timings = vec.timings()
    for worker in timings["workers"]:
        assert worker["sim"] > 0
        assert worker["observe"] > 0
        assert worker["reset"] > 0
    main = timings["main"]
    waited = main["wait"] + main["reset"]
    assert timings["ipc"] == pytest.approx(waited - timings["slowest_worker_busy"])
