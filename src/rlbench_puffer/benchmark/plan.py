"""Which cells a sweep measures: checks what was asked for and lays out the groups."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, get_args

from rlbench_puffer.benchmark.cell import WORKER_BACKENDS, Cell
from rlbench_puffer.benchmark.machine import available_cores
from rlbench_puffer.config import EnvConfig, check_positive_int, make_config
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.tasks.make import make_task
from rlbench_puffer.vector.make import BackendName, default_num_workers
from rlbench_puffer.vector.native_plan import check_native
from rlbench_puffer.vector.simulated import workers_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """What was asked of a sweep; checked by :func:`plan_sweep`."""

    tasks: tuple[str, ...] = ("reach_target",)
    engine: str = "builtin"
    backends: tuple[str, ...] = ("gym", "puffer", "shm", "native")
    num_envs: tuple[int, ...] = (2, 4, 8, 16, 32)
    num_workers: tuple[int, ...] | None = None
    action_chunk: tuple[int, ...] = (1,)
    seconds: float = 2.0
    repeats: int = 3
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Plan:
    """The cells of a sweep.

    Attributes:
      groups: cells whose repeats are measured in turn, because they do the same
        work; the order is that of measuring.
      remarks: sentences about cells that were left out.
    """

    groups: tuple[tuple[Cell, ...], ...]
    remarks: tuple[str, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, in order."""
        return tuple(cell for group in self.groups for cell in group)


def make_cell(
    task: str,
    *,
    engine: str,
    backend: str,
    num_envs: int,
    num_workers: int | None,
    batch_size: int | None = None,
    chunk_len: int,
    seconds: float,
    seed: int,
    cameras: Sequence[str] = (),
    camera_size: tuple[int, int] = (84, 84),
    arm_action_mode: str = "joint_velocity",
    max_steps: int | None = None,
) -> Cell:
    """One cell, checked as far as it can be without starting anything.

    Args:
      task: the task's name.
      engine: what simulates.
      backend: what vectorises.
      num_envs: sub-envs.
      num_workers: child processes, or None for the default of ``make_vec``.
      batch_size: sub-envs returned at once, or None for all.
      chunk_len: actions of one round trip.
      seconds: length of one sample in [s].
      seed: seed of sub-envs and actions.
      cameras: RLBench's names of the cameras to observe through, rgb.
      camera_size: height and width of their pictures.
      arm_action_mode: what the first seven numbers of an action mean.
      max_steps: control steps of an episode, or None for the task's.

    Raises:
      UnknownNameError: task, engine, backend or camera do not exist.
      InvalidOptionError: a number does not fit.
    """
    config = EnvConfig(
        task=task,
        engine=engine,  # pyright: ignore[reportArgumentType]
        cameras=dict.fromkeys(cameras, camera_size),
        arm_action_mode=arm_action_mode,  # pyright: ignore[reportArgumentType]
        episode_length=max_steps,
    )
    if backend not in get_args(BackendName):
        raise UnknownNameError("backend", backend, get_args(BackendName))
    if backend == "native":
        check_native(config)
    found = make_task(config)
    episode_length = max_steps or found.episode_length
    if engine != "builtin":
        # By RLBench's name, however it was written; and each in a process.
        task = found.name
        num_workers = workers_of(config, backend, num_envs, num_workers)
    check_positive_int("num_envs", num_envs)
    check_positive_int("action_chunk", chunk_len)
    if chunk_len > episode_length:
        raise InvalidOptionError(
            "action_chunk",
            chunk_len,
            f"at most {episode_length}, the length of an episode of {task}",
            "Actions after an episode's end would be ignored.",
        )
    if not (seconds > 0 and math.isfinite(seconds)):
        raise InvalidOptionError("seconds", seconds, "a number above 0")
    if isinstance(seed, bool) or seed < 0:
        raise InvalidOptionError("seed", seed, "a whole number of at least 0")
    workers = _workers_of(backend, num_envs, num_workers)
    batch = num_envs if batch_size is None else batch_size
    check_positive_int("batch_size", batch)
    if backend == "native":
        # A thread without a sub-env of its own would idle.
        workers = min(workers, batch)
    if batch < num_envs and chunk_len > 1:
        raise InvalidOptionError(
            "batch_size",
            batch,
            f"{num_envs}, the number of sub-envs, when actions come in chunks",
            "Leave out one of the two options.",
        )
    return Cell(
        task=task,
        engine=engine,
        backend=backend,
        num_envs=num_envs,
        num_workers=workers,
        batch_size=batch,
        chunk_len=chunk_len,
        cameras=tuple(
            f"{name}@{camera.size[0]}x{camera.size[1]}"
            for name, camera in config.camera_pairs
        ),
        action_mode=f"{config.arm_action_mode}/{config.gripper_action_mode}",
        seed=seed,
        seconds=float(seconds),
    )


def plan_sweep(request: SweepRequest) -> Plan:
    """The cells of a sweep, in groups.

    A group holds all backends and worker counts of one task, number of sub-envs
    and chunk length. A worker count that does not divide the sub-envs is left out
    with a remark.

    Raises:
      UnknownNameError: a name does not exist.
      InvalidOptionError: a number does not fit, or something that was asked for
        would not be measured at all.
    """
    check_positive_int("repeats", request.repeats)
    for option in ("tasks", "backends", "num_envs", "action_chunk"):
        if not getattr(request, option):
            raise InvalidOptionError(option, (), "at least one value")
    worker_counts = _unique(
        default_worker_counts() if request.num_workers is None else request.num_workers
    )
    if not worker_counts:
        raise InvalidOptionError("num_workers", (), "at least one value")
    for count in worker_counts:
        check_positive_int("num_workers", count)
    backends = tuple(b for b in request.backends if _can_hold(request.engine, b))
    if not backends:
        check_native(make_config(request.tasks[0], engine=request.engine))
    groups: list[tuple[Cell, ...]] = []
    for task in _unique(request.tasks):
        for chunk_len in _unique(request.action_chunk):
            for num_envs in _unique(request.num_envs):
                check_positive_int("num_envs", num_envs)
                group = tuple(
                    make_cell(
                        task,
                        engine=request.engine,
                        backend=backend,
                        num_envs=num_envs,
                        num_workers=workers,
                        chunk_len=chunk_len,
                        seconds=request.seconds,
                        seed=request.seed,
                    )
                    for backend in _unique(backends)
                    for workers in _fitting(request, backend, num_envs, worker_counts)
                )
                if group:
                    groups.append(group)
    remarks = _left_out(request, worker_counts)
    if len(backends) < len(request.backends):
        remarks += (f"Left out: native has no engine {request.engine}.",)
    plan = Plan(tuple(groups), remarks)
    if request.num_workers is not None and request.engine == "builtin":
        _refuse_unmeasured(plan, request, worker_counts)
    return plan


def default_worker_counts() -> tuple[int, ...]:
    """Two workers, and as many as there are cores, rounded to a power of two.

    Powers of two, because the default numbers of sub-envs are.
    """
    cores = 2 ** int(math.log2(available_cores()))
    return _unique((min(2, cores), cores))


def _workers_of(backend: str, num_envs: int, num_workers: int | None) -> int:
    if backend == "serial":
        return 0
    if backend == "gym":
        return num_envs
    if backend == "native":
        if num_workers is not None:
            check_positive_int("num_workers", num_workers)
        return num_workers or available_cores()
    if num_workers is None:
        return default_num_workers(num_envs)
    check_positive_int("num_workers", num_workers)
    if num_envs % num_workers:
        divisors = _divisors(num_envs)
        near = sorted(divisors, key=lambda count: abs(count - num_workers))[:3]
        raise InvalidOptionError(
            "num_workers",
            num_workers,
            f"a divisor of num_envs={num_envs}",
            f"The nearest are {', '.join(map(str, sorted(near)))}.",
        )
    return num_workers


def _divisors(number: int) -> list[int]:
    return [count for count in range(1, number + 1) if number % count == 0]


def _can_hold(engine: str, backend: str) -> bool:
    return engine == "builtin" or backend != "native"


def _fitting(
    request: SweepRequest, backend: str, num_envs: int, worker_counts: Sequence[int]
) -> list[int | None]:
    """Worker counts of a group's cells; None where the backend chooses itself."""
    by_default = request.num_workers is None
    if backend not in WORKER_BACKENDS or (backend == "native" and by_default):
        return [None]
    if request.engine != "builtin":
        # One sub-env to a process, and a cell says so of any other number.
        return [None] if by_default else list(worker_counts)
    return [count for count in worker_counts if num_envs % count == 0]


def _left_out(request: SweepRequest, worker_counts: Sequence[int]) -> tuple[str, ...]:
    if not set(request.backends) & set(WORKER_BACKENDS):
        return ()
    if request.engine != "builtin":
        return ()
    return tuple(
        f"Left out: {num_envs} sub-envs cannot be shared out among {count} workers."
        for num_envs in _unique(request.num_envs)
        for count in worker_counts
        if num_envs % count
    )


def _refuse_unmeasured(
    plan: Plan, request: SweepRequest, worker_counts: Sequence[int]
) -> None:
    """Raise if a value that was asked for occurs in no cell with workers."""
    if not set(request.backends) & set(WORKER_BACKENDS):
        return
    cells = [cell for cell in plan.cells if cell.backend in WORKER_BACKENDS]
    lost_workers = set(worker_counts) - {cell.num_workers for cell in cells}
    lost_envs = set(request.num_envs) - {cell.num_envs for cell in cells}
    if lost_workers:
        raise InvalidOptionError(
            "num_workers",
            min(lost_workers),
            f"a divisor of at least one of num_envs={list(request.num_envs)}",
            "Choose num_envs that are multiples of it.",
        )
    if lost_envs:
        raise InvalidOptionError(
            "num_envs",
            min(lost_envs),
            f"a multiple of at least one of num_workers={list(worker_counts)}",
            "Each worker hosts the same number of sub-envs.",
        )


def _unique(values: Sequence[Any]) -> tuple[Any, ...]:
    """The values without repetitions, in their order."""
    return tuple(dict.fromkeys(values))
