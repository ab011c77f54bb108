"""Letters of five by seven pixels, for labels on pictures."""

import numpy as np
from numpy.typing import NDArray

LETTER_HEIGHT = 7

_LETTER_WIDTH = 5

# Seven rows of five bits each, written as seven two-digit hexadecimal numbers.
_LETTERS = {
    "a": "00000e010f110f", "b": "1010161911111e", "c": "00000e1010110e",
    "d": "01010d1311110f", "e": "00000e111f100e", "f": "0609081c080808",
    "g": "000f11110f010e", "h": "10101619111111", "i": "04000c0404040e",
    "j": "0200060202120c", "k": "10101214181412", "l": "0c04040404040e",
    "m": "00001a15151111", "n": "00001619111111", "o": "00000e1111110e",
    "p": "00001e111e1010", "q": "00000d130f0101", "r": "00001619101010",
    "s": "00000e100e011e", "t": "08081c08080906", "u": "0000111111130d",
    "v": "00001111110a04", "w": "0000111115150a", "x": "0000110a040a11",
    "y": "000011110f010e", "z": "00001f0204081f", "_": "0000000000001f",
    "0": "0e11131519110e", "1": "040c040404040e", "2": "0e11010204081f",
    "3": "1f02040201110e", "4": "02060a121f0202", "5": "1f101e0101110e",
    "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e",
    "9": "0e11110f01020c",
}  # fmt: skip


def write_line(picture: NDArray[np.uint8], text: str, scale: int) -> None:
    """Write black letters from a picture's upper left corner; what is too long is cut.

    Args:
      picture: (height, width, 3), written into.
      text: lower case letters, digits, underscores; anything else is a space.
      scale: pixels for one of a letter.
    """
    advance = (_LETTER_WIDTH + 1) * scale
    for position, character in enumerate(text):
        if character not in _LETTERS or (position + 1) * advance > picture.shape[1]:
            continue
        rows = np.frombuffer(bytes.fromhex(_LETTERS[character]), np.uint8)
        bits = np.unpackbits(rows[:, None], axis=1)[:, 8 - _LETTER_WIDTH :]
        ink = np.kron(bits, np.ones((scale, scale), np.uint8)).astype(bool)
        place = picture[: ink.shape[0], position * advance :][:, : ink.shape[1]]
        place[ink[: place.shape[0]]] = 0
