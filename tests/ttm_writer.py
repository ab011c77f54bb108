"""Writes CoppeliaSim files for tests: chunks, whole objects, compressed bodies.

Independent of the reader: what it writes follows the format's description alone.
"""

import heapq
import struct
from collections import Counter
from collections.abc import Sequence
from typing import Any

IDENTITY = (1.0, 0.0, 0.0, 0.0)
AT_ORIGIN = (0.0, 0.0, 0.0)


def chunk(tag: str, *values: Any) -> bytes:
    """A chunk of bytes, texts, integers (i32) and floats (f32)."""
    payload = b"".join(map(encoded, values))
    return tag.encode() + struct.pack("<i", len(payload)) + payload


def encoded(value: Any) -> bytes:
    """One value as files have it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return struct.pack("<i", len(value.encode())) + value.encode()
    return struct.pack("<f" if isinstance(value, float) else "<i", value)


def section(tag: str, *chunks: bytes) -> bytes:
    """A section of chunks with its terminator."""
    return chunk(tag, b"".join(chunks), b"EOO")


def color(
    tag: str, rgb: Sequence[float] = (0.5, 0.5, 0.5), opacity: float = 1.0
) -> bytes:
    """A colour; opaque if the opacity is 1."""
    return section(
        tag,
        chunk("Cl3", *map(float, rgb), *[0.0] * 12),
        chunk("Sh2", 48),
        chunk("Trf", opacity),
        chunk("Var", bytes([4 if opacity == 1 else 0])),
        chunk("Cnm", ""),
    )


def base(
    name: str,
    handle: int,
    parent: int = -1,
    *,
    position: Sequence[float] = AT_ORIGIN,
    quat_wxyz: Sequence[float] = IDENTITY,
    special: int = 0x3F3,
    model_base: bool = False,
    model_properties: int = 0,
    layers: int = 1,
    extension: str = "",
) -> bytes:
    """The part that all objects share."""
    return b"".join(
        [
            chunk("3do", b"\x39\x3a\x3b"),
            chunk("Cfq", *map(float, quat_wxyz), *map(float, position)),
            chunk("Ids", handle, parent),
            chunk("Anm", name),
            chunk("Nme", name),
            chunk("Op2", 0x24),
            chunk("Va3", bytes([1 if model_base else 0])),
            chunk("Omp", special),
            chunk("Mpo", model_properties),
            chunk("Lar", struct.pack("<H", layers)),
            chunk("Rst", extension),
            b"NXT",
        ]
    )


def box_corners(size: Sequence[float]) -> bytes:
    """The pool's vertices of a box."""
    x, y, z = (edge / 2 for edge in size)
    corners = [(i * x, j * y, k * z) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]
    return b"".join(struct.pack("<3f", *corner) for corner in corners)


BOX_TRIANGLES = (
    *((0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5)),
    *((0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6)),
    *((0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)),
)


def box_indices(triangles: int = len(BOX_TRIANGLES)) -> bytes:
    """The pool's triangles of a box, or so many of them."""
    used = BOX_TRIANGLES[:triangles]
    return b"".join(struct.pack("<3i", *corners) for corners in used)


def box_pool(*sizes: Sequence[float], triangles: int = len(BOX_TRIANGLES)) -> bytes:
    """A geometry pool with a box of each size; with fewer triangles they are open."""
    normals = struct.pack("<9f", *(0.0, 0.0, 1.0) * 3) * triangles
    return section(
        "VIN",
        *[chunk("Ver", box_corners(size)) for size in sizes],
        *[chunk("Ind", box_indices(triangles)) for _ in sizes],
        *[chunk("Nor", normals) for _ in sizes],
    )


def wrapper(name: str, mass: float, *, convex: bool = True) -> bytes:
    """What a mesh and a compound begin with."""
    return b"".join(
        [
            chunk("Nme", name),
            chunk("Mas", float(mass)),
            chunk("Ine", *AT_ORIGIN, *IDENTITY, 0.01, 0.01, 0.01),
            chunk("Var", bytes([4 if convex else 0])),
        ]
    )


def mesh(
    tag: str,
    index: int,
    size: Sequence[float],
    *,
    mass: float = 1.0,
    primitive: int = 3,
    convex: bool = True,
    position: Sequence[float] = AT_ORIGIN,
    rgb: Sequence[float] = (0.5, 0.5, 0.5),
    flags: int = 0,
    extra: bytes = b"",
) -> bytes:
    """A mesh of the pool's index."""
    return chunk(
        tag,
        wrapper("mesh", mass, convex=convex),
        b"EOO",
        color("Cl0", rgb),
        chunk("Vev", index),
        chunk("Inv", index),
        chunk("Nov", index),
        chunk("Vvd", index),
        chunk("Ppr", primitive, *map(float, size)),
        chunk("Ppf", *map(float, position), *IDENTITY),
        chunk("Gsa", 0.5, 0),
        chunk("Var", bytes([flags])),
        extra,
        b"EOO",
    )


def compound(tag: str, *parts: bytes, mass: float = 1.0) -> bytes:
    """A compound of meshes and compounds."""
    return chunk(tag, wrapper("compound", mass), *parts, b"EOO")


def material(friction: float = 0.7) -> bytes:
    """A dynamic material."""
    reals = (0.0, 0.5, float(friction), 0.0, 0.0, 0.01, 0.001)
    return section("Mat", chunk("Gon", "stuff"), chunk("BuN", 7, 1, *reals, 0))


def shape(
    head: bytes,
    geometry: bytes,
    *,
    dynamic: bool = True,
    respondable: bool = True,
    masks: int = 0xFFFF,
    friction: float = 0.7,
) -> bytes:
    """A shape; ``head`` is its base."""
    return chunk(
        "SHP",
        head,
        section("Ge2", geometry),
        material(friction),
        chunk("Dc2", struct.pack("<H", masks)),
        chunk("Sss", bytes([0x80 if dynamic else 0])),
        chunk("Ss3", bytes([1 if respondable else 0])),
        b"EOO",
    )


def box(
    name: str,
    handle: int,
    parent: int = -1,
    *,
    index: int = 0,
    size: Sequence[float] = (0.1, 0.1, 0.1),
    mass: float = 1.0,
    dynamic: bool = True,
    respondable: bool = True,
    masks: int = 0xFFFF,
    friction: float = 0.7,
    **of_base: Any,
) -> bytes:
    """A shape that is a box of the pool's index."""
    return shape(
        base(name, handle, parent, **of_base),
        mesh("Gst", index, size, mass=mass),
        dynamic=dynamic,
        respondable=respondable,
        masks=masks,
        friction=friction,
    )


def joint(
    head: bytes,
    *,
    kind: int = 10,
    mode: int = 5,
    flags: int = 0,
    position: float = 0.0,
    quat_wxyz: Sequence[float] = IDENTITY,
    minimum: float = -1.0,
    reach: float = 2.0,
    max_force: float = 10.0,
    target_velocity: float = 0.0,
    target_position: float = 0.0,
    spring: Sequence[float] = (0.0, 0.0),
    depends: Sequence[Any] = (-1, 1.0, 0.0),
    locked: bool = False,
) -> bytes:
    """A joint; ``head`` is its base."""
    return chunk(
        "JNT",
        head,
        chunk("Jtt", kind),
        chunk("Prt", float(position)),
        chunk("Jst", *map(float, quat_wxyz)),
        chunk("Jsp", 0.0),
        chunk("Pmr", float(minimum), float(reach)),
        chunk("Jmd", mode),
        chunk("Va9", bytes([flags])),
        chunk("Vaa", bytes([2 if locked else 0])),
        chunk("Dmp", float(target_velocity), float(max_force)),
        chunk("Dp2", 0.1, 0.0, 0.0),
        chunk("Spp", *map(float, spring)),
        chunk("Dtp", float(target_position)),
        chunk("Ulv", 3.0),
        chunk("Jdt", depends[0], float(depends[1]), float(depends[2])),
        chunk("Arg", 0.1, 0.02),
        b"EOO",
    )


def dummy(head: bytes, *, linked: int = -1, kind: int = 0) -> bytes:
    """A dummy; ``head`` is its base."""
    return chunk(
        "DMY",
        head,
        chunk("Dy2", 0.01),
        chunk("Lli", linked),
        chunk("Dl2", kind),
        color("Cl0"),
        b"EOO",
    )


def collection(name: str, handle: int, *elements: tuple[int, int, bool]) -> bytes:
    """A collection; elements have an object's handle, an extent and whether added."""
    return section(
        "GRP",
        chunk("Grn", name),
        chunk("Gix", handle),
        *[
            section(
                "Asg",
                chunk("Obj", start, number),
                chunk("Gty", bytes([extent])),
                chunk("Var", bytes([added])),
            )
            for number, (start, extent, added) in enumerate(elements)
        ],
    )


def header(body_size: int, *, compressed: bool, version: int = 22) -> bytes:
    """The header of a model."""
    fields = struct.pack(
        "<4siiBiiHIBB", b"VREP", version, 18, compressed, body_size, 0, 40100, 0, 1, 2
    )
    return fields.ljust(1021, b"\0")


def file(*chunks: bytes, compressed: bool = False) -> bytes:
    """A whole file of top-level chunks."""
    body = b"".join(chunks) + b"EOF"
    stream = huffman(body) if compressed else body
    return header(len(body), compressed=compressed) + stream


def huffman(data: bytes) -> bytes:
    """A Huffman stream: the code's tree, then the codes."""
    heap: list[tuple[int, int, Any]] = [
        (count, symbol, symbol) for symbol, count in Counter(data).items()
    ]
    heapq.heapify(heap)
    order = 256
    while len(heap) > 1:
        less, more = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (less[0] + more[0], order, (less[2], more[2])))
        order += 1
    codes: dict[int, str] = {}

    def walk(node: Any, code: str) -> str:
        if isinstance(node, int):
            codes[node] = code
            return "1" + format(node, "08b")
        return "0" + walk(node[0], code + "0") + walk(node[1], code + "1")

    bits = walk(heap[0][2], "") + "".join(codes[symbol] for symbol in data)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
