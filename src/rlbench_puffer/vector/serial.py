"""The serial backend: all sub-envs in this process, no worker."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.base import Info, Received, Stepped, VecEnv
from rlbench_puffer.vector.books import Accounts, MainClock, timing_report
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.own_buffers import make_chunk_rows, make_rows
from rlbench_puffer.vector.runner import TALLY_BYTES, Runner, read_tally


class SerialVecEnv(VecEnv):
    """All sub-envs in one batched host in this process; nothing runs in parallel.

    What the environment raises comes through as it is: there is no worker that
    could be replaced. ``recv`` returns views, valid until the next ``send``.

    Args:
      layout: counts and spaces; one worker, no partial batches.
      recipe: what to host.
      seed: seed of the first reset that is given none.
      check_finite: whether NaN and infinity in results raise.
      debug: whether rows are poisoned before each step.

    Raises:
      InvalidOptionError: a partial batch is asked for.
    """

    def __init__(
        self,
        layout: VecLayout,
        recipe: HostRecipe,
        seed: int | None = None,
        *,
        check_finite: bool = True,
        debug: bool = False,
    ) -> None:
        if layout.num_workers != 1 or layout.batch_size != layout.num_envs:
            raise InvalidOptionError(
                "batch_size",
                layout.batch_size,
                f"all {layout.num_envs} sub-envs, without workers",
                'Use backend="shm" for partial batches.',
            )
        self._clock = MainClock()
        super().__init__(layout, seed)
        self._buffers = make_rows(layout)
        host = recipe.build(self._buffers)
        self._runner = Runner(
            host, self._buffers, 0, check_finite=check_finite, debug=debug
        )
        self._env_ids = np.arange(layout.num_envs)
        self._infos: list[Info] = []
        self._clock.built()

    def timings(self) -> dict[str, Any]:
        """See :meth:`VecEnv.timings`; the one worker is this process itself."""
        return timing_report(self._clock, self._tallies(), in_process=True)

    def health(self) -> dict[str, Any]:
        """State and accounts."""
        return {
            "backend": "serial",
            "state": self._state.value,
            "workers": [],
            "accounts": Accounts().totals(self._tallies()),
        }

    def _tallies(self) -> list[dict[str, float]]:
        books = bytearray(TALLY_BYTES)
        self._runner.write_tally(books)
        return [read_tally(books, 0)]

    def _begin_reset(self, seeds: list[int]) -> None:
        start = time.perf_counter()
        self._infos = self._runner.reset(seeds, [0] * self.num_envs)
        self._clock.reset += time.perf_counter() - start

    def _receive(self) -> Received:
        buffers = self._buffers
        infos, self._infos = self._infos, []
        return (
            buffers.observations,
            buffers.rewards,
            buffers.terminals,
            buffers.truncations,
            infos,
            self._env_ids,
            buffers.masks,
        )

    def _dispatch(self, actions: NDArray[Any]) -> None:
        start = time.perf_counter()
        np.copyto(self._buffers.actions, actions)
        self._infos, _ = self._runner.step()
        self._clock.wait += time.perf_counter() - start

    def _run_chunk(self, chunk: NDArray[Any]) -> Stepped:
        start = time.perf_counter()
        results = make_chunk_rows(chunk)
        infos, _ = self._runner.step_chunk(results)
        self._clock.wait += time.perf_counter() - start
        return (
            self._buffers.observations,
            results.rewards,
            results.terminals,
            results.truncations,
            infos,
        )

    def _shut_down(self) -> None:
        self._runner.host.close()
