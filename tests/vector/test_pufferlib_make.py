"""Our backends under ``pufferlib.vector.make``, with both forms of environment."""

from typing import Any

import numpy as np
import pytest

from fake_puffer_envs import Broken, Foreign, Version3Env
from rlbench_puffer import make_vec
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.puffer_env import RLBenchPufferEnv, make_emulated
from rlbench_puffer.errors import InvalidOptionError, WorkerRaisedError
from rlbench_puffer.vector.native import NativeVecEnv
from rlbench_puffer.vector.puffer import PufferVecEnv, pufferlib_vector
from rlbench_puffer.vector.shm.pool import ShmVecEnv

CONFIG = make_config("reach_target", episode_length=6)
BACKENDS = [ShmVecEnv, PufferVecEnv]


def make_form(form: str, backend: type) -> Any:
    """Four sub-envs in two workers."""
    if form == "emulated":
        return pufferlib_vector.make(
            make_emulated, [CONFIG], backend=backend, num_envs=4, num_workers=2
        )
    return pufferlib_vector.make(
        RLBenchPufferEnv, [CONFIG, 2], backend=backend, num_envs=2, num_workers=2
    )


@pytest.mark.parametrize("form", ["native", "emulated"])
@pytest.mark.parametrize("backend", [*BACKENDS, NativeVecEnv])
def test_pufferlibs_make_gives_the_bytes_of_serial(backend: type, form: str) -> None:
    actions = np.random.default_rng(0).uniform(-1, 1, (14, 4, 8)).astype(np.float32)
    with make_vec("reach_target", 4, episode_length=6, backend="serial") as vec:
        expected = [vec.reset(seed=3)[0].tobytes()]
        expected += [vec.step(a)[0].tobytes() for a in actions[:10]]
        chunk_rewards = vec.step_chunk(actions[10:])[1].tobytes()
    with make_form(form, backend) as vec:
        assert (vec.num_agents, vec.agents_per_batch) == (4, 4)
        observations, infos = vec.reset(seed=3)
        assert sorted(info["env_id"] for info in infos) == [0, 1, 2, 3]
        told = [observations.tobytes()]
        told += [vec.step(a)[0].tobytes() for a in actions[:10]]
        assert told == expected
        assert vec.step_chunk(actions[10:])[1].tobytes() == chunk_rewards
        for phases in vec.timings()["workers"]:
            assert phases["sim"] > 0
        emulated = vec.driver_env.emulated
    if form == "emulated":
        names = emulated.emulated_observation_dtype.names
        assert names == CONFIG.observations


def test_it_is_pufferlibs_multiprocessing_to_pufferlib() -> None:
    assert issubclass(PufferVecEnv, pufferlib_vector.Multiprocessing)


@pytest.mark.parametrize("backend", BACKENDS)
def test_somebody_elses_native_environment_gets_distinct_seeds(backend: Any) -> None:
    make: Any = pufferlib_vector.make
    with make(Foreign, backend=backend, num_envs=2, num_workers=2) as vec:
        observations, _ = vec.reset(seed=0)
        assert observations[0] == observations[1]
        assert observations[0] != observations[2]
        observations, *_, infos = vec.step(np.array([0, 1, 2, 1]))
        assert observations[:, 0].tolist() == [0, 1, 2, 1]
        assert [info["env_id"] for info in infos] == [0, 2]
        # Refused here and now: no worker is lost over it.
        with pytest.raises(InvalidOptionError, match="step_chunk"):
            vec.step_chunk(np.zeros((2, 4), np.int32))
        assert vec.step(np.array([1, 1, 1, 1]))[0][:, 0].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_environment_that_cannot_be_built_is_reported(backend: Any) -> None:
    with pytest.raises(WorkerRaisedError, match="no simulator here"):
        pufferlib_vector.make(Broken, backend=backend, num_envs=2, num_workers=2)


def test_native_environments_need_a_worker_each() -> None:
    backend: Any = ShmVecEnv
    with pytest.raises(InvalidOptionError, match="num_workers"):
        pufferlib_vector.make(
            RLBenchPufferEnv, [CONFIG, 2], backend=backend, num_envs=4, num_workers=2
        )


@pytest.mark.parametrize("backend", BACKENDS)
def test_emulated_environments_of_pufferlib_3_get_their_rows(backend: Any) -> None:
    make: Any = pufferlib_vector.make
    with make(Version3Env, backend=backend, num_envs=4, num_workers=2) as vec:
        vec.reset(seed=0)
        actions = np.array([0, 1, 2, 1])
        shown = [vec.step(actions)[0].tolist() for _ in range(3)]
    assert shown[0] == [[1, 0], [1, 1], [1, 2], [1, 1]]
    assert shown[1] == [[2, 0], [2, 1], [2, 2], [2, 1]]
    assert shown[2] == [[0, 0]] * 4


def test_native_runs_this_packages_environments_of_one_configuration_only() -> None:
    make: Any = pufferlib_vector.make
    with pytest.raises(InvalidOptionError, match=r"make_emulated.*ShmVecEnv"):
        make(Foreign, backend=NativeVecEnv, num_envs=2, num_workers=2)
    other = make_config("reach_target", episode_length=9)
    with pytest.raises(InvalidOptionError, match="the same configuration"):
        make(
            [make_emulated] * 2, [[CONFIG], [other]], [{}, {}],
            backend=NativeVecEnv, num_envs=2,
        )  # fmt: skip


def test_native_under_pufferlib_takes_partial_batches() -> None:
    make: Any = pufferlib_vector.make
    with make(
        RLBenchPufferEnv, [CONFIG, 2], backend=NativeVecEnv, num_envs=2,
        num_workers=2, batch_size=1,
    ) as vec:  # fmt: skip
        assert (vec.num_agents, vec.agents_per_batch) == (4, 2)
        vec.async_reset(seed=3)
        assert vec.recv()[5].tolist() == [0, 1]
