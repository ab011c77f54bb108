"""Lua scripts: their text and what they belong to. They are read, never run."""

from dataclasses import dataclass

import numpy as np

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.objects import read_script_parameters
from pyrep_mujoco.ttm.values import byte, numbers

MAIN, CHILD, CUSTOMIZATION = 0, 1, 6
"""Kinds of scripts that were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A Lua script."""

    id: int
    """Unique within the file."""
    object: int
    """Handle of the object it belongs to, or -1."""
    kind: int
    """`MAIN`, `CHILD`, `CUSTOMIZATION` or another of CoppeliaSim's kinds."""
    threaded: bool
    """Whether it runs in a thread of its own."""
    enabled: bool
    """Whether it runs at all."""
    text: str
    """Its source; bytes that are no UTF-8 are kept as surrogates."""
    parameters: tuple[tuple[str, str, str, int], ...]
    """Name, unit, value, flags."""


_THREADED, _DISABLED = 0x01, 0x02


def read_script(section: Chunk) -> Script:
    """A section ``LST``."""
    record = read_section(
        section,
        {
            "Si2": numbers("3i"),
            "Ste": _read_text,
            "Va2": byte,
            "Prm": read_script_parameters,
        },
        # Debugging, order of execution, the text as edited last.
        ignored=("Ttd", "Dbl", "Seo", "Va3", "Coc", "Cod", "Uis"),
    )
    id_, object_, kind = record["Si2"]
    return Script(
        id=id_,
        object=object_,
        kind=kind,
        threaded=bool(record["Va2"] & _THREADED),
        enabled=not record["Va2"] & _DISABLED,
        text=record["Ste"],
        parameters=record.get("Prm", ()),
    )


def _read_text(chunk: Chunk) -> str:
    return disguised(chunk.data, back=True).decode(errors="surrogateescape")


def disguised(data: bytes, *, back: bool) -> bytes:
    """A script's bytes as files disguise them, or ``back`` from that.

    The first and the last byte are plain; what is added to the others depends on
    those two and on the place.
    """
    values = np.frombuffer(data, np.int8).astype(np.int64)
    if len(values) < 3:
        return data
    place = np.arange(len(values))
    first = int(np.trunc(values[0] / 2))
    last = 3 * int(values[-1])
    # What reading adds.
    change = np.where(place & 1, place + first + last, 0)
    change -= np.where(place & 2, 3 * place + first, 0)
    change += np.where(place & 4, place // 2 + last, 0)
    change[0] = change[-1] = 0
    return ((values + (change if back else -change)) & 0xFF).astype(np.uint8).tobytes()
