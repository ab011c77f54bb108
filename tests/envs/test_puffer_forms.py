"""The two PufferLib forms: same dtype, and for equal seeds the same bytes."""

import numpy as np
import pufferlib.emulation
import pufferlib.vector
import pytest

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import EnvConfig, make_config
from rlbench_puffer.envs.make import make_batch_env, make_spaces
from rlbench_puffer.envs.puffer_env import RLBenchPufferEnv, make_emulated
from rlbench_puffer.tasks.registry import TASK_NAMES

WITH_CAMERAS = "open_drawer with cameras"

# Odd sizes, so that the dtype needs padding between its fields.
CAMERAS = {
    "front": Camera(size=(5, 7), mask=True),
    "wrist": Camera(size=(6, 3), rgb=False, depth=True, point_cloud=True),
}


@pytest.fixture(
    params=[*TASK_NAMES, pytest.param(WITH_CAMERAS, marks=pytest.mark.display)]
)
def config(request: pytest.FixtureRequest) -> EnvConfig:
    if request.param == WITH_CAMERAS:
        return make_config("open_drawer", episode_length=12, cameras=CAMERAS)
    return make_config(request.param, episode_length=12)


def test_spaces_and_dtype_are_pufferlibs_own(config: EnvConfig) -> None:
    emulated = make_emulated(config)
    native = RLBenchPufferEnv(config, num_envs=2)
    spaces = make_spaces(config)
    assert emulated.single_observation_space == native.single_observation_space
    assert emulated.single_observation_space == spaces.single_observation_space
    assert emulated.single_action_space == native.single_action_space
    assert emulated.obs_dtype == spaces.observation_dtype
    emulated.close()
    native.close()


def test_equal_seeds_give_equal_bytes(config: EnvConfig) -> None:
    seeds = [3, 4, 5]
    native = RLBenchPufferEnv(config, num_envs=3)
    emulated = [make_emulated(config) for _ in seeds]
    rows, _ = native.reset(seed=seeds)
    for env, seed, row in zip(emulated, seeds, rows, strict=True):
        assert env.reset(seed=seed)[0].tobytes() == row.tobytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        actions = rng.uniform(-1, 1, (3, 8)).astype(np.float32)
        rows, rewards, terminals, truncations, _ = native.step(actions)
        for i, env in enumerate(emulated):
            if env.done:
                observation, _ = env.reset()
                told = (0.0, False, False)
            else:
                observation, *told, _ = env.step(actions[i])
            assert observation.tobytes() == rows[i].tobytes()
            assert tuple(told) == (rewards[i], terminals[i], truncations[i])
    native.close()
    for env in emulated:
        env.close()


@pytest.mark.parametrize("version", [2, 3])
def test_the_native_form_writes_into_pufferlibs_buffers(version: int) -> None:
    config = make_config("reach_target")
    owner = make_batch_env(config, 4)
    names = ("observations", "rewards", "terminals", "truncations", "masks", "actions")
    by_name = {name: getattr(owner, name) for name in names}
    buf = owner if version == 2 else by_name
    native = RLBenchPufferEnv(config, num_envs=4, buf=buf, seed=0)
    native.reset(seed=[1, 2, 3, 4])
    assert native.observations is owner.observations
    assert np.any(owner.observations != 0)
    native.close()


def test_pufferlibs_own_vectoriser_takes_the_native_form() -> None:
    vec = pufferlib.vector.make(
        RLBenchPufferEnv,
        env_args=[make_config("reach_target"), 4],
        backend=pufferlib.PufferEnv,
    )
    observations, infos = vec.reset(seed=7)
    assert observations.shape == (4, 40)
    assert [info["env_id"] for info in infos] == [0, 1, 2, 3]
    observations, rewards, terminals, truncations, infos = vec.step(
        np.zeros((4, 8), np.float32)
    )
    assert rewards.shape == terminals.shape == truncations.shape == (4,)
    vec.close()


def test_pufferlibs_serial_vectoriser_takes_the_emulated_form() -> None:
    vec = pufferlib.vector.make(
        make_emulated,
        env_args=[make_config("reach_target", episode_length=3)],
        # Its annotation says PufferEnv, which is only its default.
        backend=pufferlib.vector.Serial,  # pyright: ignore[reportArgumentType]
        num_envs=2,
    )
    vec.reset(seed=7)
    told = [vec.step(np.zeros((2, 8), np.float32))[3].tolist() for _ in range(5)]
    assert told == [[False] * 2, [False] * 2, [True] * 2, [False] * 2, [False] * 2]
    vec.close()
