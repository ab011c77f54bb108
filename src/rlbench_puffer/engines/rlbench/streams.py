"""An episode's own stream of chance around code that draws from global ones."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SeedWords = NDArray[np.uint32]
"""What a stream begins with, (8,)."""


def draw_words(rng: np.random.Generator) -> SeedWords:
    """The next seed of an episode's generator."""
    return rng.integers(0, 2**32, 8, dtype=np.uint32)


class GlobalStreams:
    """The states of ``np.random`` and ``random`` that one episode sees.

    RLBench draws from ``np.random`` and one of its tasks from ``random``. Within
    :meth:`active` both continue this episode's streams; outside they are the user's,
    untouched.
    """

    def __init__(self) -> None:
        self.begin(np.zeros(8, np.uint32))

    def begin(self, words: SeedWords) -> None:
        """Start new streams."""
        # The legacy generator is the one behind np.random.
        self._numpy = np.random.RandomState(words).get_state()
        self._python = random.Random(words.tobytes()).getstate()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Put the episode's streams in the globals' place, and back afterwards."""
        users = np.random.get_state(), random.getstate()  # noqa: NPY002
        np.random.set_state(self._numpy)  # noqa: NPY002
        random.setstate(self._python)
        try:
            yield
        finally:
            self._numpy = np.random.get_state()  # noqa: NPY002
            self._python = random.getstate()
            np.random.set_state(users[0])  # noqa: NPY002
            random.setstate(users[1])
