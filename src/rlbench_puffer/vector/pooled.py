"""The base of the backends with one shared block and a runner in each worker."""

import abc
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.base import Info, Stepped, VecEnv, VecState
from rlbench_puffer.vector.books import MainClock, timing_report
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.probing import plan_from_creators
from rlbench_puffer.vector.puffer_target import PufferTarget
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.started import start_workers


class PooledVecEnv(PufferTarget):
    """Sub-envs in worker processes that share one anonymous block with this one.

    See :class:`PufferTarget` for its arguments: ``num_workers`` is one for each
    environment by default, options are fields of :class:`ShmOptions`. All workers
    have been ended when making it raises.
    """

    entry: ClassVar[str]
    """``"module:function"`` that a worker runs."""

    fixed_options: ClassVar[dict[str, Any]] = {}
    """Options that a backend does not leave to its user."""

    batches_are_groups: ClassVar[bool] = False
    """Whether partial batches are groups of neighbouring workers in any case."""

    _plan = staticmethod(plan_from_creators)

    def _options(self, options: dict[str, Any]) -> ShmOptions:
        return ShmOptions(**options, **self.fixed_options)

    def _set_up(
        self,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: ShmOptions,
        seed: int | None,
    ) -> None:
        groups = self.batches_are_groups or options.sync_traj
        if groups and layout.num_envs % layout.batch_size:
            raise InvalidOptionError(
                "batch_size",
                layout.batch_size,
                f"a divisor of num_envs={layout.num_envs}: batches are equal groups",
                'Use backend="shm" without sync_traj for others.',
            )
        self._clock = MainClock()
        self._resetting = False
        VecEnv.__init__(self, layout, seed)
        self.options = options
        self._block, self._started = start_workers(
            self, self.entry, layout, recipes, options
        )
        self._connect()
        self._clock.built()

    def timings(self) -> dict[str, Any]:
        """See :meth:`VecEnv.timings`."""
        return timing_report(self._clock, self._tallies())

    def _run_chunk(self, chunk: NDArray[Any]) -> Stepped:
        start = time.perf_counter()
        length = len(chunk)
        self.options.check_chunk_len(length)
        self._block.load_chunk(chunk)
        self._post_chunk(length)
        self._state = VecState.WAITING
        sent = time.perf_counter()
        self._clock.send += sent - start
        with self._broken_on_error():
            infos = self._finish_chunk(length)
        rewards, terminals, truncations = self._block.chunk_results(length)
        observations = self._block.observations.reshape(self.observation_space.shape)
        if self.options.copy:
            observations = observations.copy()
        self._state = VecState.READY
        self._clock.wait += time.perf_counter() - sent
        return observations, rewards, terminals, truncations, infos

    def _count(self, start: float) -> None:
        """Book the time since ``start`` as waiting for a step, or for a reset."""
        took = time.perf_counter() - start
        if self._resetting:
            self._resetting = False
            self._clock.reset += took
        else:
            self._clock.wait += took

    @abc.abstractmethod
    def _connect(self) -> None:
        """Make what speaks to the workers; they are ready."""

    @abc.abstractmethod
    def _post_chunk(self, length: int) -> None:
        """Tell all workers to run the chunk that stands in the block."""

    @abc.abstractmethod
    def _finish_chunk(self, length: int) -> list[Info]:
        """Wait for all workers; the infos."""
