"""The display seam: what one process draws on, opened once and given back."""

import abc
from typing import Any, Self


class Display(abc.ABC):
    """An open display; a context manager.

    Attributes:
      name: ``"egl"``, ``"osmesa"``, ``"xvfb"`` or ``"external"``.
      description: what was found, for people: which device, which server.
    """

    name: str
    description: str

    @abc.abstractmethod
    def make_context(self, height: int, width: int) -> Any:
        """A new OpenGL context of MuJoCo's, not yet current.

        Args:
          height: of the largest picture, in pixels.
          width: of the largest picture, in pixels.

        Raises:
          DisplayError: the driver refuses.
        """

    def check(self) -> None:
        """Raise unless the display is still there; cheap enough for every step.

        Raises:
          DisplayError: its server died; the message holds the server's log.
        """
        return

    def free_context(self, context: Any) -> None:
        """Free a context of :meth:`make_context`."""
        context.free()

    def close(self) -> None:
        """Give everything back. Calling it twice is fine."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
