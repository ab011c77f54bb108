"""The header of a file: who wrote it, and how its body is compressed."""

import struct
from dataclasses import dataclass

from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.huffman import HEADER_BYTES

MAGIC = b"VREP"

SUPPORTED_VERSIONS = range(18, 23)
"""Serialization versions; 22 is that of CoppeliaSim 3.6 to 4.1."""

_LAYOUT = struct.Struct("<4siiBiiHIBB")


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 1021 bytes of a file say."""

    serialization_version: int
    """Version of the format."""
    compressed: bool
    """Whether the body is Huffman-coded."""
    body_size: int
    """Length of the decoded body in bytes."""
    simulator_version: int
    """CoppeliaSim's version, such as 40100 for 4.1.0."""


def read_header(data: bytes) -> Header:
    """The header of a file's content.

    Raises:
      ModelFileError: this is no such file, or a CoppeliaSim wrote it whose files
        this reader does not know.
    """
    if data[: len(MAGIC)] != MAGIC[: len(data)] or not data:
        raise ModelFileError(
            f"A CoppeliaSim file begins with {MAGIC!r}; this begins with {data[:4]!r}",
            next_step="Give the path of a .ttm or .ttt file. Files kept by Git LFS "
            "are pointers until `git lfs pull`.",
        )
    if len(data) < HEADER_BYTES:
        raise ModelFileError(
            f"The header has {HEADER_BYTES} bytes; the file ends after {len(data)}",
            offset=len(data),
        )
    _, version, _, compression, size, _, simulator, _, _, _ = _LAYOUT.unpack_from(data)
    if version not in SUPPORTED_VERSIONS:
        raise ModelFileError(
            f"Serialization versions {SUPPORTED_VERSIONS[0]} to "
            f"{SUPPORTED_VERSIONS[-1]} are known; CoppeliaSim {_dotted(simulator)} "
            f"wrote this file with {version}",
            offset=4,
            next_step="Save it with CoppeliaSim 4.1.",
        )
    if compression not in (0, 1):
        raise ModelFileError(
            f"Compression is 0 (none) or 1 (Huffman); it is {compression} here",
            offset=12,
        )
    if size < 0:
        raise ModelFileError(f"The body's size is negative: {size}", offset=13)
    return Header(version, compression == 1, size, simulator)


def _dotted(simulator_version: int) -> str:
    """40100 as ``4.1.0``."""
    major, rest = divmod(simulator_version, 10_000)
    return f"{major}.{rest // 100}.{rest % 100}"
