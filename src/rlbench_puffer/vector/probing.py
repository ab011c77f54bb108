"""Learns the spaces of environments that only a creator knows, in another process.

``pufferlib.vector.make`` hands over creators and nothing else. Building one here
to look at it would start a simulator in the parent, so a short-lived process does.
"""

import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import cloudpickle

from rlbench_puffer.errors import (
    InvalidOptionError,
    WorkerDiedError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.vector.hosting import HostKind, HostRecipe, kind_of
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.worker_process import Lifeline, WorkerProcess

_PROBE_TIMEOUT_S = 120.0
_EMULATED_FIELDS = ("observation_dtype", "emulated_observation_dtype")

Creator = Callable[..., Any]


def probe(conn: Connection, creator: bytes) -> None:
    """Worker side: build one environment, tell what it is, free it."""
    make, args, kwargs = cloudpickle.loads(creator)
    env = make(*args, **kwargs)
    kind = kind_of(env)
    emulated: Any = getattr(env, "emulated", False)
    facts: dict[str, Any] = {
        "kind": kind,
        "single_observation_space": env.single_observation_space,
        "single_action_space": env.single_action_space,
        "num_agents": env.num_agents,
        # Emulated environments are stepped one by one, chunk or not.
        "takes_chunks": kind != "native" or hasattr(env, "step_chunk"),
        "emulated": emulated
        and {name: _field(emulated, name) for name in _EMULATED_FIELDS},
    }
    env.close()
    conn.send(("facts", facts))


def _field(emulated: Any, name: str) -> Any:
    # PufferLib 3 has a dict where PufferLib 2 has a namespace.
    return emulated[name] if isinstance(emulated, dict) else getattr(emulated, name)


def probe_creator(
    creator: Creator, args: Sequence[Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """What :func:`probe` finds out about a creator's environments.

    Raises:
      WorkerDiedError, WorkerRaisedError, WorkerTimeoutError: the environment could
        not be built; worker 0 stands for all.
    """
    lifeline = Lifeline()
    process = WorkerProcess(
        0, lifeline, f"{__name__}:probe", cloudpickle.dumps((creator, args, kwargs))
    )
    try:
        if not process.conn.poll(_PROBE_TIMEOUT_S):
            raise WorkerTimeoutError(
                0,
                "init",
                f"did not answer within {_PROBE_TIMEOUT_S:g} s",
                process.last_words(),
            )
        try:
            kind, content = process.conn.recv()
        except (EOFError, OSError):
            raise WorkerDiedError(
                0, "init", process.how_it_ended(), process.last_words()
            ) from None
        if kind == "error":
            what = f"raised {content['type']}: {content['message']}"
            raise WorkerRaisedError(0, "init", what, content["traceback"])
        return content
    finally:
        process.end(time.monotonic() + 1.0)
        lifeline.close()


def plan_from_creators(
    env_creators: Sequence[Creator],
    env_args: Sequence[Sequence[Any]],
    env_kwargs: Sequence[dict[str, Any]],
    num_envs: int,
    num_workers: int | None,
    batch_size: int | None,
) -> tuple[VecLayout, list[HostRecipe]]:
    """Layout and recipes from the arguments that PufferLib gives a backend.

    Raises:
      InvalidOptionError: numbers that do not fit each other.
      WorkerError: the first environment could not be built.
    """
    facts = probe_creator(env_creators[0], env_args[0], env_kwargs[0])
    kind: HostKind = facts["kind"]
    agents = int(facts["num_agents"])
    num_workers = num_envs if num_workers is None else num_workers
    batch_size = num_envs if batch_size is None else batch_size
    if num_envs % num_workers:
        raise InvalidOptionError("num_workers", num_workers, f"a divisor of {num_envs}")
    each = num_envs // num_workers
    if kind == "native" and each != 1:
        raise InvalidOptionError(
            "num_workers",
            num_workers,
            f"{num_envs}: a native PufferEnv runs its sub-envs itself",
            "Give num_agents to the environment instead.",
        )
    if kind != "native" and agents != 1:
        raise InvalidOptionError(
            "num_agents", agents, "1: only single-agent environments are emulated here"
        )
    if batch_size % each or not 0 < batch_size <= num_envs:
        raise InvalidOptionError(
            "batch_size", batch_size, f"a multiple of {each}, {num_envs} at most"
        )
    emulated = facts["emulated"]
    layout = VecLayout(
        num_envs=num_envs * agents,
        num_workers=num_workers,
        batch_size=batch_size * agents,
        single_observation_space=facts["single_observation_space"],
        single_action_space=facts["single_action_space"],
        emulated=SimpleNamespace(**emulated) if emulated else False,
        takes_chunks=facts["takes_chunks"],
    )
    recipes = []
    for worker in range(num_workers):
        rows = slice(worker * each, (worker + 1) * each)
        recipes.append(
            HostRecipe(
                kind=kind,
                creators=tuple(env_creators[rows]),
                args=tuple(env_args[rows]),
                kwargs=tuple(env_kwargs[rows]),
                num_envs=each * agents,
                first_env_id=worker * each * agents,
            )
        )
    return layout, recipes
