"""The native backend: one process, ``mujoco.batch`` threads, no messages."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import WorkerError
from rlbench_puffer.vector.affinity import cores_for, leave_cores
from rlbench_puffer.vector.base import Info, Received, Stepped, VecEnv, VecState
from rlbench_puffer.vector.books import Accounts, MainClock, timing_report
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.native_batch import NativeBatch, RestartBudget
from rlbench_puffer.vector.native_options import NativeOptions
from rlbench_puffer.vector.native_plan import plan_from_creators
from rlbench_puffer.vector.own_buffers import make_chunk_rows, make_rows
from rlbench_puffer.vector.puffer_target import PufferTarget


class NativeVecEnv(PufferTarget):
    """All sub-envs in this process; threads of ``mujoco.batch`` step the physics.

    See :class:`PufferTarget` for its arguments: environments are all the same, and of
    this package; ``num_workers`` is the number of threads, None for all cores at hand;
    options are fields of :class:`NativeOptions`.

    With ``batch_size`` equal to ``num_envs`` the caller's thread steps, within
    ``send``. With less, the sub-envs form ``num_envs / batch_size`` batches, which
    a thread in the background steps one after another, in the order of ``send``:
    while the policy works on one batch, the physics of the others goes on (MuJoCo
    releases the interpreter lock). Each batch has all threads while it steps.

    Arrays that ``recv`` returns are the buffers themselves, valid until the next
    ``send``. A batch that raises costs its episodes, not the process; what ends the
    process itself ends everything, and nothing can end a step that hangs.

    Raises:
      InvalidOptionError: numbers that do not fit, or foreign environments.
      WorkerError: the simulations could not be built.
    """

    _plan = staticmethod(plan_from_creators)

    def _options(self, options: dict[str, Any]) -> NativeOptions:
        return NativeOptions(**options)

    def _set_up(
        self,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: NativeOptions,
        seed: int | None,
    ) -> None:
        self._clock = MainClock()
        VecEnv.__init__(self, layout, seed)
        self.options = options
        self._buffers = make_rows(layout)
        self._env_ids = np.arange(layout.num_envs)
        self._accounts = Accounts()
        self._whole_batch = len(recipes) == 1
        self._stepper: ThreadPoolExecutor | None = None
        if not self._whole_batch:
            self._stepper = ThreadPoolExecutor(1, "rlbench_puffer_native")
        self._infos: list[Info] = []
        # Batches whose results are still to be received, in the order of send().
        self._pending: deque[tuple[NativeBatch, Future[list[Info]]]] = deque()
        self._batches: list[NativeBatch] = []
        self._resetting = False
        budget = RestartBudget(options)
        cores = cores_for(options.cpu_affinity, layout.num_workers)
        threads = layout.num_workers
        # Where the other threads are bound to, and a core that none of them has.
        self._taken = frozenset(cores[1:threads])
        self._free = cores[0] if self._taken and threads <= len(cores) else None

        def build() -> None:
            if self._stepper is not None and self._free is not None:
                os.sched_setaffinity(0, {self._free})
            for index, recipe in enumerate(recipes):
                first = recipe.first_env_id
                rows = self._buffers.rows(first, first + recipe.num_envs)
                self._batches.append(
                    NativeBatch(
                        index, recipe, rows, options, budget, self._accounts, cores
                    )
                )

        try:
            self._on_stepping_thread(build)
        except BaseException:
            self._shut_down()
            raise
        self._batch = self._batches[0]
        self._clock.built()

    def timings(self) -> dict[str, Any]:
        """See :meth:`VecEnv.timings`; a batch stands where others have a worker."""
        return timing_report(self._clock, self._tallies(), in_process=True)

    def health(self) -> dict[str, Any]:
        """State, threads, accounts and the last faults; see :class:`Accounts`."""
        return {
            "backend": "native",
            "state": self._state.value,
            "cores": len(os.sched_getaffinity(0)),
            "threads": self.num_workers,
            "batches": len(self._batches),
            "workers": [],
            "accounts": self._accounts.totals(self._tallies()),
            "last_faults": list(self._accounts.last_faults),
        }

    def _tallies(self) -> list[dict[str, float]]:
        if self._state is VecState.CLOSED:
            return self._last_tallies
        return [batch.tally() for batch in self._batches]

    def _begin_reset(self, seeds: list[int]) -> None:
        start = time.perf_counter()
        self._drain()
        if self._stepper is None:
            self._infos = self._stepped(self._batch.reset, seeds)
        else:
            for batch in self._batches:
                first = batch.first_env_id
                own = seeds[first : first + self.batch_size]
                self._pending.append((batch, self._stepper.submit(batch.reset, own)))
        self._resetting = True
        self._clock.reset += time.perf_counter() - start

    def _dispatch(self, actions: NDArray[Any]) -> None:
        start = time.perf_counter()
        batch = self._batch
        np.copyto(batch.buffers.actions, actions)
        if self._stepper is None:
            self._make_way()
            self._infos = self._stepped(batch.step)
            self._clock.wait += time.perf_counter() - start
        else:
            self._pending.append((batch, self._stepper.submit(batch.step)))
            self._clock.send += time.perf_counter() - start

    def _receive(self) -> Received:
        start = time.perf_counter()
        if self._stepper is None:
            infos, self._infos = self._infos, []
        else:
            batch, results = self._pending[0]
            with self._broken_on_error():
                infos = results.result()
            # Only now: an interrupt while waiting leaves it pending.
            self._pending.popleft()
            self._batch = batch
        rows = self._batch.buffers
        first = self._batch.first_env_id
        if self.options.copy:
            rows = rows.copy()
        took = time.perf_counter() - start
        if self._resetting:
            self._clock.reset += took
            self._resetting = self._batch is not self._batches[-1]
        else:
            self._clock.wait += took
        ids = self._env_ids[first : first + self.batch_size]
        return (
            rows.observations,
            rows.rewards,
            rows.terminals,
            rows.truncations,
            infos,
            ids,
            rows.masks,
        )

    def _run_chunk(self, chunk: NDArray[Any]) -> Stepped:
        start = time.perf_counter()
        results = make_chunk_rows(chunk)
        self._make_way()
        infos = self._stepped(self._batch.step_chunk, results)
        observations = self._batch.buffers.observations
        if self.options.copy:
            observations = observations.copy()
        self._clock.wait += time.perf_counter() - start
        return (
            observations,
            results.rewards,
            results.terminals,
            results.truncations,
            infos,
        )

    def _shut_down(self) -> None:
        for _, results in self._pending:
            results.cancel()

        def close() -> None:
            for batch in self._batches:
                batch.close()

        self._on_stepping_thread(close)
        if self._stepper is not None:
            self._stepper.shutdown()
        self._pending.clear()

    def _make_way(self) -> None:
        """Off the cores of the other threads: bound there, they would wait for us."""
        if self._free is not None:
            leave_cores(self._taken, self._free)

    def _on_stepping_thread(self, work: Callable[[], None]) -> None:
        """Run something on the one thread that may touch the batches."""
        if self._stepper is None:
            work()
        else:
            self._stepper.submit(work).result()

    def _drain(self) -> None:
        """Drop what is pending; a step that is being made is waited for."""
        while self._pending:
            results = self._pending[-1][1]
            if not results.cancel():
                with self._broken_on_error():
                    results.result()
            self._pending.pop()

    def _stepped(self, work: Callable[..., list[Info]], *arguments: Any) -> list[Info]:
        """Reset or step in this thread.

        A fault that is raised puts this object out of order. Ctrl-C, which may come
        between any two lines, leaves sub-envs half stepped: they must be reset.
        """
        try:
            return work(*arguments)
        except WorkerError:
            self._state = VecState.BROKEN
            raise
        except BaseException:
            self._state = VecState.FRESH
            raise
