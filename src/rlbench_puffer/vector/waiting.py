"""Waiting for a word of shared memory: yields first, then sleeps on a futex.

Measured on 2 cores with 2 workers: spinning alone takes milliseconds a round
(the spinner keeps the core that the other side needs), a futex alone 83 us, 200
yields and then a futex 5 us.

Memory order: a writer stores its data first and the word last; x86 keeps stores in
order for every reader (TSO), and the interpreter puts far more than a store
buffer's life between the two. What TSO does not keep is a store before a later
load: a waker may read "nobody sleeps" just before the sleeper says so, and the
wake-up is lost. Every sleep is therefore bounded, and a lost wake-up costs one
slice. Machines with weaker order than x86 would need barriers here.
"""

import ctypes
import os
import platform
import time
from typing import Any

_FUTEX_NUMBERS = {"x86_64": 202, "aarch64": 98}
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1

MIN_YIELDS = 20
MAX_YIELDS = 400
START_YIELDS = 200

BURST = 120
"""Looks of a process with a core of its own, about 6 us; a yield takes 0.7. With 60, a
step of 32 sub-envs that do nothing outlasts them and takes 0.4 us more."""

LONG_S = 5e-4
"""A sleep longer than this in [s] shows that the yields before it were wasted. With
1e-3 a wait of 1 ms could stay with 400 yields, which kept a worker off its core for
0.25 ms (seen with 8 sub-envs of 250 us in 2 workers on 2 cores)."""

SLICE_S = 0.02
"""How long one sleep may last in [s] before its sleeper looks around."""


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def _futex_call() -> Any:
    number = _FUTEX_NUMBERS.get(platform.machine(), 202)
    syscall = ctypes.CDLL(None, use_errno=False).syscall
    syscall.restype = ctypes.c_long
    syscall.argtypes = (
        ctypes.c_long,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_uint32,
    )
    return number, syscall


_NUMBER, _SYSCALL = _futex_call()
_SLICE = _Timespec(0, int(SLICE_S * 1e9))
_SLICE_ADDRESS = ctypes.addressof(_SLICE)


def futex_sleep(address: int, expected: int) -> None:
    """Sleep while the word holds ``expected``, for one slice at most."""
    _SYSCALL(_NUMBER, address, _FUTEX_WAIT, expected, _SLICE_ADDRESS, None, 0)


def futex_wake(address: int) -> None:
    """Wake whoever sleeps on the word."""
    _SYSCALL(_NUMBER, address, _FUTEX_WAKE, 0x7FFFFFFF, None, None, 0)


class Waiter:
    """Waits for one word to change, and learns how many yields pay.

    A wait that ends while yielding lets the budget grow, a long sleep shows that
    the yields before it were wasted and shrinks it, a short sleep that a few more
    would have saved a system call and grows it.

    Attributes:
      budget: yields before the next sleep.
      yields, sleeps: how often it did either, over its life.

    Args:
      burst: looks before the first yield; for processes with a core of their own,
        where the other side cannot be waiting for this one's.
    """

    __slots__ = ("_burst", "_clock", "_yield", "budget", "sleeps", "yields")

    def __init__(self, burst: int = 0) -> None:
        self._burst = burst
        self.budget = START_YIELDS
        self.yields = 0
        self.sleeps = 0
        self._yield = os.sched_yield
        self._clock = time.perf_counter

    def spin(self, words: Any, index: int, old: int) -> bool:
        """Yield until the word differs from ``old``; False if the budget is gone."""
        for _ in range(self._burst):
            if words[index] != old:
                return True
        give_way = self._yield
        for turn in range(self.budget):
            if words[index] != old:
                self.yields += turn
                if self.budget < MAX_YIELDS:
                    self.budget += 1
                return True
            give_way()
        self.yields += self.budget
        return words[index] != old

    def sleep(
        self, words: Any, index: int, old: int, address: int, flag: int, mark: int = 1
    ) -> bool:
        """Sleep for one slice at most; True if the word differs from ``old`` now.

        Args:
          words: uint32 view of the control words.
          index: the word.
          old: the value to wait away from.
          address: the word's address.
          flag: index of the word that tells the waker somebody sleeps.
          mark: the value that ``flag`` gets while sleeping.
        """
        start = self._clock()
        words[flag] = mark
        if words[index] == old:
            self.sleeps += 1
            futex_sleep(address, old)
        words[flag] = 0
        slept = self._clock() - start
        if slept > LONG_S:
            self.budget = max(MIN_YIELDS, self.budget * 3 // 4)
        elif slept < 1e-4:
            self.budget = min(MAX_YIELDS, self.budget * 3 // 2)
        return words[index] != old

    def report(self) -> dict[str, int]:
        """Budget, yields and sleeps so far."""
        return {"budget": self.budget, "yields": self.yields, "sleeps": self.sleeps}


def burst_for(num_workers: int) -> int:
    """The burst of this process and its workers: 0 unless each has its own core."""
    return BURST if num_workers < len(os.sched_getaffinity(0)) else 0
