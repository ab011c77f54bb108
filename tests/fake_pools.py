"""Vector environments of every backend over the fakes."""

import functools
from typing import Any

from fake_single_env import ACTION_SPACE, OBSERVATION_SPACE, SingleEnv
from fakes import CountingEnv
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.deadlines import Deadlines
from rlbench_puffer.vector.gym import GymVecEnv
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.native import NativeVecEnv
from rlbench_puffer.vector.native_options import NativeOptions
from rlbench_puffer.vector.puffer import PufferVecEnv
from rlbench_puffer.vector.serial import SerialVecEnv
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.pool import ShmVecEnv

BACKENDS = ("serial", "gym", "puffer", "shm", "native")


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
