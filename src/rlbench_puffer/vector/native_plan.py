"""What a native vector environment consists of: threads, batches, recipes."""

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.planning import hosted_config, plan_layout

ENGINES = ("builtin",)
"""Engines that hold any number of simulations in one process."""

_OURS = "rlbench_puffer.envs.puffer_env"
_HINT = 'Use backend="shm", or ShmVecEnv with PufferLib, for everything else.'


def plan_native(
    config: EnvConfig,
    num_envs: int,
    num_threads: int | None = None,
    batch_size: int | None = None,
) -> tuple[VecLayout, list[HostRecipe]]:
    """Layout and one recipe for each batch.

    Args:
      config: what each sub-env is made from.
      num_envs: all sub-envs.
      num_threads: threads of the physics; None takes all cores at hand. More than
        a batch has sub-envs would idle and are not made.
      batch_size: sub-envs that one ``recv`` returns; None takes all.

    Raises:
      InvalidOptionError: an engine that holds one simulation only, or a batch size
        that does not divide the sub-envs.
    """
    check_native(config)
    batch = num_envs if batch_size is None else batch_size
    if not 0 < batch <= num_envs or num_envs % batch:
        divisors = [n for n in range(1, num_envs + 1) if num_envs % n == 0]
        raise InvalidOptionError(
            "batch_size",
            batch,
            f"a divisor of num_envs={num_envs}",
            f"They are {', '.join(map(str, divisors))}; the batches are equal groups.",
        )
    threads = min(num_threads or len(os.sched_getaffinity(0)), batch)
    layout = plan_layout(
        config, num_envs=num_envs, num_workers=threads, batch_size=batch
    )
    threaded = dataclasses.replace(hosted_config(config), num_threads=threads)
    recipes = [
        HostRecipe(
            kind="batched",
            creators=(make_batch_env,),
            args=((threaded, batch),),
            kwargs=({"first_env_id": first},),
            num_envs=batch,
            first_env_id=first,
        )
        for first in range(0, num_envs, batch)
    ]
    return layout, recipes


def check_native(config: EnvConfig) -> None:
    """Raise InvalidOptionError for an engine that holds one simulation only."""
    if config.engine not in ENGINES:
        raise InvalidOptionError(
            "engine",
            config.engine,
            f'{ENGINES[0]!r} with backend "native", which steps many simulations in '
            "one process",
            'Use backend="shm".',
        )


def plan_from_creators(
    env_creators: Sequence[Callable[..., Any]],
    env_args: Sequence[Sequence[Any]],
    env_kwargs: Sequence[dict[str, Any]],
    num_envs: int,
    num_workers: int | None,
    batch_size: int | None,
) -> tuple[VecLayout, list[HostRecipe]]:
    """The same from the arguments that ``pufferlib.vector.make`` gives a backend.

    Environments are not made one by one: what their creators say is made at once.

    Raises:
      InvalidOptionError: a creator that is not this package's, or creators that
        differ in what they make.
    """
    made = [
        _made_by(*call) for call in zip(env_creators, env_args, env_kwargs, strict=True)
    ]
    config, each, emulated = made[0]
    if any(other != made[0] for other in made):
        raise InvalidOptionError(
            "env_creators",
            f"{len({str(other) for other in made})} different ones",
            "the same configuration for all sub-envs, which share one model",
            _HINT,
        )
    layout, recipes = plan_native(
        config,
        num_envs * each,
        num_workers,
        None if batch_size is None else batch_size * each,
    )
    if not emulated:
        layout = dataclasses.replace(layout, emulated=False)
    return layout, recipes


def _made_by(
    creator: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[EnvConfig, int, bool]:
    """Configuration, number of sub-envs, and whether PufferLib emulates them."""
    # Whoever has a creator of ours has imported its module; importing it here
    # would cost everybody else PufferLib.
    module = sys.modules.get(_OURS)
    if module is not None and creator is module.make_emulated:
        return (*_named(("config",), args, kwargs), 1, True)
    if module is not None and creator is module.RLBenchPufferEnv:
        config, *rest = _named(("config", "num_envs"), args, kwargs)
        return config, rest[0] if rest else 1, False
    raise InvalidOptionError(
        "env_creator",
        getattr(creator, "__name__", creator),
        f"make_emulated or RLBenchPufferEnv of {_OURS}: the native backend runs this "
        "package's batched sub-envs only",
        _HINT,
    )


def _named(
    names: tuple[str, ...], args: Sequence[Any], kwargs: dict[str, Any]
) -> list[Any]:
    """The values of a creator's first parameters, as far as they were given."""
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return [given[name] for name in names if name in given]
