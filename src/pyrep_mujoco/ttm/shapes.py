"""Shapes: bodies with geometry."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_run, read_section, require_end
from pyrep_mujoco.ttm.geometry import GeometryPool
from pyrep_mujoco.ttm.materials import Material, read_material
from pyrep_mujoco.ttm.meshes import Compound, Mesh, read_geometry
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import Vector, byte, numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(SceneObject):
    """A rigid body, simulated or not."""

    geometry: Mesh | Compound
    """Its form, mass and inertia."""
    material: Material
    """Its friction and damping."""
    dynamic: bool
    """Whether it is simulated; else it stays where it is put."""
    respondable: bool
    """Whether it makes contacts."""
    local_mask: int
    """8 bits; decides contacts with shapes of the same topmost ancestor."""
    global_mask: int
    """8 bits; decides contacts with all other shapes."""
    starts_asleep: bool
    """Whether it rests until something touches it."""
    dynamic_with_parent: bool
    """Whether it becomes simulated when it gets a parent."""
    initial_velocity: Vector
    """[m/s], at the simulation's start."""
    initial_angular_velocity: Vector
    """[rad/s], at the simulation's start."""


_DYNAMIC, _ASLEEP = 0x80, 0x40
_RESPONDABLE, _DYNAMIC_WITH_PARENT = 0x01, 0x20


def read_shape(section: Chunk, pool: GeometryPool) -> Shape:
    """A section ``SHP``."""
    base, start = read_base(section)

    def mesh(chunk: Chunk) -> Mesh | Compound:
        return read_geometry(chunk, pool, compound=False)

    def compound(chunk: Chunk) -> Mesh | Compound:
        return read_geometry(chunk, pool, compound=True)

    kinds = {"Gst": mesh, "Gsg": compound}

    def wrapped(chunk: Chunk) -> Mesh | Compound:
        # Coi is a structure that speeds up CoppeliaSim's own collision tests.
        inner = read_section(chunk, kinds, ignored=("Coi",))
        return _only_one(chunk, [inner[tag] for tag in kinds if tag in inner])

    readers = {
        **kinds,
        "Ge2": wrapped,
        "Mat": read_material,
        "Dc2": numbers("H"),
        "Idv": numbers("6f"),
        "Sss": byte,
        "Ss3": byte,
        "Ss2": byte,
    }
    record, end = read_run(section, start, readers)
    require_end(section, end)
    (mask,) = record["Dc2"]
    state = record["Sss"]
    contacts = record.get("Ss3", record.get("Ss2"))
    if contacts is None:
        raise section.error("The chunk Ss3 is missing")
    velocities = record.get("Idv", (0.0,) * 6)
    forms = [record[tag] for tag in ("Ge2", *kinds) if tag in record]
    return Shape(
        **base,
        geometry=_only_one(section, forms),
        material=record["Mat"],
        dynamic=bool(state & _DYNAMIC),
        respondable=bool(contacts & _RESPONDABLE),
        local_mask=mask & 0xFF,
        global_mask=mask >> 8,
        starts_asleep=bool(state & _ASLEEP),
        dynamic_with_parent=bool(contacts & _DYNAMIC_WITH_PARENT),
        initial_velocity=velocities[:3],
        initial_angular_velocity=velocities[3:],
    )


def _only_one(section: Chunk, forms: list[Mesh | Compound]) -> Mesh | Compound:
    if len(forms) != 1:
        raise section.error(f"A shape has one geometry, this has {len(forms)}")
    return forms[0]
