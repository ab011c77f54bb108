"""The shared-memory pool: a vector environment over workers in one shared block."""

import os
import time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.errors import WorkerError
from rlbench_puffer.vector.base import Info, Received, Stepped, VecState
from rlbench_puffer.vector.books import Accounts
from rlbench_puffer.vector.pooled import PooledVecEnv
from rlbench_puffer.vector.shm.episodes import EpisodeTracker
from rlbench_puffer.vector.shm.started import CLOSE_PATIENCE_S
from rlbench_puffer.vector.shm.sync import CHUNK, ENDED, RESET, STEP
from rlbench_puffer.vector.shm.worker import ENTRY
from rlbench_puffer.vector.shm.workers import WorkerSet

# Looked up once: a step costs a few microseconds, and an enum's member 0.07.
_READY, _WAITING = VecState.READY, VecState.WAITING
_clock = time.perf_counter


class ShmVecEnv(PooledVecEnv):
    """The shared-memory pool; see :class:`PooledVecEnv` for its arguments.

    Arrays that ``recv`` returns are views of the block wherever the batch is
    contiguous (always, when it is all sub-envs). They are valid until the next
    ``send``: from then on the workers write the next results into them. Pass
    ``copy=True`` for arrays of your own.
    """

    entry = ENTRY

    def _connect(self) -> None:
        self._accounts = Accounts()
        self._make_views()
        self._workers = WorkerSet(self._block, self._started.supervisor, self._accounts)
        self._waiter = self._workers.waiter
        self._block_bytes = self._block.plan.offsets()[1]

    def _make_views(self) -> None:
        layout, block = self.layout, self._block
        n = layout.num_envs
        self._env_ids = np.arange(n)
        self._all_workers = list(range(layout.num_workers))
        self._batch_workers = self._all_workers
        self._whole_batch = layout.batch_size == n
        self._copies = self.options.copy
        # Of batches in turn: whose turn it is, as its first worker.
        self._turn = 0
        self._views = [
            array.reshape(n, *array.shape[2:])
            for array in (
                block.observations,
                block.rewards,
                block.terminals,
                block.truncations,
                block.masks,
            )
        ]
        self._actions = block.actions.reshape(n, *block.actions.shape[2:])
        self._episodes = EpisodeTracker(block.episode_indices)

    def step(self, actions: ArrayLike) -> Stepped:
        """See :meth:`VecEnv.step`; whole batches take a shorter way to the same end."""
        if self._state is not _READY or not self._whole_batch:
            return super().step(actions)
        checked = self._gate.check(actions, self._env_ids)
        workers = self._workers
        start = _clock()
        self._actions[...] = checked
        # An interrupt leaves the step pending: close() and async_reset() go on.
        self._state = _WAITING
        try:
            status = workers.exchange()
        except WorkerError:
            self._state = VecState.BROKEN
            raise
        if status or workers.lost or True in self._episodes.any_over:
            infos = self._collect(self._all_workers)
            workers.take(self._all_workers)
        else:
            infos = []
        self._state = _READY
        clock, sent_at = self._clock, workers.sent_at
        clock.send += sent_at - start
        clock.wait += _clock() - sent_at
        if infos:
            self._refuse_invalid(infos)
        if self._copies:
            return self._rows(self._all_workers, infos)[:5]
        observations, rewards, terminals, truncations, _ = self._views
        return observations, rewards, terminals, truncations, infos

    def health(self) -> dict[str, Any]:
        """Workers, waiting, accounts and the last faults; see :class:`Accounts`."""
        return {
            "backend": "shm",
            "state": self._state.value,
            "cores": len(os.sched_getaffinity(0)),
            "waiting": self._waiter.report(),
            "workers": self._started.supervisor.report(),
            "accounts": self._accounts.totals(self._tallies()),
            "last_faults": list(self._accounts.last_faults),
            "block_bytes": self._block_bytes,
        }

    def _tallies(self) -> list[dict[str, float]]:
        if self._state is VecState.CLOSED:
            return self._last_tallies
        return self._workers.tallies()

    def _begin_reset(self, seeds: list[int]) -> None:
        start = _clock()
        with self._broken_on_error():
            self._workers.drain()
        self._block.seeds.reshape(-1)[:] = seeds
        self._episodes.restart_all()
        self._turn = 0
        self._workers.post(self._all_workers, RESET)
        self._resetting = True
        self._clock.reset += _clock() - start

    def _dispatch(self, actions: NDArray[Any]) -> None:
        start = _clock()
        if self._whole_batch:
            self._actions[...] = actions
        else:
            self._actions[self._batch_env_ids] = actions
        self._workers.post(self._batch_workers, STEP)
        self._clock.send += _clock() - start

    def _receive(self) -> Received:
        start = _clock()
        workers = self._workers
        if self._whole_batch:
            batch = self._all_workers
            try:
                status = workers.wait_all(batch)
            except WorkerError:
                self._state = VecState.BROKEN
                raise
        else:
            with self._broken_on_error():
                batch = self._wait_for_batch()
            status = 1
        self._batch_workers = batch
        quiet = not (status or workers.lost or True in self._episodes.any_over)
        infos = [] if quiet else self._collect(batch)
        workers.take(batch)
        received = self._rows(batch, infos)
        self._count(start)
        return received

    def _wait_for_batch(self) -> list[int]:
        """The workers of a partial batch: the earliest, or those whose turn it is."""
        count = self.layout.workers_per_batch
        if not self.options.sync_traj:
            return self._workers.wait_some(count)
        batch = self._all_workers[self._turn : self._turn + count]
        self._workers.wait_all(batch)
        self._turn = (self._turn + count) % self.layout.num_workers
        return batch

    def _post_chunk(self, length: int) -> None:
        self._workers.post(self._all_workers, CHUNK, length)

    def _finish_chunk(self, length: int) -> list[Info]:
        self._workers.wait_all(self._all_workers)
        infos = self._collect(self._all_workers, length)
        self._workers.take(self._all_workers)
        return infos

    def _rows(self, batch: list[int], infos: list[Info]) -> Received:
        if self._whole_batch:
            observations, rewards, terminals, truncations, masks = self._views
            if self.options.copy:
                observations, rewards, terminals, truncations, masks = (
                    view.copy() for view in self._views
                )
            ids = self._env_ids
            return observations, rewards, terminals, truncations, infos, ids, masks
        n = self.layout.envs_per_worker
        first, last = batch[0], batch[-1]
        if last - first + 1 == len(batch):
            rows: Any = slice(first * n, (last + 1) * n)
            ids = self._env_ids[rows]
        else:
            rows = ids = np.concatenate(
                [self._env_ids[worker * n : (worker + 1) * n] for worker in batch]
            )
        parts = [view[rows] for view in self._views]
        if self.options.copy:
            parts = [part.copy() for part in parts]
        observations, rewards, terminals, truncations, masks = parts
        return observations, rewards, terminals, truncations, infos, ids, masks

    def _collect(self, batch: list[int], chunk_len: int = 0) -> list[Info]:
        """Infos of a batch; books of episodes that ended, or were lost."""
        infos: list[Info] = []
        workers, block = self._workers, self._block
        for worker in batch:
            error = workers.lost.get(worker)
            if error is not None:
                infos += self._lose(worker, error, chunk_len)
                continue
            infos += workers.infos(worker)
            if workers.stood_in(worker):
                self._accounts.add("autoresets", self.layout.envs_per_worker)
            if not workers.status(worker) & ENDED:
                self._episodes.stepped(worker, None)
            elif chunk_len:
                rows = block.chunk_buffers(worker, 0, chunk_len)
                over = np.logical_or(rows.terminals, rows.truncations)
                ended = np.logical_or.reduce(over, axis=0)
                self._episodes.stepped(worker, ended)
            else:
                rows = block.host_buffers(worker)
                ended = np.logical_or(rows.terminals, rows.truncations)
                self._episodes.stepped(worker, ended)
        return infos

    def _lose(self, worker: int, error: WorkerError, chunk_len: int) -> list[Info]:
        """Deliver a failed worker's sub-envs as truncated, with zeros to see."""
        block, n = self._block, self.layout.envs_per_worker
        block.observations[worker] = 0
        block.rewards[worker] = 0.0
        block.terminals[worker] = False
        block.truncations[worker] = True
        if chunk_len:
            rows = block.chunk_buffers(worker, 0, chunk_len)
            rows.rewards[:] = 0.0
            rows.terminals[:] = False
            rows.truncations[:] = False
            rows.truncations[0] = True
        self._episodes.lost(worker)
        self._accounts.lost_episodes += n
        self._accounts.lost_actions += n * max(1, chunk_len)
        return [
            {"env_id": worker * n + i, "fault": str(error), "success": False}
            for i in range(n)
        ]

    def _shut_down(self) -> None:
        self._workers.ask_to_close()
        self._started.end(CLOSE_PATIENCE_S)
        # The memory goes with its last array; these were ours.
        del self._block, self._workers, self._views, self._actions, self._episodes
