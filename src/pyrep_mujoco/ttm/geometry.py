"""The geometry pool: arrays that the meshes of a file refer to by index."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.ttm.automaton import run_automaton
from pyrep_mujoco.ttm.chunks import Chunk, walk
from pyrep_mujoco.ttm.values import array


@dataclass(frozen=True, slots=True)
class GeometryPool:
    """Read-only arrays; a mesh names one of each by its index."""

    vertices: tuple[NDArray[np.float32], ...] = ()
    """(n, 3) each [m], in the mesh's own frame."""
    triangles: tuple[NDArray[np.int32], ...] = ()
    """(m, 3) each, indices of vertices."""
    normals: tuple[NDArray[np.float32], ...] = ()
    """(m, 3, 3) each: for every triangle and corner a unit vector."""


def read_pool(section: Chunk) -> GeometryPool:
    """The pool section."""
    readers = {
        "Ver": array("<f4", 3),
        "Ind": array("<i4", 3),
        "In2": _packed_triangles,
        "Nor": _normals,
        "No2": _packed_normals,
    }
    found: dict[str, list[NDArray]] = {tag: [] for tag in readers}
    for chunk in walk(section, section.start, ("EOO",)):
        if chunk.tag in readers:
            found[chunk.tag].append(readers[chunk.tag](chunk))
        elif chunk.tag == "EOO":
            if chunk.end != section.end:
                raise section.error("Bytes follow the pool's end", chunk.end)
        elif chunk.tag != "Ved":  # Which edges the user interface draws.
            raise chunk.error(f"The chunk {chunk.tag!r} is not known here")
    return GeometryPool(
        tuple(found["Ver"]),
        tuple(_one_form(section, found["Ind"], found["In2"])),
        tuple(_one_form(section, found["Nor"], found["No2"])),
    )


def _one_form(
    section: Chunk, plain: list[NDArray], packed: list[NDArray]
) -> list[NDArray]:
    """All arrays of a kind; indices would be ambiguous if both forms were mixed."""
    if plain and packed:
        raise section.error("Plain and packed arrays of one kind are mixed")
    return plain or packed


def _skip_machine() -> NDArray[np.uint8]:
    """A machine whose state is how many bytes of the current integer are to come."""
    transitions = np.empty((4, 256), np.uint8)
    # The two top bits of an integer's first byte say how many bytes follow.
    transitions[0] = np.arange(256) >> 6
    for state in (1, 2, 3):
        transitions[state] = state - 1
    return transitions


_SKIP = _skip_machine()
_OFFSETS = np.array([31, 8191, 2097151, 536870911])
"""What is taken from an integer of 1, 2, 3 and 4 bytes."""


def _packed_triangles(chunk: Chunk) -> NDArray[np.int32]:
    """A count, then differences of indices in one to four bytes each."""
    if chunk.end - chunk.start < 4:
        raise chunk.error("A count was expected; the chunk ends")
    count = int.from_bytes(chunk.body[chunk.start : chunk.start + 4], "little")
    data = np.frombuffer(
        chunk.body, np.uint8, chunk.end - chunk.start - 4, chunk.start + 4
    )
    states, unfinished = run_automaton(_SKIP, data)
    first = np.flatnonzero(states == 0)
    if unfinished or len(first) != count or count % 3:
        raise chunk.error(
            f"{count} whole indices of triangles were expected, {len(first)} came"
        )
    more = data[first] >> 6
    value = (data[first] & 63).astype(np.int64)
    for extra, shift in ((1, 6), (2, 14), (3, 22)):
        longer = more >= extra
        value[longer] += data[first[longer] + extra].astype(np.int64) << shift
    indices = np.cumsum(value - _OFFSETS[more])
    if count and not 0 <= indices.min() <= indices.max() < 2**31:
        raise chunk.error("An index of a vertex is negative or too large")
    return _sealed(indices.astype(np.int32).reshape(-1, 3))


def _normals(chunk: Chunk) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = array("<f4", 9)(chunk)
    return _sealed(flat.reshape(-1, 3, 3))


def _normal_table() -> NDArray[np.float32]:
    """The unit vector of each 15-bit word: five bits for each axis, -15 to 16."""
    word = np.arange(1 << 15)
    axes = np.stack([word & 31, (word >> 5) & 31, (word >> 10) & 31], axis=-1) - 15.0
    length = np.linalg.norm(axes, axis=-1, keepdims=True)
    # The word of three zeros has no direction; up is as good as any.
    zero = length[:, 0] == 0
    axes[zero], length[zero] = (0.0, 0.0, 1.0), 1.0
    return (axes / length).astype(np.float32)


_NORMALS = _normal_table()


def _packed_normals(chunk: Chunk) -> NDArray[np.float32]:
    words: NDArray[np.uint16] = array("<u2", 3)(chunk)
    return _sealed(_NORMALS[words & 0x7FFF])


def _sealed(values: NDArray) -> NDArray:
    values.flags.writeable = False
    return values
