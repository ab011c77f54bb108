"""Runs a host and keeps its books: seconds, steps, episodes, returns.

The same object works in the workers of ``shm`` and ``puffer`` and, without any
worker, in ``serial``.
"""

import struct
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import SimulationError
from rlbench_puffer.timing import PHASES, PhaseTimer
from rlbench_puffer.vector.hosting import ChunkBuffers, Host, HostBuffers

Info = dict[str, Any]

TALLY_FIELDS = (
    "busy",
    "finished_at",
    "steps",
    *PHASES,
    "started_at",
    "episodes",
    "ignored_actions",
    "return_sum",
    "autoresets",
    "invalid_actions",
)
"""What a worker's books hold, as float64 each; what every step changes comes first."""

_TALLY_STRUCT = struct.Struct(f"{len(TALLY_FIELDS)}d")
TALLY_BYTES = _TALLY_STRUCT.size

COUNTS = (
    "steps",
    "episodes",
    "ignored_actions",
    "return_sum",
    "autoresets",
    "invalid_actions",
)

_STARTED_AT = TALLY_FIELDS.index("started_at")
_EPISODES, _IGNORED, _RETURNS, _AUTORESETS, _INVALID = (
    TALLY_FIELDS.index(name) for name in COUNTS if name != "steps"
)
_EVERY_STEP = struct.Struct("3d")
_write_every_step = _EVERY_STEP.pack_into
_SECONDS = slice(3, 3 + len(PHASES))

_clock = time.perf_counter


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
        # The books are kept as they are written, so that writing is one copy.
        self._book_bytes = memoryview(bytearray(TALLY_BYTES))
        self._books = self._book_bytes.cast("d")
        self._books[_STARTED_AT] = _clock()
        self._busy = 0.0
        self._steps = 0
        self._terminals = memoryview(cast(Any, buffers.terminals.view(np.uint8)))
        self._truncations = memoryview(cast(Any, buffers.truncations.view(np.uint8)))
        self._nobody = bytes(self.num_envs)
        self._timer = PhaseTimer(cast(Any, self._books[_SECONDS]))
        self._timed: set[int] = set()
        self._time_engines()
        self._step_host = host.step
        self._watched = [
            (name, flat)
            for name, flat in (
                ("Observation", buffers.observations.reshape(-1)),
                ("Reward", buffers.rewards.reshape(-1)),
            )
            if check_finite and flat.dtype.kind == "f"
        ]
        self._not_finite = _not_finite([flat for _, flat in self._watched])
        self._watched_fields: list[tuple[str, NDArray[Any]]] = []
        if check_finite and buffers.observations.dtype.kind != "f":
            # Pictures make the flat observation bytes; numbers are fields of it.
            self._watched_fields = host.number_fields()

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """Begin an episode in every sub-env."""
        start = _clock()
        self._poison()
        # The engine's own reset is inside; the rest of a reset is reset as well.
        reset_before = self._timer.seconds[3]
        others_before = sum(self._timer.seconds) - reset_before
        infos = self.host.reset(seeds, episode_indices)
        self._time_engines()
        self._check_finite()
        self._over = 0
        now = self._book(start, 0)
        others = sum(self._timer.seconds) - self._timer.seconds[3] - others_before
        self._timer.seconds[3] = reset_before + now - start - others
        return infos

    def step(self) -> tuple[list[Info], bool]:
        """One step; infos, and whether any episode ended."""
        start = _clock()
        if self._debug:
            self._poison()
        infos = self._step_host()
        if infos:
            self._count_invalid(infos)
        if self._watched_fields or self._not_finite():
            self._check_finite()
        steps = self._steps + self.num_envs
        ended = 0
        nobody = self._nobody
        if (
            self._over
            or self._terminals.tobytes() != nobody
            or self._truncations.tobytes() != nobody
        ):
            steps -= self._over
            self._books[_AUTORESETS] += self._over
            buffers = self._buffers
            ended = int((buffers.terminals | buffers.truncations).sum())
            if ended:
                self._end(ended, infos)
            self._over = ended
        self._steps = steps
        # What _book does, without the call.
        now = _clock()
        self._busy = busy = self._busy + now - start
        _write_every_step(self._book_bytes, 0, busy, now, steps)
        return infos, ended > 0

    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], bool]:
        """K steps; infos, and whether any episode ended."""
        start = _clock()
        infos, ignored = self.host.step_chunk(chunk)
        self._count_invalid(infos)
        self._check_finite()
        if self._watched and not np.isfinite(chunk.rewards).all():
            inner, row = (int(i) for i in np.argwhere(~np.isfinite(chunk.rewards))[0])
            raise SimulationError(
                f"Reward of sub-env {self._first_env_id + row} in inner step "
                f"{inner} is {chunk.rewards[inner, row]}, expected a finite number."
            )
        books = self._books
        steps = chunk.rewards.size - ignored - self._over
        books[_AUTORESETS] += self._over
        books[_IGNORED] += ignored
        ended = int((chunk.terminals | chunk.truncations).any(axis=0).sum())
        if ended:
            self._end(ended, infos)
        self._over = ended
        self._book(start, steps)
        return infos, ended > 0

    def write_tally(self, target: Any) -> None:
        """Write the books into a buffer of :data:`TALLY_BYTES` bytes."""
        target[:] = self._book_bytes

    def _book(self, start: float, steps: int) -> float:
        """Book a command that began at ``start``; what time it is now."""
        now = _clock()
        self._busy += now - start
        self._steps += steps
        _write_every_step(self._book_bytes, 0, self._busy, now, self._steps)
        return now

    def _time_engines(self) -> None:
        for engine in self.host.engines():
            if id(engine) not in self._timed:
                self._timed.add(id(engine))
                self._timer.watch(engine)

    def _end(self, ended: int, infos: list[Info]) -> None:
        self._books[_EPISODES] += ended
        for info in infos:
            if "episode" in info:
                self._books[_RETURNS] += info["episode"]["r"]

    def _count_invalid(self, infos: list[Info]) -> None:
        self._books[_INVALID] += sum("invalid_action" in info for info in infos)

    def _poison(self) -> None:
        if not self._debug:
            return
        for _, flat in self._watched:
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
        if not self._not_finite():
            return
        for name, flat in self._watched:
            rows = flat.reshape(self.num_envs, -1)
            wrong = np.argwhere(~np.isfinite(rows)).tolist()
            if not wrong:
                continue
            row, component = wrong[0]
            raise SimulationError(
                f"{name} of sub-env {self._first_env_id + row}, component "
                f"{component}, is {rows[row, component]}, expected a finite number."
            )


def _not_finite(watched: list[NDArray[Any]]) -> Callable[[], bool]:
    """A function that tells whether any number of some flat arrays is not finite.

    Args:
      watched: the observations, if they are numbers, then the rewards; or none.
    """
    if not watched:
        return lambda: False
    *others, rewards = watched
    # Rewards are mostly zeros, and bytes show that at a quarter of the price.
    reward_bytes = memoryview(cast(Any, rewards.view(np.uint8))).tobytes
    zeros = bytes(rewards.nbytes)
    rewards_wrong = _not_finite_in(rewards)
    if not others:
        return lambda: reward_bytes() != zeros and rewards_wrong()
    observations_wrong = _not_finite_in(others[0])
    return lambda: observations_wrong() or (reward_bytes() != zeros and rewards_wrong())


def _not_finite_in(flat: NDArray[Any]) -> Callable[[], bool]:
    # 0.3 us for 64 numbers. A dot product with zeros is quicker for thousands of them,
    # but warns of infinity.
    isfinite, finite = np.isfinite, np.empty(flat.size, bool)
    answer = memoryview(cast(Any, finite.view(np.uint8))).tobytes
    everywhere = b"\1" * flat.size

    def not_finite() -> bool:
        isfinite(flat, finite)
        return answer() != everywhere

    return not_finite


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
