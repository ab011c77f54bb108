"""An episode's own stream of chance around code that draws from global ones."""

import contextlib
import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

SeedWords = NDArray[np.uint32]
"""What a stream begins with, (8,)."""


def draw_words(rng: np.random.Generator) -> SeedWords:
    """The next seed of an episode's generator."""
    return rng.integers(0, 2**32, 8, dtype=np.uint32)


_SINGLETON = "_rand"
"""Where NumPy keeps the generator behind ``np.random``; some of its functions, and
SciPy's, look there."""


class GlobalStreams:
    """The streams behind ``np.random`` and ``random`` that one episode sees.

    RLBench draws from ``np.random`` and one of its tasks from ``random``. Within
    :meth:`active` the functions of both modules are those of this episode's own
    generators; outside they are the user's, whose states are never touched. Copying
    the states in and out instead took 0.17 ms for each step.
    """

    def __init__(self) -> None:
        self.begin(np.zeros(8, np.uint32))

    def begin(self, words: SeedWords) -> None:
        """Start new streams."""
        numpys, pythons = np.random.RandomState(words), random.Random(words.tobytes())
        self._functions = (
            (np.random.__dict__, _functions(numpys, np.random)),
            (np.random.mtrand.__dict__, {_SINGLETON: numpys}),
            (random.__dict__, _functions(pythons, random)),
        )

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Put the episode's streams in the globals' place, and back afterwards."""
        users = [
            (module, {name: module[name] for name in functions})
            for module, functions in self._functions
        ]
        for module, functions in self._functions:
            module.update(functions)
        try:
            yield
        finally:
            for module, functions in users:
                module.update(functions)


def _functions(generator: object, module: ModuleType) -> dict[str, Any]:
    """A generator's methods that a module has as functions of the same name."""
    return {
        name: getattr(generator, name)
        for name in dir(generator)
        if not name.startswith("_") and name in vars(module)
    }
