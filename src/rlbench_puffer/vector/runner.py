"""Runs a host and keeps its books: seconds, steps, episodes, returns.

The same object works in the workers of ``shm`` and ``puffer`` and, without any
worker, in ``serial``.
"""

import struct
import time
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import SimulationError
from rlbench_puffer.timing import PHASES, PhaseTimer
from rlbench_puffer.vector.hosting import ChunkBuffers, Host, HostBuffers

Info = dict[str, Any]

TALLY_FIELDS = (
    "busy",
    *PHASES,
    "finished_at",
    "started_at",
    "steps",
    "episodes",
    "ignored_actions",
    "return_sum",
    "autoresets",
)
"""What a worker's books hold, as float64 each; seconds first, counts after."""

_TALLY_STRUCT = struct.Struct(f"{len(TALLY_FIELDS)}d")
TALLY_BYTES = _TALLY_STRUCT.size

COUNTS = ("steps", "episodes", "ignored_actions", "return_sum", "autoresets")


class Runner:
    """A host with its books.

    Args:
      host: the sub-envs.
      buffers: their rows.
      first_env_id: index of the first, for messages.
      check_finite: whether NaN and infinity in results raise.
      debug: whether rows are poisoned before each step, so that a row which the
        environment does not write is found.
    """

    def __init__(
        self,
        host: Host,
        buffers: HostBuffers,
        first_env_id: int,
        *,
        check_finite: bool = True,
        debug: bool = False,
    ) -> None:
        self.host = host
        self.num_envs = host.num_envs
        self._buffers = buffers
        self._first_env_id = first_env_id
        self._debug = debug
        self._over = 0
        self._terminals = memoryview(cast(Any, buffers.terminals.view(np.uint8)))
        self._truncations = memoryview(cast(Any, buffers.truncations.view(np.uint8)))
        self._timer = PhaseTimer()
        for engine in host.engines():
            self._timer.watch(engine)
        self._started_at = time.perf_counter()
        self._busy = 0.0
        self._steps = 0
        self._episodes = 0
        self._ignored = 0
        self._return_sum = 0.0
        self._autoresets = 0
        # A dot product with zeros is 0 for finite numbers and NaN otherwise; it
        # neither overflows nor makes a temporary array.
        self._watched = [
            (name, flat, np.zeros(flat.size, flat.dtype).dot)
            for name, flat in (
                ("Observation", buffers.observations.reshape(-1)),
                ("Reward", buffers.rewards.reshape(-1)),
            )
            if check_finite and flat.dtype.kind == "f"
        ]
        self._watched_fields: list[tuple[str, NDArray[Any]]] = []
        if check_finite and buffers.observations.dtype.kind != "f":
            # Pictures make the flat observation bytes; numbers are fields of it.
            self._watched_fields = host.number_fields()

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """Begin an episode in every sub-env."""
        start = time.perf_counter()
        self._poison()
        # The engine's own reset is inside; the rest of a reset is reset as well.
        reset_before = self._timer.seconds[3]
        others_before = sum(self._timer.seconds) - reset_before
        infos = self.host.reset(seeds, episode_indices)
        if self._watched:
            self._check_finite()
        self._over = 0
        took = time.perf_counter() - start
        others = sum(self._timer.seconds) - self._timer.seconds[3] - others_before
        self._timer.seconds[3] = reset_before + took - others
        self._busy += took
        return infos

    def step(self) -> tuple[list[Info], bool]:
        """One step; infos, and whether any episode ended."""
        start = time.perf_counter()
        if self._debug:
            self._poison()
        infos = self.host.step()
        if self._watched:
            self._check_finite()
        self._steps += self.num_envs - self._over
        self._autoresets += self._over
        ended = 0
        if b"\x01" in self._terminals.tobytes() or b"\x01" in (
            self._truncations.tobytes()
        ):
            buffers = self._buffers
            ended = int((buffers.terminals | buffers.truncations).sum())
            self._end(ended, infos)
        self._over = ended
        self._busy += time.perf_counter() - start
        return infos, ended > 0

    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], bool]:
        """K steps; infos, and whether any episode ended."""
        start = time.perf_counter()
        infos, ignored = self.host.step_chunk(chunk)
        if self._watched:
            self._check_finite()
            if not np.isfinite(chunk.rewards).all():
                inner, row = (
                    int(i) for i in np.argwhere(~np.isfinite(chunk.rewards))[0]
                )
                raise SimulationError(
                    f"Reward of sub-env {self._first_env_id + row} in inner step "
                    f"{inner} is {chunk.rewards[inner, row]}, expected a finite number."
                )
        self._steps += chunk.rewards.size - ignored - self._over
        self._autoresets += self._over
        self._ignored += ignored
        ended = int((chunk.terminals | chunk.truncations).any(axis=0).sum())
        if ended:
            self._end(ended, infos)
        self._over = ended
        self._busy += time.perf_counter() - start
        return infos, ended > 0

    def write_tally(self, target: Any, offset: int) -> None:
        """Write the books, :data:`TALLY_BYTES` long, into a writable buffer."""
        _TALLY_STRUCT.pack_into(
            target,
            offset,
            self._busy,
            *self._timer.seconds,
            time.perf_counter(),
            self._started_at,
            self._steps,
            self._episodes,
            self._ignored,
            self._return_sum,
            self._autoresets,
        )

    def _end(self, ended: int, infos: list[Info]) -> None:
        self._episodes += ended
        for info in infos:
            if "episode" in info:
                self._return_sum += info["episode"]["r"]

    def _poison(self) -> None:
        if not self._debug:
            return
        for _, flat, _ in self._watched:
            flat[:] = np.nan
        if self._buffers.observations.dtype.kind != "f":
            self._buffers.observations.view(np.uint8)[...] = 0xA5

    def _check_finite(self) -> None:
        for name, field in self._watched_fields:
            if np.isfinite(field).all():
                continue
            row, component = (int(i) for i in np.argwhere(~np.isfinite(field))[0])
            raise SimulationError(
                f"Observation {name} of sub-env {self._first_env_id + row}, component "
                f"{component}, is {field[row, component]}, expected a finite number."
            )
        for name, flat, dot_zeros in self._watched:
            # Zero is false and NaN is true: no comparison needed.
            if not dot_zeros(flat):
                continue
            rows = flat.reshape(self.num_envs, -1)
            row, component = (int(i) for i in np.argwhere(~np.isfinite(rows))[0])
            raise SimulationError(
                f"{name} of sub-env {self._first_env_id + row}, component "
                f"{component}, is {rows[row, component]}, expected a finite number."
            )


def read_tally(source: Any, offset: int) -> dict[str, float]:
    """The books that :meth:`Runner.write_tally` wrote; zeros before the first."""
    values = _TALLY_STRUCT.unpack_from(source, offset)
    return dict(zip(TALLY_FIELDS, values, strict=True))


def worker_phases(tally: dict[str, float]) -> dict[str, float]:
    """A worker's seconds by phase; they sum to ``total``.

    ``idle`` is the time that it waited for commands, ``other`` its own overhead.
    """
    total = max(tally["finished_at"] - tally["started_at"], tally["busy"])
    phases = {name: tally[name] for name in PHASES}
    phases["other"] = tally["busy"] - sum(phases.values())
    phases["idle"] = total - tally["busy"]
    phases["total"] = total
    return phases
