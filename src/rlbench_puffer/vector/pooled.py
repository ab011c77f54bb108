"""The base of the backends with one shared block and a runner in each worker."""

import abc
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from rlbench_puffer.vector.base import Info, Stepped, VecEnv, VecState
from rlbench_puffer.vector.books import MainClock, timing_report
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.probing import plan_from_creators
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.started import start_workers


class PooledVecEnv(VecEnv):
    """Sub-envs in worker processes that share one anonymous block with this one.

    ``rlbench_puffer.make_vec`` makes one from recipes; it is also a backend for
    ``pufferlib.vector.make``, whose arguments the constructor takes.

    Args:
      env_creators: one callable for each environment.
      env_args, env_kwargs: their arguments.
      num_envs: how many environments.
      num_workers: how many processes; default one for each environment.
      batch_size: environments that one ``recv`` returns; default all.
      zero_copy: PufferLib's word for ``copy=False``.
      overwork: PufferLib asks for it where workers outnumber cores; here they may.
      seed: seed of the first reset that is given none.
      **options: fields of :class:`ShmOptions`.

    Raises:
      InvalidOptionError: numbers that do not fit, or a block that does not.
      WorkerError: a worker failed before it was ready; all have been ended.
    """

    entry: ClassVar[str]
    """``"module:function"`` that a worker runs."""

    fixed_options: ClassVar[dict[str, Any]] = {}
    """Options that a backend does not leave to its user."""

    def __init__(
        self,
        env_creators: Sequence[Callable[..., Any]],
        env_args: Sequence[Sequence[Any]],
        env_kwargs: Sequence[dict[str, Any]],
        num_envs: int,
        num_workers: int | None = None,
        batch_size: int | None = None,
        zero_copy: bool = True,
        overwork: bool = False,
        *,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        del overwork
        layout, recipes = plan_from_creators(
            env_creators, env_args, env_kwargs, num_envs, num_workers, batch_size
        )
        options.setdefault("copy", not zero_copy)
        own = ShmOptions(**options, **self.fixed_options)
        self._set_up(layout, recipes, own, seed)

    @classmethod
    def from_recipes(
        cls,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: ShmOptions,
        seed: int | None = None,
    ) -> Self:
        """A pool whose spaces are known already; ``make_vec`` comes this way.

        Args:
          layout: counts and spaces.
          recipes: what each worker hosts.
          options: deadlines, restarts, copies, chunks.
          seed: seed of the first reset that is given none.
        """
        pool = cls.__new__(cls)
        pool._set_up(layout, recipes, options, seed)
        return pool

    def _set_up(
        self,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: ShmOptions,
        seed: int | None,
    ) -> None:
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
