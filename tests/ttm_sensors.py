"""Writes sensors of CoppeliaSim files for tests; see `ttm_writer`."""

from collections.abc import Sequence

from ttm_writer import chunk, section


def proximity_sensor(
    head: bytes,
    planes: Sequence[Sequence[float]],
    *,
    kind: int = 30,
    offset: float = 0.0,
    reach: float = 0.0,
    near_planes: Sequence[Sequence[float]] = (),
    smallest: float | None = None,
    entity: int = -1,
    detectable: int = 0x10,
    flags: int = 0x02,
    angle: float = 0.0,
) -> bytes:
    """A proximity sensor; ``head`` is its base."""

    def reals(tag: str, rows: Sequence[Sequence[float]]) -> bytes:
        values = [float(value) for row in rows for value in row]
        return chunk(tag, len(values), *values)

    volume = section(
        "Vod",
        chunk("Snt", kind - 30),
        chunk("Ss3", float(offset), float(reach), *[0.0] * 7),
        chunk("Sia", 0.0),
        chunk("Wtf", float(smallest or 0.0)),
        chunk("Par", bytes([smallest is not None])),
        reals("Nc0", planes),
        reals("Nc1", near_planes),
    )
    return chunk(
        "SNR",
        head,
        chunk("Snt", kind),
        volume,
        chunk("Sns", 0.01),
        chunk("Sox", entity),
        chunk("Sst", detectable),
        chunk("Al2", float(angle)),
        chunk("Pr4", bytes([flags])),
        b"EOO",
    )


def force_sensor(
    head: bytes,
    *,
    force: float | None = None,
    torque: float | None = None,
    violations: int = 1,
    breaks: bool = True,
) -> bytes:
    """A force sensor; ``head`` is its base."""
    on = (force is not None) + 2 * (torque is not None)
    tag = "Tre" if breaks else "Tri"
    return chunk(
        "FSE",
        head,
        chunk("Vab", bytes([on])),
        chunk(tag, float(force or 0.0), float(torque or 0.0), violations),
        chunk("Siz", 0.01),
        b"EOO",
    )
