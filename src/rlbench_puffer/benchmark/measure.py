"""Measuring one cell in this process: warm-up, samples, latency, start-up, memory."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import gymnasium
import numpy as np
import psutil
from numpy.typing import NDArray

from rlbench_puffer.benchmark.cell import POOL_BACKENDS, WORKER_BACKENDS, Cell
from rlbench_puffer.vector.make import BackendName, make_vec

WARMUP_ROUNDS = 10
"""Round trips before the clock starts; they wake sleeping workers."""

WARMUP_SECONDS = 0.03
"""After this time in [s] a worker is awake, with fewer round trips, too."""

DRAWN_STEPS = 64
"""Different actions drawn beforehand for each sub-env; they are used in turn."""


class MeasuredVec(Protocol):
    """What is needed of a vector environment to measure it."""

    @property
    def single_action_space(self) -> gymnasium.spaces.Box:
        """Space of one sub-env's action."""
        ...

    def async_reset(self, seed: int | None = None) -> None:
        """Begin an episode in every sub-env."""
        ...

    def recv(self) -> tuple[Any, ...]:
        """observations, rewards, terminals, truncations, infos, env_ids, masks."""
        ...

    def send(self, actions: NDArray[np.float32]) -> None:
        """Step the sub-envs that ``recv`` returned."""
        ...

    def step_chunk(self, actions: NDArray[np.float32]) -> tuple[Any, ...]:
        """observations, rewards, terminals, truncations and infos of K steps."""
        ...

    def timings(self) -> dict[str, Any]:
        """Where the time went."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...


VecMaker = Callable[[Cell], MeasuredVec]
"""Makes the vector environment of a cell."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """One repeat of one cell."""

    env_steps: int
    """Control steps of sub-envs, those of their own resets left out."""

    seconds: float
    """How long they took in [s]."""

    latency_ms_p50: float
    """Median round trip in [ms]."""

    latency_ms_p99: float
    """99th percentile of the round trips in [ms]."""

    @property
    def steps_per_second(self) -> float:
        """Env steps per second."""
        return self.env_steps / self.seconds


def make_measured_vec(cell: Cell, **options: Any) -> MeasuredVec:
    """The real vector environment of a cell; ``options`` are of ``EnvConfig``."""
    arm, _, gripper = cell.action_mode.partition("/")
    pooled = cell.backend in POOL_BACKENDS
    # Their block has room for as many actions as it was made for.
    room = {"max_chunk_len": cell.chunk_len} if pooled and cell.chunk_len > 1 else {}
    chosen = cell.backend in WORKER_BACKENDS
    vec: Any = make_vec(
        cell.task,
        cell.num_envs,
        backend=cast(BackendName, cell.backend),
        num_workers=cell.num_workers if chosen else None,
        batch_size=None if cell.batch_size == cell.num_envs else cell.batch_size,
        seed=cell.seed,
        engine=cell.engine,
        cameras=cell.camera_sizes,
        arm_action_mode=arm,
        gripper_action_mode=gripper,
        **room,
        **options,
    )
    return vec


class Meter:
    """A running vector environment and the actions it is measured with.

    Every sample begins with the same reset and goes on with the same actions,
    whatever the backend: they depend on the cell's seed, task, number of sub-envs
    and chunk length alone. A sample may be measured in slices, between which others
    have their turn.

    Args:
      cell: what is measured.
      make: makes the vector environment; it is closed by :meth:`close`.

    Attributes:
      startup_seconds: from nothing to the first observations in [s].
      phases: seconds of each phase, summed over what was measured.
      episodes: how many ended since the start.
      successes: how many of them with the task done.
    """

    def __init__(self, cell: Cell, make: VecMaker = make_measured_vec) -> None:
        began = time.perf_counter()
        self.cell = cell
        self._vec = make(cell)
        self._vec.async_reset(cell.seed)
        self._vec.recv()
        self.startup_seconds = time.perf_counter() - began
        self.phases: dict[str, float] = {}
        self.episodes = 0
        self.successes = 0
        self._actions = draw_actions(cell, self._vec.single_action_space)
        self._round = self._step if cell.chunk_len == 1 else self._step_chunk
        self._whole_batch = cell.batch_size == cell.num_envs
        self._next_action = 0
        self._over = np.zeros(cell.num_envs, bool)
        self._env_ids: Any = None
        self._env_steps = 0
        self._seconds = 0.0
        self._latencies: list[float] = []

    def sample(self, seconds: float) -> Sample:
        """A whole sample at once."""
        self.begin_sample()
        self.measure(seconds)
        return self.end_sample()

    def begin_sample(self) -> None:
        """Reset the sub-envs and forget what was measured; takes no time."""
        self._vec.async_reset(self.cell.seed)
        self._env_ids = self._vec.recv()[5]
        # What comes first from each sub-env is its reset, and no env step either.
        self._over[:] = True
        self._over[self._env_ids] = False
        self._next_action = 0
        self._env_steps = 0
        self._seconds = 0.0
        self._latencies = []

    def measure(self, seconds: float) -> None:
        """Go on with the sample for a time.

        Args:
          seconds: in [s]; at least one round trip is measured, however long.
        """
        clock = time.perf_counter
        self._warm_up()
        phases = flat_phases(self._vec.timings())
        env_steps = 0
        start = before = clock()
        while before - start < seconds:
            env_steps += self._round()
            now = clock()
            self._latencies.append(now - before)
            before = now
        self._env_steps += env_steps
        self._seconds += before - start
        for name, spent in flat_phases(self._vec.timings()).items():
            grown = spent - phases.get(name, 0.0)
            self.phases[name] = self.phases.get(name, 0.0) + grown

    def end_sample(self) -> Sample:
        """What was measured since :meth:`begin_sample`."""
        p50, p99 = np.percentile(self._latencies, [50, 99]) * 1e3
        return Sample(
            env_steps=self._env_steps,
            seconds=self._seconds,
            latency_ms_p50=float(p50),
            latency_ms_p99=float(p99),
        )

    def close(self) -> None:
        """Close the vector environment."""
        self._vec.close()

    def _warm_up(self) -> None:
        """A few round trips that are not measured; they wake sleeping workers."""
        until = time.perf_counter() + WARMUP_SECONDS
        for _ in range(WARMUP_ROUNDS):
            self._round()
            if time.perf_counter() > until:
                break

    def _step(self) -> int:
        """One round trip; how many env steps it brought."""
        actions = self._actions[self._next_action % len(self._actions)]
        self._next_action += 1
        over = self._over
        self._vec.send(actions if self._whole_batch else actions[self._env_ids])
        _, _, terminals, truncations, infos, env_ids, _ = self._vec.recv()
        if infos:
            self._count(infos)
        # Those that were over have only reset themselves.
        if self._whole_batch:
            env_steps = over.size - np.count_nonzero(over)
            np.logical_or(terminals, truncations, out=over)
        else:
            self._env_ids = env_ids
            env_steps = len(env_ids) - np.count_nonzero(over[env_ids])
            over[env_ids] = terminals | truncations
        return int(env_steps)

    def _step_chunk(self) -> int:
        """One round trip of a chunk; how many env steps it brought."""
        chunk = self._actions[self._next_action % len(self._actions)]
        self._next_action += 1
        _, _, terminals, truncations, infos = self._vec.step_chunk(chunk)
        if infos:
            self._count(infos)
        ended = terminals | truncations
        env_steps = count_chunk_steps(ended, self._over)
        self._over = ended.any(axis=0)
        return env_steps

    def _count(self, infos: list[dict[str, Any]]) -> None:
        for info in infos:
            if "episode" in info:
                self.episodes += 1
                self.successes += bool(info["success"])


def draw_actions(cell: Cell, space: gymnasium.spaces.Box) -> NDArray[np.float32]:
    """Random actions within a space, the same for every backend.

    Returns:
      (rounds, num_envs, 8), or (rounds, chunk_len, num_envs, 8) for chunks.
    """
    rng = np.random.default_rng(cell.seed)
    shape = (cell.num_envs, *space.shape)
    if cell.chunk_len == 1:
        rounds: tuple[int, ...] = (DRAWN_STEPS,)
    else:
        rounds = (max(2, DRAWN_STEPS // cell.chunk_len), cell.chunk_len)
    return rng.uniform(space.low, space.high, (*rounds, *shape)).astype(np.float32)


def count_chunk_steps(ended: NDArray[np.bool_], over: NDArray[np.bool_]) -> int:
    """Env steps of a chunk.

    Args:
      ended: (K, num_envs), whether an episode ended at an inner step.
      over: (num_envs,), whether it had ended before the chunk; such a sub-env
        spends its first inner step on its reset.
    """
    chunk_len = len(ended)
    # A sub-env stops at its episode's end; the rest of its actions are ignored.
    stopped_at = np.where(ended.any(axis=0), ended.argmax(axis=0) + 1, chunk_len)
    return int(stopped_at.sum()) - int(np.count_nonzero(over))


def flat_phases(timings: dict[str, Any]) -> dict[str, float]:
    """Timings of a vector environment as the phases of a row.

    Args:
      timings: ``main`` with seconds by phase, ``workers`` with a list of such, and
        ``ipc``; parts that a backend does not tell may be missing.
    """
    workers = timings.get("workers") or []
    phases = {
        name: sum(worker.get(name, 0.0) for worker in workers) / len(workers)
        for name in dict.fromkeys(name for worker in workers for name in worker)
    }
    for name, spent in (timings.get("main") or {}).items():
        phases[f"main_{name}"] = spent
    if timings.get("ipc") is not None:
        phases["ipc"] = timings["ipc"]
    return {name: float(spent) for name, spent in phases.items()}


def peak_rss_bytes() -> int:
    """Largest resident memory of this process and of each descendant, summed.

    Pages that processes share are counted in each of them, as the kernel does.
    """
    me = psutil.Process()
    total = 0
    for process in [me, *me.children(recursive=True)]:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:  # It ended in the meantime.
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1]) * 1024
    return total
