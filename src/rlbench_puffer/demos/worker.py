"""What one worker process of a collection does: attempts, and a shard of demos."""

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from rlbench_puffer.benchmark.machine import package_versions
from rlbench_puffer.demos.attempts import Attempt, batch_size, run_attempts
from rlbench_puffer.demos.minari_files import ShardWriter, environment_spec
from rlbench_puffer.demos.request import MAX_ATTEMPTS, DemoRequest
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.episodes import allowed_variations
from rlbench_puffer.envs.make import make_batch_env, make_spaces
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.tasks.registry import find_task

SHARD_DEMOS = 100
"""Demos of one shard at most: what a crash can cost."""

STOP = "stop"
"""What the parent sends to have the shard finished at once."""


def run(conn: Connection, payload: dict[str, Any]) -> None:
    """Entry of the process; ends when its demos are written or it is told to stop.

    Sends ``("demo", index, attempts, steps)`` for each demo written, ``("given up",
    index)``, ``("alive",)`` now and then, and ``("finished",)`` last.
    """
    request: DemoRequest = payload["request"]
    Collector(conn, request).collect(payload["indices"])
    conn.send(("finished",))


class Collector:
    """Collects some of a set's demos and tells the parent.

    Args:
      conn: to the parent.
      request: the set.
    """

    def __init__(self, conn: Connection, request: DemoRequest) -> None:
        self._conn = conn
        self._request = request
        self._task = find_task(request.task)
        config = request.config
        self._variations = request.variations or tuple(
            int(v) for v in allowed_variations(config, self._task)
        )
        self._spaces = make_spaces(config)
        self._versions = package_versions()
        self._steps = 0

    def collect(self, indices: Sequence[int]) -> None:
        """Collect the demos of these indices, or as many as there is time for."""
        waiting = [self._first_attempt(index) for index in indices]
        size = batch_size(
            self._spaces.observation_dtype.itemsize, self._task.episode_length
        )
        env = make_batch_env(self._request.config, min(size, len(waiting)))
        writer = self._new_writer()
        try:
            expert = Expert(env)
            while waiting:
                batch, waiting = waiting[: env.num_agents], waiting[env.num_agents :]
                failed = self._run(env, expert, batch, writer)
                if failed is None:
                    break
                waiting = failed + waiting
                if len(writer) >= SHARD_DEMOS and waiting:
                    writer.close()
                    writer = self._new_writer()
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        finally:
            env.close()

    def _run(
        self,
        env: BatchEnv,
        expert: Expert,
        batch: list[Attempt],
        writer: ShardWriter,
    ) -> list[Attempt] | None:
        """Make a batch of attempts; what must be tried again, None when stopped."""
        episodes = run_attempts(
            env, expert, batch, self._task.name, self._versions, self._stopped
        )
        if episodes is None:
            return None
        again: list[Attempt] = []
        for episode, attempt in zip(episodes, batch, strict=True):
            if episode.success:
                writer.add(episode)
                attempts = attempt.episode_index + 1
                self._conn.send(("demo", episode.index, attempts, len(episode)))
            elif attempt.episode_index + 1 < MAX_ATTEMPTS:
                again.append(attempt.next())
            else:
                self._conn.send(("given up", attempt.index))
        return again

    def _stopped(self) -> bool:
        self._steps += 1
        if self._steps % 20 == 0:
            self._conn.send(("alive",))
        return self._conn.poll() and self._conn.recv() == STOP

    def _first_attempt(self, index: int) -> Attempt:
        return Attempt(
            index=index,
            seed=self._request.seed_of(index),
            episode_index=0,
            variation=self._variations[index % len(self._variations)],
        )

    def _new_writer(self) -> ShardWriter:
        return ShardWriter(
            self._request.out,
            self._task.name,
            self._spaces.observation_space,
            self._spaces.single_action_space,
            environment_spec(self._request.make_options),
        )
