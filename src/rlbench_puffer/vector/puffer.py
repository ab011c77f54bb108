"""PufferLib's Multiprocessing, made to behave: spawned, watched, closed.

What stays PufferLib's: its semaphores, its batches, its ``send``, its attributes.
What is new: workers that are bootstrapped before anything heavy, a parent without
a simulator, distinct seeds, waiting that gives its core away, deadlines, an end.
"""

import contextlib
import io
import os
import time
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.envs.puffer_env import EitherBuffers
from rlbench_puffer.vector.base import Info, Received, VecState
from rlbench_puffer.vector.books import Accounts
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.pooled import PooledVecEnv
from rlbench_puffer.vector.puffer_words import SemaphoreSet
from rlbench_puffer.vector.puffer_worker import CHUNK, ENTRY, RESET
from rlbench_puffer.vector.runner import read_tally
from rlbench_puffer.vector.shm.started import CLOSE_PATIENCE_S

# gym, which PufferLib 2 imports, says farewell on stderr at every import.
with contextlib.redirect_stderr(io.StringIO()):
    from pufferlib import vector as pufferlib_vector


class PufferVecEnv(PooledVecEnv, pufferlib_vector.Multiprocessing):
    """``pufferlib.vector.Multiprocessing`` with workers that cannot hang it.

    See :class:`PooledVecEnv` for its arguments.

    Partial batches are PufferLib's zero-copy ones: contiguous groups of workers.
    Among the groups that are ready, the one served longest ago comes first, or with
    ``sync_traj`` none but that one. A worker that dies, hangs or raises makes ``recv``
    raise; nothing is restarted.
    """

    # PufferLib computes it from the batch; here it is all sub-envs, always.
    num_envs: int = 0

    entry = ENTRY
    fixed_options: ClassVar[dict[str, Any]] = {
        "on_fault": "raise",
        "cpu_affinity": None,
    }
    batches_are_groups = True

    def _connect(self) -> None:
        self._words = SemaphoreSet(
            self._block,
            self._started.supervisor,
            self.options,
            self.layout.workers_per_batch,
            in_turn=self.options.sync_traj,
        )
        self._become_pufferlibs(self.layout)

    def _become_pufferlibs(self, layout: VecLayout) -> None:
        """Set the attributes that PufferLib's own methods and trainers read."""
        block, workers = self._block, layout.num_workers
        per_worker = layout.envs_per_worker
        self.num_environments = layout.num_envs
        self.envs_per_worker = per_worker
        self.workers_per_batch = layout.workers_per_batch
        self.agent_ids = np.arange(layout.num_envs).reshape(workers, per_worker)
        observation_shape = layout.single_observation_space.shape
        action_shape = layout.single_action_space.shape or ()
        self.obs_batch_shape = (layout.batch_size, *observation_shape)
        self.atn_batch_shape = (layout.workers_per_batch, per_worker, *action_shape)
        self.actions = block.actions
        self.buf = EitherBuffers(
            observations=block.observations,
            rewards=block.rewards,
            terminals=block.terminals,
            truncations=block.truncations,
            masks=block.masks,
            semaphores=self._words.semaphores,
        )
        self.initialized = True
        self.zero_copy = True
        self.flag = pufferlib_vector.RESET
        self.w_slice: Any = slice(0, workers)

    def health(self) -> dict[str, Any]:
        """Workers, waiting and accounts."""
        closed = self._state is VecState.CLOSED
        waiting = self._last_waiting if closed else self._words.waiter.report()
        return {
            "backend": "puffer",
            "state": self._state.value,
            "cores": len(os.sched_getaffinity(0)),
            "waiting": waiting,
            "workers": self._started.supervisor.report(),
            "accounts": Accounts().totals(self._tallies()),
        }

    def _tallies(self) -> list[dict[str, float]]:
        if self._state is VecState.CLOSED:
            return self._last_tallies
        block = self._block
        return [
            read_tally(block.tallies, block.tally_offset(worker, 0))
            for worker in range(self.num_workers)
        ]

    def _begin_reset(self, seeds: list[int]) -> None:
        start = time.perf_counter()
        with self._broken_on_error():
            self._words.wait_all()
            self._words.answers(self._words.busy())
        self._block.seeds.reshape(-1)[:] = seeds
        self._words.post_all(RESET)
        self._resetting = True
        self._clock.reset += time.perf_counter() - start

    def _dispatch(self, actions: NDArray[Any]) -> None:
        start = time.perf_counter()
        self.flag = pufferlib_vector.SEND
        pufferlib_vector.Multiprocessing.send(self, actions)
        rows = self.w_slice
        self._words.posted(range(rows.start, rows.stop), pufferlib_vector.STEP)
        self._clock.send += time.perf_counter() - start

    def _receive(self) -> Received:
        start = time.perf_counter()
        with self._broken_on_error():
            workers = self._words.wait_group()
            infos = self._words.answers(workers)
        rows = self.w_slice = slice(workers.start, workers.stop)
        buf = self.buf
        observations = buf.observations[rows].reshape(self.obs_batch_shape)
        parts = [
            observations,
            buf.rewards[rows].ravel(),
            buf.terminals[rows].ravel(),
            buf.truncations[rows].ravel(),
        ]
        if self.options.copy:
            parts = [part.copy() for part in parts]
        ids, masks = self.agent_ids[rows].ravel(), buf.masks[rows].ravel()
        self._count(start)
        return parts[0], parts[1], parts[2], parts[3], infos, ids, masks

    def _post_chunk(self, length: int) -> None:
        self._words.post_all(CHUNK, length)

    def _finish_chunk(self, length: int) -> list[Info]:
        del length
        self._words.wait_all()
        return self._words.answers(self._words.busy())

    def _shut_down(self) -> None:
        self._words.ask_to_close()
        self._started.end(CLOSE_PATIENCE_S)
        self._last_waiting = self._words.waiter.report()
        # The memory goes with its last array; these were ours.
        del self._block, self._words, self.buf, self.actions
