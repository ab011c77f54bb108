"""Vector environments of every backend over the fakes."""

import functools
from typing import Any

import gymnasium
import numpy as np

from fakes import ACTION_SPACE, OBSERVATION_SPACE, CountingEnv
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.deadlines import Deadlines
from rlbench_puffer.vector.gym import GymVecEnv
from rlbench_puffer.vector.hosting import HostBuffers, HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.native import NativeVecEnv
from rlbench_puffer.vector.native_options import NativeOptions
from rlbench_puffer.vector.puffer import PufferVecEnv
from rlbench_puffer.vector.serial import SerialVecEnv
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.pool import ShmVecEnv

BACKENDS = ("serial", "gym", "puffer", "shm", "native")


class SingleEnv(gymnasium.Env[Any, Any]):
    """One sub-env of a fake as a ``gymnasium.Env``, for AsyncVectorEnv."""

    observation_space = OBSERVATION_SPACE
    action_space = ACTION_SPACE

    def __init__(
        self, env_class: type[CountingEnv], env_id: int, options: dict[str, Any]
    ) -> None:
        self.buffers = HostBuffers(
            observations=np.zeros((1, *OBSERVATION_SPACE.shape), np.float32),
            rewards=np.zeros(1, np.float32),
            terminals=np.zeros(1, bool),
            truncations=np.zeros(1, bool),
            masks=np.zeros(1, bool),
            actions=np.zeros((1, *ACTION_SPACE.shape), np.float32),
        )
        self._env = env_class(1, env_id, buffers=self.buffers, **options)
        self._seed = 0
        self._episode = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode of the stream, or the first of a new one."""
        self._episode = 0 if seed is not None else self._episode + 1
        self._seed = self._seed if seed is None else seed
        observations, infos = self._env.reset([self._seed], self._episode)
        return observations[0].copy(), {**infos[0], "descriptions": ("count",)}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the fake."""
        observations, rewards, terminals, truncations, infos = self._env.step(
            np.asarray(action)[None]
        )
        return (
            observations[0].copy(),
            float(rewards[0]),
            bool(terminals[0]),
            bool(truncations[0]),
            infos[0] if infos else {},
        )


def make_fake_pool(
    backend: str,
    num_envs: int = 4,
    num_workers: int = 2,
    *,
    env_class: type[CountingEnv] = CountingEnv,
    env_options: dict[str, Any] | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    **options: Any,
) -> VecEnv:
    """A vector environment of some backend over a fake."""
    env_options = env_options or {}
    workers = {"serial": 1, "gym": num_envs}.get(backend, num_workers)
    layout = VecLayout(
        num_envs=num_envs,
        num_workers=workers,
        batch_size=batch_size or num_envs,
        single_observation_space=OBSERVATION_SPACE,
        single_action_space=ACTION_SPACE,
        emulated=False,
    )
    if backend == "gym":
        env_fns = [
            functools.partial(SingleEnv, env_class, i, env_options)
            for i in range(num_envs)
        ]
        return GymVecEnv(layout, env_fns, Deadlines(**options), seed)
    # Threads share a batch; processes have their own sub-envs.
    hosts = layout.num_envs // layout.batch_size if backend == "native" else workers
    each = num_envs // hosts
    recipes = [
        HostRecipe(
            kind="batched",
            creators=(env_class,),
            args=((each, host * each),),
            kwargs=(env_options,),
            num_envs=each,
            first_env_id=host * each,
        )
        for host in range(hosts)
    ]
    if backend == "serial":
        return SerialVecEnv(layout, recipes[0], seed, **options)
    if backend == "native":
        own = NativeOptions(**options)
        return NativeVecEnv.from_recipes(layout, recipes, own, seed)
    if backend == "puffer":
        shm_options = ShmOptions(on_fault="raise", cpu_affinity=None, **options)
        return PufferVecEnv.from_recipes(layout, recipes, shm_options, seed)
    return ShmVecEnv.from_recipes(layout, recipes, ShmOptions(**options), seed)
