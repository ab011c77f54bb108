"""Parameters of the simulator as a whole."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

from pyrep_mujoco.scene.motors import PHYSICS_DT
from pyrep_mujoco.sim.simulation import Simulation, current, is_launched
from pyrep_mujoco.ttm.model import World

GRAVITY, AMBIENT_LIGHT = 0, 5
TIME_STEP, PHYSICS_STEP = 1, 3
VERSION, STEPS_IN_A_STEP, ENGINE, REVISION, FULL_VERSION = 1, 7, 8, 30, 39
HEADLESS = 34
APPLICATION_PATH, VERBOSITIES = 0, range(121, 125)
"""Numbers of ``simConst.h``."""

_FIXED = {VERSION: 40100, ENGINE: 0, REVISION: 1, FULL_VERSION: 40100001}
"""CoppeliaSim's version that is answered for: 4.1.0 with Bullet."""


class _Settings:
    """What was set and has no effect on a simulation without a window."""

    def __init__(self, simulation: Simulation) -> None:
        self.values: dict[tuple[str, int], Any] = {}

    def close(self) -> None:
        self.values.clear()


def _unknown(kind: str, number: int) -> RuntimeError:
    return RuntimeError(
        f"The {kind} parameter {number} of the simulator is not known here. "
        'Use engine="coppeliasim" for what needs it.'
    )


def simGetArrayParameter(paramIdentifier: int) -> list[float]:
    """Gravity [m/s^2], or the colour of the light that is everywhere.

    Raises:
      RuntimeError: another was asked for.
    """
    scene = current().scene
    if paramIdentifier == GRAVITY:
        return list(scene.gravity)
    if paramIdentifier == AMBIENT_LIGHT and scene.world is not None:
        return list(scene.world.ambient_light)
    raise _unknown("array", paramIdentifier)


def simSetArrayParameter(paramIdentifier: int, paramValues: Sequence[float]) -> None:
    """Set gravity [m/s^2], or the colour of the light that is everywhere.

    Raises:
      RuntimeError: another was to be set.
    """
    scene = current().scene
    x, y, z = map(float, paramValues)
    world = scene.world or World(scene.gravity, (0.4, 0.4, 0.4))
    if paramIdentifier == GRAVITY:
        scene.world = dataclasses.replace(world, gravity=(x, y, z))
        scene.model.opt.gravity = (x, y, z)
    elif paramIdentifier == AMBIENT_LIGHT:
        scene.world = dataclasses.replace(world, ambient_light=(x, y, z))
        scene.recompile()
    else:
        raise _unknown("array", paramIdentifier)


def simGetFloatParameter(parameter: int) -> float:
    """The control step or the physics step [s].

    Raises:
      RuntimeError: another was asked for.
    """
    if parameter == TIME_STEP:
        return current().control_dt
    if parameter == PHYSICS_STEP:
        return PHYSICS_DT
    raise _unknown("float", parameter)


def simSetFloatParameter(parameter: int, value: float) -> None:
    """Set the control step [s], a multiple of the physics step.

    Raises:
      RuntimeError: another was to be set, or it is no multiple.
    """
    if parameter != TIME_STEP:
        raise _unknown("float", parameter)
    steps = round(value / PHYSICS_DT)
    if steps < 1 or abs(steps * PHYSICS_DT - value) > 1e-9:
        raise RuntimeError(
            f"A time step of {value} s is no multiple of the physics step of "
            f"{PHYSICS_DT} s. Choose one, such as {max(steps, 1) * PHYSICS_DT} s."
        )
    current().control_dt = float(value)


def simGetInt32Parameter(parameter: int) -> int:
    """A whole number of the simulator.

    Raises:
      RuntimeError: it is not known here.
    """
    simulation = current()
    if parameter == STEPS_IN_A_STEP:
        return round(simulation.control_dt / PHYSICS_DT)
    if parameter in _FIXED:
        return _FIXED[parameter]
    return _setting(simulation, "int", parameter)


def simSetInt32Parameter(parameter: int, value: int) -> None:
    """Keep a whole number; it has no effect here.

    Raises:
      RuntimeError: it is one that cannot be set.
    """
    if parameter in _FIXED or parameter == STEPS_IN_A_STEP:
        raise RuntimeError(f"The int parameter {parameter} is fixed here.")
    current().part(_Settings).values["int", parameter] = int(value)


def simGetBoolParameter(parameter: int) -> int:
    """A switch of the simulator.

    Raises:
      RuntimeError: it is not known here.
    """
    if parameter == HEADLESS:
        return 1
    return _setting(current(), "bool", parameter)


def simSetBoolParameter(parameter: int, value: bool) -> None:
    """Keep a switch; it has no effect here."""
    current().part(_Settings).values["bool", parameter] = int(value)


def simGetStringParameter(parameter: int) -> str:
    """A text of the simulator.

    Raises:
      RuntimeError: it is not known here.
    """
    if parameter == APPLICATION_PATH:
        return os.environ.get("COPPELIASIM_ROOT", "")
    return _setting(current(), "string", parameter)


def simSetStringParameter(parameter: int, value: str) -> None:
    """Keep a text; it has no effect here. PyRep sets the verbosity before a launch."""
    if is_launched():
        current().part(_Settings).values["string", parameter] = str(value)
    elif parameter not in VERBOSITIES:
        current()


def simAddStatusbarMessage(message: str) -> int:
    """There is no status bar: nothing is shown."""
    return 1


def _setting(simulation: Simulation, kind: str, number: int) -> Any:
    values = simulation.part(_Settings).values
    if (kind, number) not in values:
        raise _unknown(kind, number)
    return values[kind, number]
