"""Runs a state machine over many bytes at once.

Huffman codes and variable-length integers are read by machines that go from state to
state byte by byte, which Python does slowly. Here the input is cut into lanes that
numpy advances together, each from state 0. Most machines fall into step within a few
bytes whatever state they started in, so a lane that began in the wrong state is then
walked byte by byte only until it meets what it had guessed. The result is exact
whether that happens or not.
"""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

SHORT = 4096
"""Inputs of fewer bytes are walked one by one: lanes would not pay."""

LANE_BYTES = 1024
"""Length of a lane: as many numpy calls are made, each over all lanes."""


def run_automaton(transitions: Bytes, inputs: Bytes) -> tuple[Bytes, int]:
    """The states that a machine passes through from state 0 on.

    Args:
      transitions: (states, 256); the state after a state and an input byte.
      inputs: (n,).

    Returns:
      (n,) the state before each input byte, and the state after the last.
    """
    table = [row.tobytes() for row in transitions]
    if len(inputs) < SHORT:
        walked, state = bytearray(), 0
        for byte in inputs.tobytes():
            walked.append(state)
            state = table[state][byte]
        return np.frombuffer(walked, np.uint8), state
    count = len(inputs)
    lanes = -(-count // LANE_BYTES)
    padded = np.zeros(lanes * LANE_BYTES, np.uint8)
    padded[:count] = inputs
    by_lane = padded.reshape(lanes, LANE_BYTES)
    guessed, ends = _guess(transitions, by_lane)
    _mend(table, by_lane, guessed, ends)
    states = guessed.reshape(-1)[:count]
    return states, int(transitions[states[-1], inputs[-1]])


def _guess(transitions: Bytes, by_lane: Bytes) -> tuple[Bytes, list[int]]:
    """States of every lane as if each began in state 0, and where each ends."""
    lanes = len(by_lane)
    columns = np.ascontiguousarray(by_lane.T).astype(np.intp)
    # The table gives a state's first index, so that a step is one sum and one look-up.
    following = transitions.reshape(-1).astype(np.intp) << 8
    rows = np.empty((LANE_BYTES, lanes), np.uint8)
    first_index = np.zeros(lanes, np.intp)
    for step, column in enumerate(columns):
        rows[step] = first_index >> 8
        first_index = following[first_index + column]
    return np.ascontiguousarray(rows.T), (first_index >> 8).tolist()


def _mend(table: list[bytes], by_lane: Bytes, guessed: Bytes, ends: list[int]) -> None:
    """Walk each lane from its true start until it meets its guess."""
    state = ends[0]
    for lane in range(1, len(ends)):
        if state:
            true = bytearray()
            guesses = guessed[lane].tobytes()
            for byte, guess in zip(by_lane[lane].tobytes(), guesses, strict=True):
                if state == guess:
                    state = ends[lane]
                    break
                true.append(state)
                state = table[state][byte]
            guessed[lane, : len(true)] = np.frombuffer(true, np.uint8)
            ends[lane] = state
        else:
            state = ends[lane]
