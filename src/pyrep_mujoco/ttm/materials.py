"""What a shape is made of, as the physics engines see it."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.values import counted, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Contact and damping parameters of Bullet, CoppeliaSim's default engine."""

    name: str
    """The material's name."""
    restitution: float
    """0 to 1."""
    friction: float
    """Coulomb friction that Bullet 2.83 uses; 0 and up."""
    friction_old: float
    """Coulomb friction that Bullet 2.78 uses."""
    linear_damping: float
    """Share of the velocity lost in a second, 0 to 1."""
    angular_damping: float
    """Share of the angular velocity lost in a second, 0 to 1."""


def read_material(section: Chunk) -> Material:
    """A section ``Mat``."""
    record = read_section(
        section,
        {"Gon": text, "BuN": lambda chunk: counted(chunk, "f", "i")},
        # An id, other engines, and forms of older files.
        ignored=("Ipa", "OdN", "Vo4", "Nw1", "Bcv", "Bul", "Ode", "Od2", "Var"),
    )
    reals, _ = record["BuN"]
    if len(reals) < 5:
        raise section.error(f"Bullet has 5 parameters at least; {len(reals)} came")
    return Material(
        name=record.get("Gon", ""),
        restitution=reals[0],
        friction=reals[2],
        friction_old=reals[1],
        linear_damping=reals[3],
        angular_damping=reals[4],
    )
