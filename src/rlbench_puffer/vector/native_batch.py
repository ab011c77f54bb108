"""One batch of the native backend: a host, its rows, its episodes, its faults."""

import os
import time
import traceback
from collections import deque

import numpy as np

from rlbench_puffer.errors import WorkerRaisedError
from rlbench_puffer.vector.base import Info
from rlbench_puffer.vector.books import Accounts
from rlbench_puffer.vector.hosting import ChunkBuffers, Host, HostBuffers, HostRecipe
from rlbench_puffer.vector.native_options import NativeOptions
from rlbench_puffer.vector.runner import TALLY_BYTES, Runner, read_tally
from rlbench_puffer.vector.shm.episodes import EpisodeTracker


class RestartBudget:
    """How many more batches may be built anew, all batches together.

    Args:
      options: whether at all, how many, within what time.
    """

    def __init__(self, options: NativeOptions) -> None:
        self._options = options
        self._times: deque[float] = deque()

    def take(self) -> bool:
        """Whether one more restart is allowed; counts it if so."""
        if self._options.on_fault == "raise":
            return False
        now = time.monotonic()
        while self._times and now - self._times[0] > self._options.restart_window_s:
            self._times.popleft()
        if len(self._times) >= self._options.max_restarts:
            return False
        self._times.append(now)
        return True


class NativeBatch:
    """The sub-envs that one ``recv`` returns, stepped by one call.

    Every method runs on one thread, always the same: OpenGL belongs to the thread
    that opened it.

    Args:
      index: number of the batch; errors call it a worker, as other backends do.
      recipe: what to host.
      buffers: the batch's rows.
      options: checks and fault policy.
      budget: restarts that are left, shared by all batches.
      accounts: where losses are counted, shared by all batches.
      cores: cores to bind the physics' threads to, the calling one's first; empty
        binds nobody.

    Raises:
      WorkerRaisedError: the host could not be built.
    """

    def __init__(
        self,
        index: int,
        recipe: HostRecipe,
        buffers: HostBuffers,
        options: NativeOptions,
        budget: RestartBudget,
        accounts: Accounts,
        cores: tuple[int, ...],
    ) -> None:
        self.index = index
        self.first_env_id = recipe.first_env_id
        self.buffers = buffers
        self._recipe = recipe
        self._options = options
        self._budget = budget
        self._accounts = accounts
        self._cores = cores
        self._episodes = EpisodeTracker(np.zeros((1, recipe.num_envs), np.int64))
        self._seeds: list[int] = []
        self._lost = False
        self._runner = self._build()

    def reset(self, seeds: list[int]) -> list[Info]:
        """Begin the first episode of new streams; tried again after a fault."""
        self._seeds = seeds
        self._episodes.restart_all()
        return self._begin()

    def step(self) -> list[Info]:
        """One control step with the actions in the rows."""
        if self._lost:
            return self._begin_again()
        try:
            infos, any_ended = self._runner.step()
        except Exception as error:  # noqa: BLE001 - whatever an environment raises
            return self._lose(error, 1)
        if any_ended:
            rows = self.buffers
            self._episodes.stepped(0, np.logical_or(rows.terminals, rows.truncations))
        else:
            self._episodes.stepped(0, None)
        return infos

    def step_chunk(self, chunk: ChunkBuffers) -> list[Info]:
        """K control steps; results go into ``chunk``."""
        infos: list[Info] = []
        first = 0
        if self._lost:
            # What the others spend on their own resets, this batch spends on its.
            infos = self._begin_again()
            chunk.rewards[0] = 0.0
            chunk.terminals[0] = chunk.truncations[0] = False
            first = 1
        if first == len(chunk.actions):
            return infos
        rest = ChunkBuffers(
            chunk.actions[first:],
            chunk.rewards[first:],
            chunk.terminals[first:],
            chunk.truncations[first:],
        )
        try:
            told, any_ended = self._runner.step_chunk(rest)
        except Exception as error:  # noqa: BLE001 - whatever an environment raises
            told = self._lose(error, len(rest.actions))
            rest.rewards[:] = 0.0
            rest.terminals[:] = False
            rest.truncations[:] = False
            rest.truncations[0] = True
            return infos + told
        ended = np.logical_or(rest.terminals, rest.truncations)
        stopped = np.logical_or.reduce(ended, axis=0) if any_ended else None
        self._episodes.stepped(0, stopped)
        return infos + told

    def tally(self) -> dict[str, float]:
        """The books of the host that is running now."""
        books = bytearray(TALLY_BYTES)
        self._runner.write_tally(books)
        return read_tally(books, 0)

    def close(self) -> None:
        """Free the simulations."""
        self._runner.host.close()

    def _build(self) -> Runner:
        try:
            host = self._recipe.build(self.buffers)
        except Exception as error:
            raise self._named(error, "init") from error
        if self._cores:
            _bind_threads(host, self._cores)
        return Runner(
            host,
            self.buffers,
            self._recipe.first_env_id,
            check_finite=self._options.check_finite,
            debug=self._options.debug,
        )

    def _begin(self) -> list[Info]:
        while True:
            try:
                infos = self._runner.reset(
                    self._seeds, self._episodes.indices[0].tolist()
                )
            except Exception as error:  # noqa: BLE001 - whatever an environment raises
                self._replace(error, "reset")
                continue
            self._lost = False
            return infos

    def _begin_again(self) -> list[Info]:
        """The step after a loss: the next episodes begin, as after any end."""
        infos = self._begin()
        self._accounts.add("autoresets", self._recipe.num_envs)
        return infos

    def _lose(self, error: Exception, steps: int) -> list[Info]:
        """Replace the host; deliver its sub-envs as truncated, with zeros to see."""
        named = self._replace(error, "step")
        rows, count = self.buffers, self._recipe.num_envs
        rows.observations[:] = 0
        rows.rewards[:] = 0.0
        rows.terminals[:] = False
        rows.truncations[:] = True
        self._episodes.lost(0)
        self._lost = True
        self._accounts.lost_episodes += count
        self._accounts.lost_actions += count * steps
        first = self._recipe.first_env_id
        return [
            {"env_id": first + i, "fault": str(named), "success": False}
            for i in range(count)
        ]

    def _replace(self, error: Exception, phase: str) -> WorkerRaisedError:
        """Build a new host in place of one that raised.

        Raises:
          WorkerRaisedError: the fault policy says so, or building failed, too.
        """
        named = self._named(error, phase)
        if not self._budget.take():
            raise named from error
        self._accounts.restarts += 1
        self._accounts.last_faults.append(str(named))
        self._accounts.carry_over(self.tally())
        self._runner.host.close()
        self._runner = self._build()
        return named

    def _named(self, error: Exception, phase: str) -> WorkerRaisedError:
        what = f"raised {type(error).__name__}: {error}"
        detail = "".join(traceback.format_exception(error))
        return WorkerRaisedError(self.index, phase, what, detail)


def _bind_threads(host: Host, cores: tuple[int, ...]) -> None:
    """Bind the threads of a host's engines to the cores after the first, in turn."""
    for engine in host.engines():
        for number, thread in enumerate(getattr(engine, "thread_ids", ()), start=1):
            os.sched_setaffinity(thread, {cores[number % len(cores)]})
