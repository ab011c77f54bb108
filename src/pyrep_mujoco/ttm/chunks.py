"""Chunks: the tagged pieces that the body of a file consists of.

A chunk is a tag of three letters, a count of bytes, and so many bytes. A section is a
chunk whose bytes are chunks again, ended by a bare tag without a count.
"""

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyrep_mujoco.errors import ModelFileError

END = "EOO"
"""Ends a section."""

BASE_END = "NXT"
"""Ends the first part of a scene object, which is the same for all kinds."""

FILE_END = "EOF"
"""Ends the file."""

_TAG_BYTES = 3
_COUNT = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk's place in the body."""

    body: bytes
    """The whole decoded body."""
    tag: str
    """Its own tag."""
    path: str
    """Tags of the chunks around it and its own, such as ``SHP/Ge2/Gst``."""
    start: int
    """Offset of its first byte behind the count."""
    end: int
    """Offset behind its last byte."""

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.body[self.start : self.end]

    def error(self, what: str, offset: int | None = None) -> ModelFileError:
        """An error that names this chunk.

        Args:
          what: what was expected and what came.
          offset: the place in the body, if not the chunk's beginning.
        """
        place = self.start if offset is None else offset
        return ModelFileError(what, path=self.path, offset=place)

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """Its bytes by a layout of ``struct``, which they must fill exactly."""
        expected = struct.calcsize("<" + layout)
        if self.end - self.start != expected:
            raise self.error(
                f"{expected} bytes were expected, {self.end - self.start} came"
            )
        return struct.unpack_from("<" + layout, self.body, self.start)


Reader = Callable[[Chunk], Any]
"""Makes a value of a chunk."""


class Record:
    """The values of a run of chunks, by tag.

    Args:
      section: the section that the run is in; for errors.
      values: the value of each tag, or a list of values for a repeated tag.
    """

    def __init__(self, section: Chunk, values: dict[str, Any]) -> None:
        self._section = section
        self._values = values

    def __getitem__(self, tag: str) -> Any:
        try:
            return self._values[tag]
        except KeyError:
            raise self._section.error(f"The chunk {tag} is missing") from None

    def get(self, tag: str, default: Any = None) -> Any:
        """A value that may be missing."""
        return self._values.get(tag, default)

    def __contains__(self, tag: str) -> bool:
        return tag in self._values


def walk(section: Chunk, start: int, terminators: Collection[str]) -> Iterator[Chunk]:
    """The chunks of a section from an offset up to a terminator.

    The terminator is the last chunk, empty.

    Raises:
      ModelFileError: a chunk reaches beyond the section, or no terminator comes.
    """
    body, place, end = section.body, start, section.end
    while True:
        tag = body[place : min(place + _TAG_BYTES, end)].decode("latin-1")
        path = f"{section.path}/{tag}" if section.path else tag
        place += _TAG_BYTES
        if tag in terminators:
            yield Chunk(body, tag, path, place, place)
            return
        first = place + _COUNT.size
        if first > end:
            raise section.error(
                f"A chunk or one of {', '.join(terminators)} was expected; "
                f"the section ends after {tag!r}",
                end,
            )
        (count,) = _COUNT.unpack_from(body, place)
        if not 0 <= count <= end - first:
            raise section.error(
                f"The chunk {tag!r} says it has {count} bytes; {end - first} are left",
                place,
            )
        place = first + count
        yield Chunk(body, tag, path, first, place)


def read_run(
    section: Chunk,
    start: int,
    readers: Mapping[str, Reader],
    *,
    repeated: Mapping[str, Reader] | None = None,
    ignored: Collection[str] = (),
    terminators: Collection[str] = (END,),
) -> tuple[Record, Chunk]:
    """The values of a section's chunks from an offset up to a terminator.

    Args:
      section: the section.
      start: offset of the run's first chunk.
      readers: reads each tag that may come once.
      repeated: reads each tag that may come any number of times.
      ignored: tags that are skipped.
      terminators: tags that end the run.

    Returns:
      the values, and the terminator.

    Raises:
      ModelFileError: a tag is unknown here, comes twice, or cannot be read.
    """
    repeated = repeated or {}
    values: dict[str, Any] = {tag: [] for tag in repeated}
    for chunk in walk(section, start, terminators):
        tag = chunk.tag
        if tag in terminators:
            return Record(section, values), chunk
        if tag in repeated:
            values[tag].append(repeated[tag](chunk))
        elif tag in readers:
            if tag in values:
                raise chunk.error(f"A second chunk {tag} came where one may")
            values[tag] = readers[tag](chunk)
        elif tag not in ignored:
            raise chunk.error(f"The chunk {tag!r} is not known here")
    raise AssertionError("walk() ends with a terminator or an error")


def read_section(
    section: Chunk,
    readers: Mapping[str, Reader],
    *,
    repeated: Mapping[str, Reader] | None = None,
    ignored: Collection[str] = (),
) -> Record:
    """The values of all chunks of a section, which must end with its terminator.

    Raises:
      ModelFileError: as for `read_run`, or bytes follow the terminator.
    """
    record, end = read_run(
        section, section.start, readers, repeated=repeated, ignored=ignored
    )
    require_end(section, end)
    return record


def require_end(section: Chunk, terminator: Chunk) -> None:
    """Raise unless a section ends with this terminator."""
    if terminator.end != section.end:
        raise section.error(
            f"{section.end - terminator.end} bytes follow the section's end",
            terminator.end,
        )
