"""Joints: what moves shapes against each other."""

from dataclasses import dataclass
from enum import IntEnum

from pyrep_mujoco.ttm.chunks import Chunk, read_run, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import byte, integer, numbers, real


class JointKind(IntEnum):
    """Which way a joint moves."""

    REVOLUTE = 10
    PRISMATIC = 11
    SPHERICAL = 12


class JointMode(IntEnum):
    """What moves a joint."""

    PASSIVE = 0
    IK = 2
    DEPENDENT = 4
    FORCE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint(SceneObject):
    """A joint about or along its own z axis; a spherical one turns freely.

    Positions are in [rad], or [m] of a prismatic joint; velocities, forces and gains
    accordingly.
    """

    kind: JointKind
    """Which way it moves."""
    position: float
    """Where it stands."""
    quat_wxyz: tuple[float, float, float, float]
    """Where a spherical joint stands."""
    screw_pitch: float
    """Way along the axis for each radian [m/rad]."""
    cyclic: bool
    """Whether it has no limits."""
    minimum: float
    """Least position."""
    range: float
    """Greatest position less the least."""
    mode: JointMode
    """What moves it."""
    hybrid: bool
    """Whether it is simulated though its mode is not force."""
    motor: bool
    """Whether its motor is on."""
    position_control: bool
    """Whether the motor holds a position; else a velocity."""
    spring: bool
    """Whether position control is that of a spring and damper."""
    locked_at_zero: bool
    """Whether the motor is a brake while its target velocity is 0."""
    target_velocity: float
    """What the motor goes for without position control."""
    target_position: float
    """What the motor goes for with position control."""
    max_force: float
    """The motor's greatest force [N] or torque [Nm]."""
    velocity_limit: float
    """Greatest velocity under position control."""
    pid: tuple[float, float, float]
    """Gains of position control."""
    spring_constants: tuple[float, float]
    """Stiffness and damping."""
    depends_on: int
    """Handle of the joint that a dependent joint follows, or -1."""
    dependency: tuple[float, float]
    """Factor and offset: position = factor * other position + offset."""
    length: float
    """As drawn [m]."""
    diameter: float
    """As drawn [m]."""


_CYCLIC, _MOTOR, _POSITION, _HYBRID, _SPRING = 0x01, 0x10, 0x20, 0x40, 0x80
_LOCKED_AT_ZERO = 0x02

_UNNEEDED = (
    # Other engines, colours, weights of IK, interpolation, forms of older files.
    *("BtN", "Bt1", "OdN", "Od1", "Vo2", "Nw1", "Mss", "Ikw", "Cl1", "Cl2"),
    *("Jm2", "Cco", "Dpc"),
)


def read_joint(section: Chunk) -> Joint:
    """A section ``JNT``."""
    base, start = read_base(section)
    record, end = read_run(
        section,
        start,
        {
            "Jtt": integer,
            "Prt": real,
            "Jst": numbers("4f"),
            "Jsp": real,
            "Pmr": numbers("2f"),
            "Jmd": integer,
            "Va9": byte,
            "Vaa": byte,
            "Dmp": numbers("2f"),
            "Dp2": numbers("3f"),
            "Spp": numbers("2f"),
            "Dtp": real,
            "Ulv": real,
            "Jdt": numbers("i2f"),
            "Arg": numbers("2f"),
        },
        ignored=_UNNEEDED,
    )
    require_end(section, end)
    kind, mode = record["Jtt"], record["Jmd"]
    if kind not in set(JointKind) or mode not in set(JointMode):
        raise section.error(
            f"Kinds of joints are {sorted(JointKind)} and modes {sorted(JointMode)}; "
            f"{kind} and {mode} came"
        )
    if record["Pmr"][1] < 0:
        raise section.error(f"The range is negative: {record['Pmr'][1]}")
    bits = record["Va9"]
    depends_on, factor, offset = record["Jdt"]
    target_velocity, max_force = record["Dmp"]
    return Joint(
        **base,
        kind=JointKind(kind),
        position=record["Prt"],
        quat_wxyz=record["Jst"],
        screw_pitch=record["Jsp"],
        cyclic=bool(bits & _CYCLIC),
        minimum=record["Pmr"][0],
        range=record["Pmr"][1],
        mode=JointMode(mode),
        hybrid=bool(bits & _HYBRID),
        motor=bool(bits & _MOTOR),
        position_control=bool(bits & _POSITION),
        spring=bool(bits & _SPRING),
        locked_at_zero=bool(record.get("Vaa", 0) & _LOCKED_AT_ZERO),
        target_velocity=target_velocity,
        target_position=record["Dtp"],
        max_force=max_force,
        velocity_limit=record["Ulv"],
        pid=record["Dp2"],
        spring_constants=record["Spp"],
        depends_on=depends_on,
        dependency=(factor, offset),
        length=record["Arg"][0],
        diameter=record["Arg"][1],
    )
