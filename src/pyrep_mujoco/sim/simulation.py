"""The simulation that the API's functions act on: one in a process, as there."""

from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

from pyrep_mujoco.errors import NotLaunchedError
from pyrep_mujoco.scene.motors import PHYSICS_DT
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node

CONTROL_DT = 0.05
"""CoppeliaSim's default time step, and RLBench's [s]; ten physics steps."""


class Part(Protocol):
    """What one topic of the API keeps of its own, made when it is first needed."""

    def __init__(self, simulation: "Simulation") -> None: ...

    def close(self) -> None:
        """Let go of what it holds."""


AnyPart = TypeVar("AnyPart", bound=Part)


class Simulation:
    """A scene, whether its time runs, and what the topics keep."""

    def __init__(self) -> None:
        self.scene = Scene()
        self._find = self.scene.tree.find_handle
        self.running = False
        """Whether it was started and not stopped since."""
        self.control_dt = CONTROL_DT
        """Length of a control step [s]."""
        self.time_s = 0.0
        """Time since the start [s]."""
        self.after_step: list[Callable[[], None]] = []
        """What the topics do after each control step."""
        self._parts: dict[type[Any], Any] = {}

    def part(self, kind: type[AnyPart]) -> AnyPart:
        """What a topic keeps of this simulation."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts[kind] = kind(self)
        return found

    def node(self, handle: int) -> Node:
        """An object by handle.

        Raises:
          UnknownObjectError: there is none.
        """
        return self._find(handle) or self.scene.tree.node(handle)

    def step(self) -> None:
        """Let time go on by a control step.

        Raises:
          SceneError: the physics produced numbers that are not finite.
        """
        self.scene.step(max(1, round(self.control_dt / PHYSICS_DT)))
        self.time_s += self.control_dt
        for act in self.after_step:
            act()

    def close(self) -> None:
        """Let go of what the topics hold. Twice is fine."""
        while self._parts:
            _, part = self._parts.popitem()
            part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Process:
    """What this process simulates."""

    simulation: Simulation | None = None


def launch() -> Simulation:
    """Begin anew with an empty scene; what was there before is closed."""
    end()
    _Process.simulation = Simulation()
    return _Process.simulation


def current() -> Simulation:
    """What this process simulates.

    Raises:
      NotLaunchedError: nothing was launched, or it was shut down.
    """
    if _Process.simulation is None:
        raise NotLaunchedError()
    return _Process.simulation


def is_launched() -> bool:
    """Whether anything is simulated in this process."""
    return _Process.simulation is not None


def end() -> None:
    """Close what this process simulates, if anything. Twice is fine."""
    simulation, _Process.simulation = _Process.simulation, None
    if simulation is not None:
        simulation.close()
