"""``make_vec``: one call for every backend; imports the backend that is asked for."""

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any, Literal, get_args

from rlbench_puffer.config import EnvConfig, check_positive_int, make_config
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.deadlines import Deadlines
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.native_options import NativeOptions
from rlbench_puffer.vector.planning import hosted_config, plan_layout
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.simulated import (
    make_simulated_batch_env,
    make_simulated_env,
    with_deadlines,
    workers_of,
)

BackendName = Literal["serial", "gym", "puffer", "shm", "native"]

_DEADLINES = tuple(field.name for field in dataclasses.fields(Deadlines))
_CHECKS = ("check_finite", "debug")
_BACKEND_OPTIONS: dict[str, tuple[str, ...]] = {
    "serial": _CHECKS,
    "gym": _DEADLINES,
    "puffer": (
        *_DEADLINES,
        *_CHECKS,
        "copy",
        "sync_traj",
        "max_chunk_len",
        "start_concurrency",
    ),
    "shm": tuple(field.name for field in dataclasses.fields(ShmOptions)),
    "native": tuple(field.name for field in dataclasses.fields(NativeOptions)),
}


def make_vec(
    task: str,
    num_envs: int,
    *,
    backend: BackendName = "shm",
    num_workers: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    **options: Any,
) -> VecEnv:
    """Many sub-envs of one task behind PufferLib's vecenv interface.

    Args:
      task: the task's name, such as ``"open_drawer"``.
      num_envs: how many sub-envs.
      backend: ``"serial"`` (this process), ``"gym"`` (Gymnasium's AsyncVectorEnv, a
        process for each sub-env), ``"puffer"`` (PufferLib's Multiprocessing,
        extended), ``"shm"`` (the shared-memory pool) or ``"native"`` (this process,
        physics on threads; engine ``"builtin"`` only).
      num_workers: worker processes of ``puffer`` and ``shm``; None takes the
        largest divisor of ``num_envs`` that is at most the cores at hand. With
        ``native`` the threads of the physics, another word for ``num_threads``; None
        takes all cores at hand.
      batch_size: sub-envs that one ``recv`` returns; None takes all.
      seed: seed of the first reset that is given none; None takes entropy.
      **options: fields of :class:`rlbench_puffer.EnvConfig`, and the backend's own
        (see :class:`rlbench_puffer.vector.shm.options.ShmOptions` and
        :class:`rlbench_puffer.vector.native_options.NativeOptions`).

    Raises:
      UnknownNameError: unknown task, backend, mode or option; lists close matches.
      InvalidOptionError: a value that does not fit the others.
      WorkerError: a worker failed before it was ready.
    """
    if backend not in get_args(BackendName):
        raise UnknownNameError("backend", backend, get_args(BackendName))
    env_options, own_options = _split(backend, options)
    config = make_config(task, **env_options)
    check_positive_int("num_envs", num_envs)
    if num_workers is not None:
        check_positive_int("num_workers", num_workers)
    if batch_size is not None:
        check_positive_int("batch_size", batch_size)
    if backend == "native":
        from rlbench_puffer.vector.native import NativeVecEnv
        from rlbench_puffer.vector.native_plan import plan_native

        threads = _native_threads(num_workers, options.get("num_threads"))
        layout, recipes = plan_native(config, num_envs, threads, batch_size)
        own = NativeOptions(**own_options)
        return NativeVecEnv.from_recipes(layout, recipes, own, seed)
    num_workers = workers_of(config, backend, num_envs, num_workers)
    layout = _make_layout(config, num_envs, backend, num_workers, batch_size)
    config = hosted_config(config)
    if backend == "serial":
        from rlbench_puffer.vector.serial import SerialVecEnv

        recipe = _recipes(config, layout, in_this_process=True)[0]
        return SerialVecEnv(layout, recipe, seed, **own_options)
    own_options = with_deadlines(config, own_options)
    if backend == "gym":
        from rlbench_puffer.vector.gym import GymVecEnv

        env_fns = [functools.partial(_env_maker(config), config)] * num_envs
        return GymVecEnv(layout, env_fns, Deadlines(**own_options), seed)
    if backend == "puffer":
        from rlbench_puffer.vector.puffer import PufferVecEnv

        shm_options = ShmOptions(on_fault="raise", cpu_affinity=None, **own_options)
        recipes = _recipes(config, layout)
        return PufferVecEnv.from_recipes(layout, recipes, shm_options, seed)
    from rlbench_puffer.vector.shm.pool import ShmVecEnv

    recipes = _recipes(config, layout)
    return ShmVecEnv.from_recipes(layout, recipes, ShmOptions(**own_options), seed)


def default_num_workers(num_envs: int) -> int:
    """The largest divisor of ``num_envs`` that is at most the cores at hand."""
    cores = len(os.sched_getaffinity(0))
    return max(w for w in range(1, min(cores, num_envs) + 1) if num_envs % w == 0)


def _split(
    backend: str, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the environment, and those of the backend."""
    env_names = [f.name for f in dataclasses.fields(EnvConfig) if f.name != "task"]
    own_names = _BACKEND_OPTIONS[backend]
    for name in options:
        if name not in env_names and name not in own_names:
            kind = f"option for backend {backend!r}"
            raise UnknownNameError(kind, name, (*env_names, *own_names))
    return (
        {name: value for name, value in options.items() if name in env_names},
        {name: value for name, value in options.items() if name in own_names},
    )


def _make_layout(
    config: EnvConfig,
    num_envs: int,
    backend: str,
    num_workers: int | None,
    batch_size: int | None,
) -> VecLayout:
    if backend == "serial":
        workers = num_workers or 1
        if workers != 1:
            raise InvalidOptionError(
                "num_workers",
                workers,
                'none: backend "serial" has no workers',
                'Use backend="shm".',
            )
    elif backend == "gym":
        workers = num_workers or num_envs
    else:
        workers = num_workers or default_num_workers(num_envs)
    if num_envs % workers:
        raise _no_fit(num_envs, workers)
    each = num_envs // workers
    batch = batch_size or num_envs
    if batch > num_envs or batch % each:
        raise InvalidOptionError(
            "batch_size",
            batch,
            f"a multiple of {each} (the sub-envs of one worker), {num_envs} at most",
        )
    return plan_layout(config, num_envs=num_envs, num_workers=workers, batch_size=batch)


def _native_threads(num_workers: int | None, num_threads: int | None) -> int | None:
    if None not in (num_workers, num_threads) and num_workers != num_threads:
        raise InvalidOptionError(
            "num_workers",
            num_workers,
            f'num_threads={num_threads}: with backend "native" both mean the threads',
            "Give one of the two.",
        )
    return num_workers or num_threads


def _no_fit(num_envs: int, workers: int) -> InvalidOptionError:
    fewer = max(w for w in range(1, workers + 1) if num_envs % w == 0)
    more = min(
        (w for w in range(workers, num_envs + 1) if num_envs % w == 0), default=0
    )
    fits = " or ".join(str(w) for w in (fewer, more) if w)
    below, above = (
        num_envs - num_envs % workers,
        num_envs + workers - num_envs % workers,
    )
    envs = " or ".join(str(n) for n in (below, above) if n)
    return InvalidOptionError(
        "num_workers",
        workers,
        f"a divisor of num_envs={num_envs}",
        f"The nearest that fit: {fits} workers, or {envs} sub-envs.",
    )


def _recipes(
    config: EnvConfig, layout: VecLayout, *, in_this_process: bool = False
) -> list[HostRecipe]:
    each = layout.envs_per_worker
    worker_has_simulator = config.engine != "builtin" and not in_this_process
    creator = make_simulated_batch_env if worker_has_simulator else make_batch_env
    return [
        HostRecipe(
            kind="batched",
            creators=(creator,),
            args=((config, each),),
            kwargs=({"first_env_id": worker * each},),
            num_envs=each,
            first_env_id=worker * each,
        )
        for worker in range(layout.num_workers)
    ]


def _env_maker(config: EnvConfig) -> Callable[[EnvConfig], Any]:
    return _make_env if config.engine == "builtin" else make_simulated_env


def _make_env(config: EnvConfig) -> Any:
    from rlbench_puffer.envs.env import RLBenchEnv

    return RLBenchEnv(config)
