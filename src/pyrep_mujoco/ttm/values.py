"""Plain values of chunks: numbers, texts, vectors and poses."""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.chunks import Chunk, Reader

Vector = tuple[float, float, float]
"""x, y, z, or red, green, blue."""

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a stored quaternion may be; found: below 1e-6."""

_LENGTH = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Pose:
    """A frame's place in another frame."""

    position: Vector = (0.0, 0.0, 0.0)
    """Of the origin [m]."""
    quat_wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Unit quaternion from the frame to the other."""


def number(layout: str) -> Reader:
    """Reads a single number; a float must be finite."""

    def read(chunk: Chunk) -> Any:
        (value,) = chunk.unpack(layout)
        if not math.isfinite(value):
            raise chunk.error(f"A finite number was expected, {value} came")
        return value

    return read


integer = number("i")
byte = number("B")
real = number("f")


def numbers(layout: str) -> Reader:
    """Reads a tuple of numbers by a layout of ``struct``; floats must be finite."""

    def read(chunk: Chunk) -> tuple[Any, ...]:
        values = chunk.unpack(layout)
        if not all(map(math.isfinite, values)):
            raise chunk.error(f"Finite numbers were expected, {values} came")
        return values

    return read


def pose_quat_first(chunk: Chunk) -> Pose:
    """Quaternion w x y z, then position."""
    values = numbers("7f")(chunk)
    return _pose(chunk, values[4:], values[:4])


def pose_position_first(chunk: Chunk) -> Pose:
    """Position, then quaternion w x y z."""
    values = numbers("7f")(chunk)
    return _pose(chunk, values[:3], values[3:])


def make_pose(chunk: Chunk, values: tuple[float, ...]) -> Pose:
    """Position, then quaternion w x y z, of a chunk that holds more than these."""
    return _pose(chunk, values[:3], values[3:7])


def _pose(chunk: Chunk, position: tuple[float, ...], quat: tuple[float, ...]) -> Pose:
    length = math.hypot(*quat)
    if abs(length - 1) > UNIT_TOLERANCE:
        raise chunk.error(f"A quaternion of length 1 was expected, {length:.4g} came")
    x, y, z = position
    w, i, j, k = (component / length for component in quat)
    return Pose((x, y, z), (w, i, j, k))


def text(chunk: Chunk) -> str:
    """A length, then so many bytes of UTF-8."""
    value, end = text_at(chunk, chunk.start)
    if end != chunk.end:
        raise chunk.error(f"{chunk.end - end} bytes follow the text")
    return value


def text_at(chunk: Chunk, start: int) -> tuple[str, int]:
    """A text within a chunk, and the offset behind it."""
    data, end = bytes_at(chunk, start)
    try:
        return data.decode(), end
    except UnicodeDecodeError:
        raise chunk.error(f"UTF-8 was expected, {data[:40]!r} came") from None


def integer_at(chunk: Chunk, start: int) -> tuple[int, int]:
    """An integer within a chunk, and the offset behind it."""
    end = start + _LENGTH.size
    if end > chunk.end:
        raise chunk.error("An integer was expected; the chunk ends", start)
    (value,) = _LENGTH.unpack_from(chunk.body, start)
    return value, end


def bytes_at(chunk: Chunk, start: int) -> tuple[bytes, int]:
    """A length and so many bytes within a chunk, and the offset behind them."""
    length, first = integer_at(chunk, start)
    if not 0 <= length <= chunk.end - first:
        raise chunk.error(
            f"The text says it has {length} bytes; {chunk.end - first} are left", start
        )
    return chunk.body[first : first + length], first + length


def array(dtype: str, row: int) -> Reader:
    """Reads a read-only array of (n, row), or (n,) where row is 1, from all bytes."""
    item = np.dtype(dtype)

    def read(chunk: Chunk) -> NDArray[Any]:
        values = array_at(chunk, chunk.start, chunk.end, item)
        if len(values) % row:
            raise chunk.error(
                f"A multiple of {row} numbers was expected, {len(values)} came"
            )
        return values if row == 1 else values.reshape(-1, row)

    return read


def array_at(chunk: Chunk, start: int, end: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A read-only array of finite numbers from a part of the body."""
    if not chunk.start <= start <= end <= chunk.end or (end - start) % dtype.itemsize:
        raise chunk.error(
            f"{end - start} bytes are no whole number of {dtype.itemsize} or are "
            f"not there; {chunk.end - start} are",
            start,
        )
    values = np.frombuffer(chunk.body, dtype, (end - start) // dtype.itemsize, start)
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise chunk.error("Finite numbers were expected, others came", start)
    # Its own memory, in the machine's order: a view would keep the whole body alive.
    values = values.astype(dtype.newbyteorder("="))
    values.flags.writeable = False
    return values


def counted_reals(chunk: Chunk) -> tuple[float, ...]:
    """A count, then so many reals."""
    return counted(chunk, "f")[0]


def counted(chunk: Chunk, *kinds: str) -> tuple[tuple[Any, ...], ...]:
    """Counts, one for each kind, then so many numbers of each.

    Args:
      chunk: the chunk.
      kinds: ``f`` or ``i`` each.
    """
    first = chunk.start + 4 * len(kinds)
    if first > chunk.end:
        raise chunk.error(f"{len(kinds)} counts were expected; the chunk ends")
    counts = struct.unpack_from(f"<{len(kinds)}i", chunk.body, chunk.start)
    if min(counts) < 0 or first + 4 * sum(counts) != chunk.end:
        raise chunk.error(
            f"Numbers as the counts {counts} say were expected; "
            f"{chunk.end - first} bytes follow the counts"
        )
    values = []
    for count, kind in zip(counts, kinds, strict=True):
        values.append(struct.unpack_from(f"<{count}{kind}", chunk.body, first))
        first += 4 * count
    return tuple(values)
