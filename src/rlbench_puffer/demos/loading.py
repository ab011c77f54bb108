"""A set of demos, read back one at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.demos.minari_files import find_shards
from rlbench_puffer.errors import RecordingError


class Demos(Sequence[Demo]):
    """The demos of a folder, by index; gaps of an unfinished set are skipped.

    Args:
      folder: what ``rlbench-puffer demos --out`` named.

    Raises:
      RecordingError: there is no whole shard of demos in it.
    """

    def __init__(self, folder: Path) -> None:
        shards = find_shards(folder)
        if not shards:
            raise RecordingError(
                f"{folder} holds no demos. "
                f"`rlbench-puffer demos --task TASK --out {folder}` collects some."
            )
        places = [
            (index, shard, position)
            for shard in shards
            for position, index in enumerate(shard.indices)
        ]
        places.sort(key=lambda place: place[0])
        self._places = [(shard, position) for _, shard, position in places]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)

    @overload
    def __getitem__(self, key: int) -> Demo: ...

    @overload
    def __getitem__(self, key: slice) -> list[Demo]: ...

    def __getitem__(self, key: int | slice) -> Demo | list[Demo]:
        """Read one demo, or several."""
        if isinstance(key, slice):
            return [shard.read(position) for shard, position in self._places[key]]
        shard, position = self._places[key]
        return shard.read(position)
