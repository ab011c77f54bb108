"""The module that stands for CoppeliaSim's API: what it has, what it says it lacks."""

import pytest

from pyrep_mujoco.errors import NotLaunchedError
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import api_module, functions


def test_the_module_has_all_functions_and_the_constants_given() -> None:
    module = api_module("sim", {"sim_handle_all": -2})
    assert module.sim_handle_all == -2
    assert all(getattr(module, name) is value for name, value in functions().items())


def test_a_function_that_is_not_there_names_itself_and_its_caller() -> None:
    module = api_module("sim", {})
    with pytest.raises(NotImplementedError, match=r"simQuitAll .*names_itself.*\.py:"):
        module.simQuitAll(1, deep=True)


def test_a_constant_that_is_not_there_is_a_missing_attribute() -> None:
    with pytest.raises(AttributeError, match="sim_no_such_thing"):
        _ = api_module("sim", {}).sim_no_such_thing


def test_nothing_is_simulated_before_the_launch_and_after_the_end() -> None:
    simulation.end()
    with pytest.raises(NotLaunchedError, match="launch"):
        simulation.current()
    launched = simulation.launch()
    assert simulation.current() is launched
    simulation.end()
    simulation.end()
    with pytest.raises(NotLaunchedError):
        simulation.current()


class Kept:
    """A part that tells when it was closed."""

    def __init__(self, simulation: simulation.Simulation) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_parts_are_made_once_and_closed_with_the_simulation() -> None:
    launched = simulation.launch()
    kept = launched.part(Kept)
    assert launched.part(Kept) is kept
    simulation.end()
    assert kept.closed
