"""A thing in a scene."""

from typing import Any

_NAMES = {3: "target", 7: "Panda_link0"}


class Object:
    """Knows its handle and its name."""

    def __init__(self, handle: int, position: Any = (0.0, 0.0, 0.0)) -> None:
        self._handle = handle
        self._position = position

    def get_position(self) -> Any:
        return self._position

    def get_handle(self) -> int:
        return self._handle

    def get_name(self) -> str:
        return _NAMES[self._handle]
