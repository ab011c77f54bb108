"""The books of a whole vector environment: seconds by phase, steps, losses."""

import time
from collections import deque
from typing import Any

from rlbench_puffer.vector.runner import COUNTS, worker_phases


class MainClock:
    """Where this process's seconds go; everything not in a phase is ``other``.

    Attributes:
      build, reset, send, wait: seconds so far.
    """

    __slots__ = ("_started_at", "build", "reset", "send", "wait")

    def __init__(self) -> None:
        self._started_at = time.perf_counter()
        self.build = 0.0
        self.reset = 0.0
        self.send = 0.0
        self.wait = 0.0

    def built(self) -> None:
        """Everything until now was building."""
        self.build = time.perf_counter() - self._started_at

    def phases(self) -> dict[str, float]:
        """Seconds by phase; they sum to ``total``."""
        total = time.perf_counter() - self._started_at
        phases = {
            name: getattr(self, name) for name in ("build", "reset", "send", "wait")
        }
        phases["other"] = total - sum(phases.values())
        phases["total"] = total
        return phases


class Accounts:
    """Counts of everything that was delivered, whatever happened to the workers.

    An action that was sent is an executed step, an autoreset, ignored because its
    episode had ended earlier in the chunk, or lost with its worker; the four add
    up to all actions sent.
    """

    def __init__(self) -> None:
        self._carried: dict[str, float] = dict.fromkeys(COUNTS, 0.0)
        self.lost_episodes = 0
        self.lost_actions = 0
        self.restarts = 0
        self.last_faults: deque[str] = deque(maxlen=5)

    def carry_over(self, tally: dict[str, float]) -> None:
        """Take over the counts of a worker that is gone."""
        for name in COUNTS:
            self._carried[name] += tally[name]

    def add(self, name: str, amount: int) -> None:
        """Count something that the parent did in a worker's place."""
        self._carried[name] += amount

    def totals(self, tallies: list[dict[str, float]]) -> dict[str, float]:
        """The sums over all workers, living and gone.

        Returns:
          ``steps``, ``autoresets``, ``ignored_actions``, ``lost_actions``,
          ``episodes`` (lost ones included), ``lost_episodes``, ``return_sum`` (of
          the episodes that were not lost), ``invalid_actions`` (steps whose pose the
          arm could not take) and ``restarts``.
        """
        sums: dict[str, float] = {
            name: self._carried[name] + sum(tally[name] for tally in tallies)
            for name in COUNTS
        }
        counts = {
            name: value if name == "return_sum" else int(value)
            for name, value in sums.items()
        }
        counts["episodes"] += self.lost_episodes
        counts["lost_episodes"] = self.lost_episodes
        counts["lost_actions"] = self.lost_actions
        counts["restarts"] = self.restarts
        return counts


def timing_report(
    clock: MainClock, tallies: list[dict[str, float]], *, in_process: bool = False
) -> dict[str, Any]:
    """What ``VecEnv.timings`` returns.

    Args:
      clock: this process's.
      tallies: the workers' books.
      in_process: whether the one worker runs inside this process, so that there
        is nothing between the two.
    """
    main = clock.phases()
    workers = [worker_phases(tally) for tally in tallies]
    busy = [tally["busy"] for tally in tallies]
    reset = [tally["reset"] for tally in tallies]
    waited = main["wait"] + main["reset"]
    slowest = max(busy, default=0.0)
    return {
        "main": main,
        "workers": workers,
        "ipc": 0.0 if in_process else waited - slowest,
        "slowest_worker_busy": slowest,
        "slowest_worker_reset": max(reset, default=0.0),
    }
