"""Phase timers: where the seconds of one process go."""

import time
from collections.abc import Callable, MutableSequence
from typing import Any

PHASES = ("sim", "observe", "render", "reset")
"""What an engine is asked to do; everything else in a worker is ``other``."""

_METHODS = {"step": 0, "observe": 1, "render": 2, "reset": 3}


class PhaseTimer:
    """Adds up the seconds that an engine's methods take.

    A method that calls another timed one keeps the time for itself, so the phases
    never overlap and their sum is at most the wall time.

    Attributes:
      seconds: one sum in [s] for each of :data:`PHASES`.

    Args:
      seconds: where to keep the sums, or None for a list of its own.
    """

    def __init__(self, seconds: MutableSequence[float] | None = None) -> None:
        self.seconds = [0.0] * len(PHASES) if seconds is None else seconds
        self._inside = False

    def watch(self, engine: object) -> None:
        """Time ``step``, ``observe``, ``render`` and ``reset`` of an object.

        The instance's methods are wrapped, its class stays as it is; an object
        without such methods is left alone. Costs about 0.3 us a call.
        """
        for name, phase in _METHODS.items():
            method = getattr(engine, name, None)
            if callable(method):
                setattr(engine, name, self._timed(method, phase))

    def _timed(self, method: Callable[..., Any], phase: int) -> Callable[..., Any]:
        seconds = self.seconds
        clock = time.perf_counter

        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return method(*args, **kwargs)
            self._inside = True
            start = clock()
            try:
                return method(*args, **kwargs)
            finally:
                seconds[phase] += clock() - start
                self._inside = False

        return timed
