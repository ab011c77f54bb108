"""A thing in a scene."""

_NAMES = {3: "target", 7: "Panda_link0"}


class Object:
    """Knows its handle and its name."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def get_handle(self) -> int:
        return self._handle

    def get_name(self) -> str:
        return _NAMES[self._handle]
