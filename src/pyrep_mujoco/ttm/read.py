"""Reads a whole file: bytes in, a `Model` out."""

from collections.abc import Callable, Iterator
from typing import Any

from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.chunks import FILE_END, Chunk, read_run, read_section, walk
from pyrep_mujoco.ttm.dummies import read_dummy
from pyrep_mujoco.ttm.force_sensors import read_force_sensor
from pyrep_mujoco.ttm.geometry import GeometryPool, read_pool
from pyrep_mujoco.ttm.groups import read_collection, read_ik_group
from pyrep_mujoco.ttm.header import Header, read_header
from pyrep_mujoco.ttm.huffman import HEADER_BYTES, decode
from pyrep_mujoco.ttm.joints import read_joint
from pyrep_mujoco.ttm.meshes import leaves
from pyrep_mujoco.ttm.model import Model, ModelBox, World
from pyrep_mujoco.ttm.objects import SceneObject, UnreadObject, read_base
from pyrep_mujoco.ttm.paths import read_path
from pyrep_mujoco.ttm.proximity_sensors import read_proximity_sensor
from pyrep_mujoco.ttm.scripts import read_script
from pyrep_mujoco.ttm.shapes import Shape, read_shape
from pyrep_mujoco.ttm.textures import Texture, read_texture
from pyrep_mujoco.ttm.values import make_pose, numbers
from pyrep_mujoco.ttm.viewpoints import read_camera, read_light
from pyrep_mujoco.ttm.vision_sensors import VisionSensor, read_vision_sensor

_OBJECT_READERS: dict[str, Callable[[Chunk], SceneObject]] = {
    "JNT": read_joint,
    "DMY": read_dummy,
    "SNR": read_proximity_sensor,
    "RSN": read_vision_sensor,
    "FSE": read_force_sensor,
    "PAT": read_path,
    "CMA": read_camera,
    "LGT": read_light,
}

_UNREAD_KINDS = ("GRH", "MIR", "MIL", "OCT", "PTC")
"""Graphs, mirrors, mills, octrees, point clouds: their own parts are skipped."""

_IGNORED = (
    # Thumbnail, old materials, old user interfaces, registered collision and distance
    # objects, old path planning; how a scene is shown and timed.
    *("MTC", "DMA", "BBK", "COL", "DST", "PPL"),
    *("SET", "SIM", "VEW", "GHO", "CDS"),
)


def read_model(data: bytes) -> Model:
    """What a file's content says.

    Args:
      data: the whole content of a ``.ttm`` or ``.ttt`` file.

    Raises:
      ModelFileError: the content is cut short, damaged, or of a form that this
        reader does not know.
    """
    header = read_header(data)
    stream = data[HEADER_BYTES:]
    if header.compressed:
        body = decode(stream, header.body_size)
    elif len(stream) == header.body_size:
        body = bytes(stream)
    else:
        raise ModelFileError(
            f"The header promises a body of {header.body_size} bytes; "
            f"{len(stream)} follow it",
            offset=len(data),
        )
    return _read_body(header, Chunk(body, "", "", 0, len(body)))


def _read_body(header: Header, body: Chunk) -> Model:
    parts = list(walk(body, 0, (FILE_END,)))
    if parts[-1].end != body.end:
        raise parts[-1].error(f"{body.end - parts[-1].end} bytes follow the file's end")
    pools = [read_pool(part) for part in parts if part.tag == "VIN"]
    if len(pools) > 1:
        raise body.error("A file has one geometry pool, this has more")
    pool = pools[0] if pools else GeometryPool()
    objects: list[tuple[Chunk, SceneObject]] = []
    things: dict[str, list[Any]] = {}
    for part in parts[:-1]:
        if part.tag == "SHP":
            objects.append((part, read_shape(part, pool)))
        elif part.tag in _OBJECT_READERS:
            objects.append((part, _OBJECT_READERS[part.tag](part)))
        elif part.tag in _UNREAD_KINDS:
            base, _ = read_base(part)
            objects.append((part, UnreadObject(**base, kind=part.tag)))
        elif part.tag in _OTHER_READERS:
            things.setdefault(part.tag, []).append(_OTHER_READERS[part.tag](part))
        elif part.tag not in ("VIN", *_IGNORED):
            raise part.error(f"The chunk {part.tag!r} is not known here")
    _require_consistency(objects, things.get("TEX", []))
    gravity, ambient = things.get("DYN"), things.get("ENV")
    return Model(
        header=header,
        objects=tuple(thing for _, thing in objects),
        textures=tuple(things.get("TEX", ())),
        collections=tuple(things.get("GRP", ())),
        ik_groups=tuple(things.get("IKO", ())),
        scripts=tuple(things.get("LST", ())),
        box=things["BBC"][0] if "BBC" in things else None,
        world=World(gravity[0], ambient[0]) if gravity and ambient else None,
    )


def _read_box(section: Chunk) -> ModelBox:
    """A section ``BBC``: pose, position first, size, and a number for drawing."""
    values = read_section(section, {"Mo2": numbers("11f")})["Mo2"]
    return ModelBox(make_pose(section, values), values[7:10])


def _read_gravity(section: Chunk) -> tuple[float, ...]:
    """A section ``DYN``: engine, gravity, and a number we do not know."""
    record, _ = read_run(
        section,
        section.start,
        {"En2": numbers("i3fi")},
        # Parameters of each engine, which MuJoCo has none of.
        ignored=("Ver", "Var", "Bul", "BuN", "Ode", "OdN", "Vo5", "Vor", "Nw1"),
    )
    return record["En2"][1:4]


def _read_ambient_light(section: Chunk) -> tuple[float, ...]:
    """The section ``ENV``; of what it holds, the ambient light is used."""
    for chunk in walk(section, section.start, ("EOO",)):
        if chunk.tag == "Al2":
            return numbers("3f")(chunk)
    raise section.error("The chunk Al2 is missing")


_OTHER_READERS: dict[str, Callable[[Chunk], Any]] = {
    "TEX": read_texture,
    "GRP": read_collection,
    "IKO": read_ik_group,
    "LST": read_script,
    "BBC": _read_box,
    "DYN": _read_gravity,
    "ENV": _read_ambient_light,
}


def _require_consistency(
    objects: list[tuple[Chunk, SceneObject]], textures: list[Texture]
) -> None:
    """Raise unless handles and names are unique and references lead somewhere."""
    parents: dict[int, int] = {}
    names: set[str] = set()
    # A texture may be what a vision sensor sees; its id is then the sensor's handle.
    pictures = {texture.id for texture in textures}
    for chunk, thing in objects:
        if thing.handle in parents or thing.handle < 0 or thing.name in names:
            raise chunk.error(
                f"The name {thing.name!r} or the handle {thing.handle} is another's, "
                "too, or negative"
            )
        parents[thing.handle] = thing.parent
        names.add(thing.name)
        if isinstance(thing, VisionSensor):
            pictures.add(thing.handle)
    rooted = {-1}
    for chunk, thing in objects:
        if thing.parent not in parents and thing.parent != -1:
            raise chunk.error(f"{thing.name!r} has the unknown parent {thing.parent}")
        for picture in _pictures_on(thing):
            if picture not in pictures:
                raise chunk.error(f"{thing.name!r} has the unknown texture {picture}")
    for chunk, thing in objects:
        chain, handle = set[int](), thing.handle
        while handle not in rooted:
            if handle in chain:
                raise chunk.error(f"{thing.name!r} is below its own child")
            chain.add(handle)
            handle = parents[handle]
        rooted |= chain


def _pictures_on(thing: SceneObject) -> Iterator[int]:
    """Ids of the textures that lie on an object."""
    if isinstance(thing, Shape):
        for mesh in leaves(thing.geometry):
            if mesh.texture is not None:
                yield mesh.texture.texture
