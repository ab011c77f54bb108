"""Cameras of the user interface, and lights: how a person sees a scene."""

from dataclasses import dataclass
from enum import IntEnum

from pyrep_mujoco.ttm.chunks import Chunk, read_run, require_end
from pyrep_mujoco.ttm.colors import Color, read_color
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import byte, numbers, real


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera(SceneObject):
    """A camera of the user interface; looks along +z with y up."""

    near: float
    """Near clipping plane [m]."""
    far: float
    """Far clipping plane [m]."""
    view_size: float
    """Width of an orthographic view [m]."""
    view_angle: float
    """Opening of a perspective view [rad]."""


def read_camera(section: Chunk) -> Camera:
    """A section ``CMA``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {"Ccp": numbers("2f"), "Cp3": numbers("2f")},
        # How the user moves it, how it is drawn, which renderer it uses.
        ignored=("Cmp", "Cp4", "Rmd", "Rm2", "Cpm", "Ca2", "Ca3", "Cl1", "Cl2"),
    )
    require_end(section, end)
    near, far = record["Ccp"]
    view_size, view_angle = record["Cp3"]
    return Camera(
        **base, near=near, far=far, view_size=view_size, view_angle=view_angle
    )


class LightKind(IntEnum):
    """How a light shines; the numbers are those of CoppeliaSim's API."""

    OMNIDIRECTIONAL = 1
    SPOT = 2
    DIRECTIONAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Light(SceneObject):
    """A light; it shines along +z."""

    kind: LightKind
    """How it shines."""
    active: bool
    """Whether it is on."""
    local: bool
    """Whether it lights its own model only."""
    color: Color
    """What it sheds: ``ambient_diffuse`` is ambient, then diffuse and specular."""
    spot_exponent: int
    """OpenGL's fall towards the rim of a spot."""
    spot_cutoff: float
    """Half opening of a spot [rad]."""
    attenuation: tuple[float, float, float]
    """Constant, linear [1/m] and quadratic [1/m^2] factor."""


_ACTIVE, _LOCAL = 0x01, 0x02


def read_light(section: Chunk) -> Light:
    """A section ``LGT``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {
            "Cp2": numbers("2if"),
            "Cp3": real,
            "Caf": numbers("3f"),
            "Cas": byte,
            "Cl2": read_color,
        },
        # The colour it is drawn in.
        ignored=("Cl1",),
    )
    require_end(section, end)
    kind, exponent, _ = record["Cp2"]
    if kind not in set(LightKind):
        raise section.error(f"Kinds of lights are {sorted(LightKind)}, not {kind}")
    return Light(
        **base,
        kind=LightKind(kind),
        active=bool(record["Cas"] & _ACTIVE),
        local=bool(record["Cas"] & _LOCAL),
        color=record["Cl2"],
        spot_exponent=exponent,
        spot_cutoff=record["Cp3"],
        attenuation=record["Caf"],
    )
