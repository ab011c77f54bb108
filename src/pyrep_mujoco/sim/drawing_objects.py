"""Drawing objects: lines and points that PyRep shows to a person.

They are kept and seen by no camera, for there is no window here; PyRep draws planned
paths with them.
"""

import itertools
from collections.abc import Sequence

from pyrep_mujoco.sim.simulation import Simulation, current

_NUMBERS = {1: 6, 2: 9}
"""How many numbers an item has by the kind's lower bits: lines, triangles; else 3."""


class DrawingObjects:
    """Items by drawing object."""

    def __init__(self, simulation: Simulation) -> None:
        self._handles = itertools.count(1)
        self._kinds: dict[int, int] = {}
        self.items: dict[int, list[tuple[float, ...]]] = {}
        """By handle: the numbers of every item."""

    def add(self, kind: int) -> int:
        """A new drawing object's handle."""
        handle = next(self._handles)
        self._kinds[handle], self.items[handle] = kind & 0x1F, []
        return handle

    def add_item(self, handle: int, numbers: Sequence[float]) -> None:
        """Add an item.

        Raises:
          RuntimeError: there is no such drawing object, or the count does not fit.
        """
        kept = self.of(handle)
        wanted = _NUMBERS.get(self._kinds[handle], 3)
        if len(numbers) < wanted:
            raise RuntimeError(
                f"An item of this drawing object has {wanted} numbers; "
                f"{len(numbers)} came."
            )
        kept.append(tuple(map(float, numbers)))

    def of(self, handle: int) -> list[tuple[float, ...]]:
        """The items of a drawing object.

        Raises:
          RuntimeError: there is none.
        """
        if handle not in self.items:
            raise RuntimeError(f"There is no drawing object {handle!r}.")
        return self.items[handle]

    def remove(self, handle: int) -> None:
        """Forget a drawing object.

        Raises:
          RuntimeError: there is none.
        """
        self.of(handle)
        del self.items[handle], self._kinds[handle]

    def close(self) -> None:
        """Forget all."""
        self.items.clear()
        self._kinds.clear()


def simAddDrawingObject(
    objectType: int,
    size: float,
    duplicateTolerance: float,
    parentObjectHandle: int,
    maxItemCount: int,
    ambient_diffuse: Sequence[float] | None = None,
    specular: Sequence[float] | None = None,
    emission: Sequence[float] | None = None,
) -> int:
    """A new drawing object's handle; no camera sees it."""
    return current().part(DrawingObjects).add(objectType)


def simRemoveDrawingObject(objectHandle: int) -> None:
    """Remove a drawing object.

    Raises:
      RuntimeError: there is none.
    """
    current().part(DrawingObjects).remove(objectHandle)


def simAddDrawingObjectItem(
    objectHandle: int, itemData: Sequence[float] | None
) -> None:
    """Add an item to a drawing object, or take all out with None.

    Raises:
      RuntimeError: there is no such drawing object, or the count does not fit.
    """
    objects = current().part(DrawingObjects)
    if itemData is None:
        objects.of(objectHandle).clear()
    else:
        objects.add_item(objectHandle, itemData)
