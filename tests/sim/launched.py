"""A simulation of a scene that a test writes, as this process's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import ttm_writer as w
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.ttm.read import read_model


@contextmanager
def launched(*chunks: bytes) -> Iterator[simulation.Simulation]:
    """Launch a simulation of what a file of these chunks holds; end it afterwards."""
    found = simulation.launch()
    try:
        found.scene.load(read_model(w.file(*chunks)))
        yield found
    finally:
        simulation.end()
