"""What RLBench stands on: whatever simulates and draws below PyRep."""

from typing import Protocol

from rlbench_puffer.config import DisplayName


class SessionDisplay(Protocol):
    """What a session draws on, opened and given back."""

    @property
    def description(self) -> str:
        """What was chosen, in one line."""
        ...

    @property
    def draws(self) -> bool:
        """Whether pictures can be had."""
        ...

    def check(self) -> None:
        """Raise DisplayError if it has gone away."""
        ...

    def close(self) -> None:
        """Give it back. Twice is fine."""
        ...


class Foundation(Protocol):
    """One simulator as PyRep meets it in this process."""

    extra: str
    """The extra of this distribution that brings the packages which RLBench needs."""

    def open_display(self, name: DisplayName, *, draws: bool) -> SessionDisplay:
        """What it draws on.

        Args:
          name: the display asked for.
          draws: whether there are cameras.

        Raises:
          DisplayError: there is nothing to draw on.
          InvalidOptionError: a display that it cannot draw on.
        """
        ...

    def load(self) -> None:
        """Make ready what PyRep finds when it is imported, which is not done yet.

        Raises:
          SimulationError: it cannot be used in this process.
          MissingDependencyError: a package is not installed.
        """
        ...
