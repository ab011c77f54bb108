"""Gymnasium's AsyncVectorEnv behind the vecenv interface, with deadlines and an end."""

import contextlib
import errno
import os
import select
import signal
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.async_vector_env import AsyncState
from numpy.typing import NDArray

from rlbench_puffer.errors import (
    InvalidOptionError,
    WorkerDiedError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.vector.base import Info, Received, Stepped, VecEnv, VecState
from rlbench_puffer.vector.books import MainClock, timing_report
from rlbench_puffer.vector.deadlines import Deadlines
from rlbench_puffer.vector.gym_accounts import GymAccounts
from rlbench_puffer.vector.gym_infos import interesting_infos
from rlbench_puffer.vector.gym_processes import (
    CLOSE_PATIENCE_S,
    PatientAsyncVectorEnv,
    RaisedInWorker,
    close_all,
    end_processes,
    last_words,
    no_main_module,
    release,
)
from rlbench_puffer.vector.gym_worker import BootstrappedEnvFn
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.worker_process import too_few_descriptors


class GymVecEnv(VecEnv):
    """One process for each sub-env, run by Gymnasium with pipes and shared memory.

    The Dict observations are gathered into the flat array that the other backends
    give. A worker that dies, hangs or raises makes ``recv`` raise.

    Args:
      layout: counts and spaces; one worker for each sub-env, no partial batches.
      env_fns: one picklable function for each sub-env.
      deadlines: how long workers may take.
      seed: seed of the first reset that is given none.

    Raises:
      InvalidOptionError: another number of workers, or a partial batch.
      WorkerError: a worker failed before it was ready; all have been ended.
    """

    def __init__(
        self,
        layout: VecLayout,
        env_fns: Sequence[Callable[[], gymnasium.Env[Any, Any]]],
        deadlines: Deadlines | None = None,
        seed: int | None = None,
    ) -> None:
        self._clock = MainClock()
        if layout.num_workers != layout.num_envs:
            raise InvalidOptionError(
                "num_workers",
                layout.num_workers,
                f"{layout.num_envs}: AsyncVectorEnv runs one process for each sub-env",
            )
        if layout.batch_size != layout.num_envs:
            raise InvalidOptionError(
                "batch_size",
                layout.batch_size,
                f"all {layout.num_envs} sub-envs",
                'Use backend="shm" or "puffer" for partial batches.',
            )
        super().__init__(layout, seed)
        self.deadlines = deadlines or Deadlines()
        self._accounts = GymAccounts(layout.num_envs)
        n = layout.num_envs
        self._make_arrays(n)
        self._stderr_fds: list[int] = []
        try:
            self._stderr_fds = [
                os.memfd_create("worker-stderr", os.MFD_CLOEXEC) for _ in range(n)
            ]
            wrapped = [
                BootstrappedEnvFn(env_fn, layout, fd)
                for env_fn, fd in zip(env_fns, self._stderr_fds, strict=True)
            ]
            with no_main_module():
                PatientAsyncVectorEnv(
                    self._started,
                    wrapped,
                    shared_memory=True,
                    copy=False,
                    context="spawn",
                )
        except OSError as error:
            close_all(self._stderr_fds)
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise too_few_descriptors(0) from error
            raise
        self._clock.built()

    def _started(self, vec: Any) -> None:
        """All processes run: take them over, and wait until each is ready."""
        self._vec = vec
        self._finalizer = weakref.finalize(
            self, release, vec, self._stderr_fds, os.getpid()
        )
        self._poll = select.poll()
        self._worker_of = {p.fileno(): i for i, p in enumerate(vec.parent_pipes)}
        try:
            self._check_start()
        except BaseException:
            self.close()
            raise

    def _make_arrays(self, n: int) -> None:
        space = self.layout.single_observation_space
        self._observations = np.zeros((n, *space.shape), space.dtype)
        emulated = self.layout.emulated
        self._structured: Any = None
        if emulated and emulated.emulated_observation_dtype.names:
            dtype = emulated.emulated_observation_dtype
            self._structured = self._observations.view(dtype)[:, 0]
        self._env_ids = np.arange(n)
        self._masks = np.ones(n, bool)
        self._zeros = np.zeros(n, np.float32)
        self._falses = np.zeros(n, bool)

    def timings(self) -> dict[str, Any]:
        """See :meth:`VecEnv.timings`; Gymnasium's workers keep no books."""
        return timing_report(self._clock, [])

    def health(self) -> dict[str, Any]:
        """Workers and accounts."""
        closed = self._state is VecState.CLOSED
        return {
            "backend": "gym",
            "state": self._state.value,
            "workers": []
            if closed
            else [
                {"worker_index": i, "pid": p.pid, "alive": p.is_alive()}
                for i, p in enumerate(self._vec.processes)
            ],
            "accounts": self._accounts.totals(),
        }

    def _check_start(self) -> None:
        """Ask every worker for its spaces; the answer says that it is ready."""
        vec = self._vec
        question = (
            "_check_spaces",
            ("same", vec.single_observation_space, vec.single_action_space),
        )
        for pipe in vec.parent_pipes:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                pipe.send(question)
        self._await_answers("init", self.deadlines.init_timeout_s)
        for worker, pipe in enumerate(vec.parent_pipes):
            answer, success = self._read(worker, pipe, "init")
            with self._broken_pipes("init"):
                vec._raise_if_errors([success])
            if not all(answer):
                raise InvalidOptionError(
                    "env_fns", worker, "environments that all have the layout's spaces"
                )

    def _begin_reset(self, seeds: list[int]) -> None:
        start = time.perf_counter()
        if self._vec._state is not AsyncState.DEFAULT:
            self._receive()
        with self._broken_pipes("reset"):
            self._vec.reset_async(seed=seeds)
        self._clock.reset += time.perf_counter() - start

    def _dispatch(self, actions: NDArray[Any]) -> None:
        start = time.perf_counter()
        with self._broken_pipes("step"):
            self._vec.step_async(actions)
        self._clock.send += time.perf_counter() - start

    def _receive(self) -> Received:
        start = time.perf_counter()
        resetting = self._vec._state is AsyncState.WAITING_RESET
        if resetting:
            self._await_answers("reset", self.deadlines.reset_timeout_s)
            with self._broken_pipes("reset"):
                observations, infos = self._vec.reset_wait()
            rewards, terminals, truncations = self._zeros, self._falses, self._falses
            self._accounts.reset()
        else:
            self._await_answers("step", self.deadlines.step_timeout_s)
            with self._broken_pipes("step"):
                observations, rewards, terminals, truncations, infos = (
                    self._vec.step_wait()
                )
            rewards = rewards.astype(np.float32)
        self._gather(observations)
        told = interesting_infos(infos, self.num_envs)
        if not resetting:
            self._accounts.stepped(terminals[None], truncations[None], told)
        took = time.perf_counter() - start
        if resetting:
            self._clock.reset += took
        else:
            self._clock.wait += took
        return (
            self._observations,
            rewards,
            terminals,
            truncations,
            told,
            self._env_ids,
            self._masks,
        )

    def _run_chunk(self, chunk: NDArray[Any]) -> Stepped:
        """K round trips; sub-envs whose episode has ended are not asked again."""
        start = time.perf_counter()
        shape = (len(chunk), self.num_envs)
        rewards = np.zeros(shape, np.float32)
        terminals, truncations = np.zeros(shape, bool), np.zeros(shape, bool)
        active = list(range(self.num_envs))
        infos: list[Info] = []
        vec = self._vec
        self._state = VecState.WAITING
        for k, actions in enumerate(chunk):
            with self._broken_pipes("step"):
                for i in active:
                    vec.parent_pipes[i].send(("step", actions[i]))
            self._await_answers("step", self.deadlines.step_timeout_s, active)
            for i in active:
                answer, success = self._read(i, vec.parent_pipes[i], "step")
                with self._broken_pipes("step"):
                    vec._raise_if_errors([success])
                _, rewards[k, i], terminals[k, i], truncations[k, i], info = answer
                infos += interesting_infos(vec._add_info({}, info, i), self.num_envs)
            active = [i for i in active if not (terminals[k, i] or truncations[k, i])]
        self._accounts.stepped(terminals, truncations, infos)
        self._gather(vec.observations)
        self._state = VecState.READY
        self._clock.wait += time.perf_counter() - start
        return self._observations, rewards, terminals, truncations, infos

    def _gather(self, observations: Any) -> None:
        if self._structured is None:
            self._observations[:] = observations
            return
        for name, values in observations.items():
            self._structured[name] = values

    def _await_answers(
        self, phase: str, limit_s: float, workers: Sequence[int] | None = None
    ) -> None:
        """Wait until every pipe can be read: an answer, or the end of a worker."""
        pipes = self._vec.parent_pipes
        chosen = pipes if workers is None else [pipes[i] for i in workers]
        missing = {pipe.fileno() for pipe in chosen}
        poll = self._poll
        for fd in missing:
            poll.register(fd, select.POLLIN)
        deadline = time.monotonic() + limit_s
        try:
            while missing:
                left = deadline - time.monotonic()
                ready = poll.poll(max(0.0, 1000 * left))
                if not ready and left <= 0:
                    worker = self._worker_of[min(missing)]
                    self._fail_late(worker, phase, limit_s)
                for fd, _ in ready:
                    poll.unregister(fd)
                    missing.discard(fd)
        finally:
            for fd in missing:
                poll.unregister(fd)

    def _read(self, worker: int, pipe: Any, phase: str) -> Any:
        try:
            return pipe.recv()
        except (EOFError, OSError):
            self._fail_dead(worker, phase)

    @contextlib.contextmanager
    def _broken_pipes(self, phase: str) -> Iterator[None]:
        """Turn the errors of a dead worker's pipe into one that names it."""
        try:
            yield
        except (EOFError, ConnectionResetError, BrokenPipeError):
            for worker, process in enumerate(self._vec.processes):
                process.join(0.5 if worker == 0 else 0.05)
                if not process.is_alive():
                    self._fail_dead(worker, phase)
            raise
        except RaisedInWorker as error:
            self._state = VecState.BROKEN
            raise WorkerRaisedError(
                error.worker, phase, error.what, error.trace
            ) from error

    def _fail_dead(self, worker: int, phase: str) -> None:
        self._state = VecState.BROKEN
        process = self._vec.processes[worker]
        process.join(1.0)
        code = process.exitcode
        if code is not None and code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"exited with code {code}"
        raise WorkerDiedError(worker, phase, how, last_words(self._stderr_fds[worker]))

    def _fail_late(self, worker: int, phase: str, limit_s: float) -> None:
        self._state = VecState.BROKEN
        what = f"did not answer within {limit_s:g} s"
        raise WorkerTimeoutError(
            worker, phase, what, last_words(self._stderr_fds[worker])
        )

    def _shut_down(self) -> None:
        end_processes(self._vec, CLOSE_PATIENCE_S)
        self._finalizer()
