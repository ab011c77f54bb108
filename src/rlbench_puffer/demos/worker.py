"""What one worker process of a collection does: attempts, and a shard of demos."""

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from rlbench_puffer.benchmark.machine import package_versions
from rlbench_puffer.demos.attempts import Attempt, Attempts, ExpertAttempts
from rlbench_puffer.demos.live_attempts import LiveAttempts
from rlbench_puffer.demos.minari_files import ShardWriter, environment_spec
from rlbench_puffer.demos.request import MAX_ATTEMPTS, DemoRequest
from rlbench_puffer.engines.rlbench.task_names import rlbench_version
from rlbench_puffer.envs.episodes import allowed_variations
from rlbench_puffer.envs.make import make_spaces
from rlbench_puffer.tasks.make import make_task

SHARD_DEMOS = 100
"""Demos of one shard at most: what a crash can cost."""

LIVE_SHARD_DEMOS = 20
"""Likewise, of RLBench's own, which take seconds each."""

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
        config = request.config
        self._task = make_task(config)
        self._variations = request.variations or tuple(
            int(v) for v in allowed_variations(config, self._task)
        )
        self._spaces = make_spaces(config)
        self._versions = package_versions()
        if config.engine != "builtin":
            self._versions["rlbench"] = rlbench_version()
        self._steps = 0
        builtin = config.engine == "builtin"
        self._shard_demos = SHARD_DEMOS if builtin else LIVE_SHARD_DEMOS

    def collect(self, indices: Sequence[int]) -> None:
        """Collect the demos of these indices, or as many as there is time for."""
        waiting = [self._first_attempt(index) for index in indices]
        maker = self._maker(len(waiting))
        writer = self._new_writer()
        try:
            while waiting:
                batch, waiting = waiting[: maker.at_once], waiting[maker.at_once :]
                failed = self._run(maker, batch, writer)
                if failed is None:
                    break
                waiting = failed + waiting
                if len(writer) >= self._shard_demos and waiting:
                    writer.close()
                    writer = self._new_writer()
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        finally:
            maker.close()

    def _maker(self, most: int) -> Attempts:
        config = self._request.config
        if config.engine == "builtin":
            return ExpertAttempts(config, self._task, most, self._versions)
        return LiveAttempts(config, self._task, self._versions)

    def _run(
        self, maker: Attempts, batch: list[Attempt], writer: ShardWriter
    ) -> list[Attempt] | None:
        """Make a batch of attempts; what must be tried again, None when stopped."""
        demos = maker.run(batch, self._stopped)
        if demos is None:
            return None
        again: list[Attempt] = []
        for demo, attempt in zip(demos, batch, strict=True):
            if demo is not None:
                writer.add(demo)
                attempts = attempt.episode_index + 1
                self._conn.send(("demo", demo.index, attempts, len(demo)))
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
