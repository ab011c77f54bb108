"""Signals: named values that outlive the call that set them."""

from typing import Any

from pyrep_mujoco.sim.simulation import Simulation, current


class _Signals:
    """Values by kind and name."""

    def __init__(self, simulation: Simulation) -> None:
        self.values: dict[tuple[type, str], Any] = {}

    def close(self) -> None:
        self.values.clear()


class _Double(float):
    """The kind of double signals, which are apart from those of floats."""


def _set(kind: type, name: str, value: Any) -> None:
    current().part(_Signals).values[kind, name] = value


def _get(kind: type, name: str, default: Any) -> tuple[int, Any]:
    values = current().part(_Signals).values
    found = (kind, name) in values
    return int(found), values.get((kind, name), default)


def _clear(kind: type, name: str) -> int:
    """How many signals were cleared."""
    values = current().part(_Signals).values
    return 0 if values.pop((kind, name), None) is None else 1


def simSetIntegerSignal(signalName: str, signalValue: int) -> None:
    """Set a signal of an integer."""
    _set(int, signalName, int(signalValue))


def simGetIntegerSignal(signalName: str) -> tuple[int, int]:
    """Whether there is such a signal, and its value."""
    return _get(int, signalName, 0)


def simClearIntegerSignal(signalName: str) -> int:
    """Take away a signal; how many there were."""
    return _clear(int, signalName)


def simSetFloatSignal(signalName: str, signalValue: float) -> None:
    """Set a signal of a number."""
    _set(float, signalName, float(signalValue))


def simGetFloatSignal(signalName: str) -> tuple[int, float]:
    """Whether there is such a signal, and its value."""
    return _get(float, signalName, 0.0)


def simClearFloatSignal(signalName: str) -> int:
    """Take away a signal; how many there were."""
    return _clear(float, signalName)


def simSetDoubleSignal(signalName: str, signalValue: float) -> None:
    """Set a signal of a number of double precision."""
    _set(_Double, signalName, float(signalValue))


def simGetDoubleSignal(signalName: str) -> tuple[int, float]:
    """Whether there is such a signal, and its value."""
    return _get(_Double, signalName, 0.0)


def simClearDoubleSignal(signalName: str) -> int:
    """Take away a signal; how many there were."""
    return _clear(_Double, signalName)


def simSetStringSignal(signalName: str, signalValue: str) -> None:
    """Set a signal of a text."""
    _set(str, signalName, str(signalValue))


def simGetStringSignal(signalName: str) -> tuple[int, str | None]:
    """Whether there is such a signal, and its value."""
    return _get(str, signalName, None)


def simClearStringSignal(signalName: str) -> int:
    """Take away a signal; how many there were."""
    return _clear(str, signalName)
