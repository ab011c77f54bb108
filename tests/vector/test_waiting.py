"""Waiting for a word: it ends when the word changes, and learns how to wait."""

import threading
import time

import numpy as np

from rlbench_puffer.timing import PhaseTimer
from rlbench_puffer.vector.waiting import (
    MAX_YIELDS,
    MIN_YIELDS,
    SLICE_S,
    START_YIELDS,
    Waiter,
    futex_wake,
)

WORD, FLAG = 0, 1


def make_words() -> tuple[np.ndarray, int]:
    words = np.zeros(4, np.uint32)
    return words, words.ctypes.data


def test_a_spin_sees_a_change_and_gives_up_without_one() -> None:
    words, _ = make_words()
    waiter = Waiter()
    assert not waiter.spin(words, WORD, old=0)
    assert waiter.yields == START_YIELDS
    words[WORD] = 1
    assert waiter.spin(words, WORD, old=0)
    assert waiter.budget == START_YIELDS + 1


def test_a_sleep_ends_after_one_slice_at_most_and_takes_its_flag_down() -> None:
    words, address = make_words()
    waiter = Waiter()
    start = time.monotonic()
    assert not waiter.sleep(words, WORD, 0, address, FLAG)
    assert time.monotonic() - start >= SLICE_S * 0.9
    assert words[FLAG] == 0
    assert waiter.sleeps == 1


def test_a_sleeper_is_woken_by_whoever_sees_its_flag() -> None:
    words, address = make_words()
    waiter = Waiter()
    done = threading.Event()

    def wait_for_change() -> None:
        while not waiter.sleep(words, WORD, 0, address, FLAG):
            pass
        done.set()

    sleeper = threading.Thread(target=wait_for_change)
    sleeper.start()
    while not words[FLAG]:
        pass
    words[WORD] = 1
    futex_wake(address)
    assert done.wait(timeout=5)
    sleeper.join()


def test_long_sleeps_shrink_the_budget_and_quick_answers_grow_it() -> None:
    words, address = make_words()
    waiter = Waiter()
    for _ in range(12):
        waiter.sleep(words, WORD, 0, address, FLAG)
    assert waiter.budget == MIN_YIELDS
    words[WORD] = 1
    for _ in range(20):
        # The word has changed already: a sleep of no length.
        waiter.sleep(words, WORD, 0, address, FLAG)
    assert waiter.budget == MAX_YIELDS


def test_phases_that_call_each_other_do_not_overlap() -> None:
    class Engine:
        """A step that observes."""

        def step(self) -> None:
            self.observe()

        def observe(self) -> None:
            until = time.perf_counter() + 0.002
            while time.perf_counter() < until:
                pass

    timer = PhaseTimer()
    engine = Engine()
    timer.watch(engine)
    start = time.perf_counter()
    engine.step()
    engine.observe()
    took = time.perf_counter() - start
    sim, observe, render, reset = timer.seconds
    assert sim >= 0.002
    assert observe >= 0.002
    assert (render, reset) == (0.0, 0.0)
    assert sim + observe <= took
