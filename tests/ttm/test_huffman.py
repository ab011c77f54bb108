"""The Huffman code and the machine that reads it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttm_writer
from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.automaton import LANE_BYTES, SHORT, run_automaton
from pyrep_mujoco.ttm.huffman import decode


def walked(transitions: np.ndarray, inputs: np.ndarray) -> tuple[list[int], int]:
    """What the machine does, byte by byte."""
    states, state = [], 0
    for byte in inputs:
        states.append(state)
        state = int(transitions[state, byte])
    return states, state


def never_in_step(rng: np.random.Generator) -> np.ndarray:
    """A machine that counts bytes: two of its lanes never meet."""
    return ((np.arange(7)[:, None] + np.zeros(256, int)) + 1) % 7


def soon_in_step(rng: np.random.Generator) -> np.ndarray:
    """A machine of random transitions."""
    return rng.integers(0, 200, (200, 256))


@pytest.mark.parametrize("machine", [never_in_step, soon_in_step])
@pytest.mark.parametrize(
    "length", [0, 1, SHORT - 1, SHORT, 5 * LANE_BYTES, 5 * LANE_BYTES + 3]
)
def test_the_machine_passes_through_the_same_states_as_byte_by_byte(
    machine, length: int
) -> None:
    rng = np.random.default_rng(length)
    transitions = machine(rng).astype(np.uint8)
    inputs = rng.integers(0, 256, length).astype(np.uint8)
    states, last = run_automaton(transitions, inputs)
    assert (states.tolist(), last) == walked(transitions, inputs)


@settings(max_examples=50, deadline=None)
@given(
    st.binary(min_size=2, max_size=300).filter(lambda data: len(set(data)) > 1),
    st.integers(1, 200),
)
def test_a_stream_decodes_to_what_was_coded(data: bytes, times: int) -> None:
    whole = data * times
    assert decode(ttm_writer.huffman(whole), len(whole)) == whole


def test_long_runs_of_one_symbol_decode() -> None:
    """A code of one bit for zeros keeps lanes out of step for the whole run."""
    data = bytes(200_000) + bytes(range(256)) * 20 + bytes(100_000)
    assert decode(ttm_writer.huffman(data), len(data)) == data


@pytest.fixture
def stream() -> bytes:
    return ttm_writer.huffman(b"an example of a stream " * 20)


SIZE = len(b"an example of a stream " * 20)


def test_a_stream_that_is_cut_short_is_an_error(stream: bytes) -> None:
    for length in range(len(stream) - 1):
        with pytest.raises(ModelFileError, match=r"tree|cannot hold"):
            decode(stream[:length], SIZE)


def test_bytes_after_the_stream_are_an_error(stream: bytes) -> None:
    # One or two bytes more do occur in files.
    assert decode(stream + bytes(2), SIZE) == b"an example of a stream " * 20
    with pytest.raises(ModelFileError, match="3 bytes follow the end"):
        decode(stream + bytes(3), SIZE)


def test_a_false_size_is_an_error_before_anything_is_allocated(stream: bytes) -> None:
    with pytest.raises(ModelFileError, match="2147483647 that the header promises"):
        decode(stream, 2**31 - 1)


@pytest.mark.parametrize(
    ("tree", "match"),
    [
        (b"\xff" * 400, "single symbol"),
        (b"\x00" * 400, "inner nodes"),
        (b"\x00\x00", "cut short"),
    ],
)
def test_a_damaged_tree_is_an_error(tree: bytes, match: str) -> None:
    with pytest.raises(ModelFileError, match=match):
        decode(tree, 1)
