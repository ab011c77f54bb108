"""The Huffman code that compresses the body of a file.

The stream begins with the code's tree in preorder (bit 1: a leaf and the eight bits
of its symbol; bit 0: an inner node and its two branches), then the codes follow,
most significant bit of each byte first.
"""

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.automaton import run_automaton

HEADER_BYTES = 1021
"""Where the stream begins in the file; for the offsets in errors."""

MOST_LEAVES = 256
"""There are no more symbols than a byte has values."""

MOST_TRAILING_BYTES = 2
"""Files end with the last code's byte and up to this many more (136 files read)."""

BLOCK = 1 << 18
"""Input bytes expanded at once; small enough for the processor's cache."""


def decode(stream: bytes, size: int) -> bytes:
    """The ``size`` bytes that a stream stands for.

    Raises:
      ModelFileError: the tree is damaged, or the stream is too short or too long.
    """
    # Every byte written takes at least one bit. This also bounds what is allocated.
    if size > 8 * len(stream):
        raise _too_short(len(stream), size)
    branches, bits_read = _read_tree(stream)
    inputs = np.frombuffer(stream, np.uint8)[bits_read // 8 :]
    shift = bits_read % 8
    if shift:
        moved = inputs << np.uint8(shift)
        moved[:-1] |= inputs[1:] >> np.uint8(8 - shift)
        inputs = moved
    transitions, counts, symbols = _byte_machine(branches)
    states, _ = run_automaton(transitions, inputs)
    decoded, total, used = [], 0, 0
    while total < size and used < len(inputs):
        block = slice(used, used + BLOCK)
        index = (states[block].astype(np.intp) << 8) + inputs[block]
        ends = np.cumsum(counts[index], dtype=np.intp)
        decoded.append(_expand(symbols, counts[index], index, ends))
        if total + ends[-1] >= size:
            # Up to the input byte in which the last code ends.
            used += int(np.searchsorted(ends, size - total)) + 1
        else:
            used += len(ends)
        total += int(ends[-1])
    if total < size:
        raise _too_short(len(stream), size)
    if len(inputs) - used > MOST_TRAILING_BYTES:
        raise ModelFileError(
            f"{len(inputs) - used} bytes follow the end of the compressed body",
            offset=HEADER_BYTES + len(stream) - (len(inputs) - used),
        )
    return b"".join(decoded)[:size]


def _expand(
    symbols: NDArray[np.uint8],
    ended: NDArray[np.uint8],
    index: NDArray[np.intp],
    ends: NDArray[np.intp],
) -> bytes:
    """The symbols that come out of one block of input bytes, in order."""
    decoded = np.empty(ends[-1], np.uint8)
    starts = ends - ended
    where = np.flatnonzero(ended)
    nth = 0
    while len(where):
        decoded[starts[where] + nth] = symbols[index[where], nth]
        nth += 1
        where = where[ended[where] > nth]
    return decoded.tobytes()


def _read_tree(stream: bytes) -> tuple[NDArray[np.int64], int]:
    """Both branches of every inner node, and the number of bits the tree takes.

    Returns:
      (nodes, 2), a node's index or, for a leaf, the complement of its symbol;
      node 0 is the root.
    """
    # 255 inner nodes of one bit and 256 leaves of nine are the largest tree.
    bits = np.unpackbits(np.frombuffer(stream[:321], np.uint8)).tolist()
    branches: list[list[int]] = []
    unfinished: list[int] = []
    place = leaves = 0
    while not branches or unfinished:
        if place + 9 > len(bits):
            raise ModelFileError(
                "The code's tree is cut short", offset=HEADER_BYTES + len(stream)
            )
        node = len(branches)
        if bits[place]:
            node = ~int("".join(map(str, bits[place + 1 : place + 9])), 2)
            place += 9
            leaves += 1
        else:
            branches.append([])
            place += 1
        if leaves > MOST_LEAVES or not branches:
            raise ModelFileError(
                "The code's tree has more leaves than there are bytes"
                if branches
                else "The code has a single symbol, which no model consists of",
                offset=HEADER_BYTES + place // 8,
            )
        if unfinished:
            branches[unfinished[-1]].append(node)
        if node >= 0:
            unfinished.append(node)
        while unfinished and len(branches[unfinished[-1]]) == 2:
            unfinished.pop()
        if len(branches) >= MOST_LEAVES:
            raise ModelFileError(
                "The code's tree has more inner nodes than a tree of all bytes",
                offset=HEADER_BYTES + place // 8,
            )
    return np.array(branches, np.int64), place


def _byte_machine(
    branches: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """The tree as a machine that takes eight bits at a time; its states are nodes.

    Returns:
      (nodes, 256) the next state; (nodes * 256,) how many symbols come out;
      (nodes * 256, 8) which.
    """
    nodes = len(branches)
    state = np.repeat(np.arange(nodes), 256)
    byte = np.tile(np.arange(256), nodes)
    counts = np.zeros(nodes * 256, np.uint8)
    symbols = np.zeros((nodes * 256, 8), np.uint8)
    for bit in range(7, -1, -1):
        state = branches[state, (byte >> bit) & 1]
        leaf = np.flatnonzero(state < 0)
        symbols[leaf, counts[leaf]] = ~state[leaf]
        counts[leaf] += 1
        state[leaf] = 0
    return state.astype(np.uint8).reshape(nodes, 256), counts, symbols


def _too_short(length: int, size: int) -> ModelFileError:
    return ModelFileError(
        f"{length} compressed bytes cannot hold the {size} that the header promises",
        offset=HEADER_BYTES + length,
    )
