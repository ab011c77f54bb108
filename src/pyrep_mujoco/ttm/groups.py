"""Groups of objects: collections, and groups for inverse kinematics."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from pyrep_mujoco.ttm.chunks import Chunk, read_section
from pyrep_mujoco.ttm.values import byte, integer, numbers, real, text


class Extent(IntEnum):
    """Which objects an element of a collection stands for."""

    ALONE = 0
    TREE = 1
    TREE_WITHOUT_ROOT = 2
    CHAIN = 3
    CHAIN_WITHOUT_TIP = 4
    ALL = 5


@dataclass(frozen=True, slots=True)
class CollectionElement:
    """One element of a collection; trees are walked when the collection is used."""

    object: int
    """Handle of the object it begins at."""
    extent: Extent
    """Which objects it stands for."""
    added: bool
    """Whether they are added to what came before, or taken from it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of objects."""

    name: str
    """Unique within the file."""
    handle: int
    """By which objects of the file refer to it."""
    elements: tuple[CollectionElement, ...]
    """In the order in which they are added or taken."""


def read_collection(section: Chunk) -> Collection:
    """A section ``GRP``."""
    record = read_section(
        section,
        {"Grn": text, "Gix": integer},
        repeated={"Asg": _read_collection_element},
        ignored=("Par", "Uis"),
    )
    return Collection(record["Grn"], record["Gix"], tuple(record["Asg"]))


_ADDED = 0x01


def _read_collection_element(section: Chunk) -> CollectionElement:
    record = read_section(section, {"Obj": numbers("2i"), "Gty": byte, "Var": byte})
    if record["Gty"] not in set(Extent):
        raise section.error(
            f"Extents of elements are {sorted(Extent)}, not {record['Gty']}"
        )
    return CollectionElement(
        record["Obj"][0], Extent(record["Gty"]), bool(record["Var"] & _ADDED)
    )


class Constraint(IntFlag):
    """What of the tip's pose inverse kinematics brings to the target's."""

    X = 1
    Y = 2
    Z = 4
    ALPHA_BETA = 8
    GAMMA = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class IkElement:
    """A tip that is brought to its linked target by the joints up to a base."""

    tip: int
    """Handle of the tip, a dummy that is linked to the target."""
    base: int
    """Handle of the chain's base, or -1 for the scene."""
    constraint_base: int
    """Handle of the object in whose frame the constraints are, or -1."""
    angular_precision: float
    """[rad]."""
    linear_precision: float
    """[m]."""
    constraints: Constraint
    """What is to match."""
    weights: tuple[float, float]
    """Of position and orientation."""
    active: bool
    """Whether it takes part."""


DAMPED_LEAST_SQUARES = 1
"""A group's method; the pseudo inverse is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IkGroup:
    """Elements that are solved together."""

    name: str
    """Unique within the file."""
    handle: int
    """By which other parts of the file refer to it."""
    iterations: int
    """The most that are made."""
    damping: float
    """Of the damped method."""
    method: int
    """0 pseudo inverse, 1 damped least squares, 2 Jacobian transpose."""
    elements: tuple[IkElement, ...]
    """In order."""


def read_ik_group(section: Chunk) -> IkGroup:
    """A section ``IKO``."""
    record = read_section(
        section,
        {
            "Oid": integer,
            "Nme": text,
            "Mit": integer,
            "Dpg": real,
            "Cmt": integer,
        },
        repeated={"Ike": _read_ik_element},
        # What runs when; obstacle and joint-limit avoidance.
        ignored=("Doo", "Var", "Va2", "Uis", "Avt", "Avx", "Ctr", "Jts", "Wgt"),
    )
    return IkGroup(
        name=record["Nme"],
        handle=record["Oid"],
        iterations=record["Mit"],
        damping=record["Dpg"],
        method=record["Cmt"],
        elements=tuple(record["Ike"]),
    )


_ACTIVE = 0x01


def _read_ik_element(section: Chunk) -> IkElement:
    record = read_section(
        section,
        {
            "Ik2": numbers("2i"),
            "Abc": integer,
            "Pr2": numbers("2f"),
            "Ctr": integer,
            "Wgt": numbers("2f"),
            "Var": byte,
        },
        ignored=("Oid",),
    )
    tip, base = record["Ik2"]
    angular, linear = record["Pr2"]
    return IkElement(
        tip=tip,
        base=base,
        constraint_base=record["Abc"],
        angular_precision=angular,
        linear_precision=linear,
        constraints=Constraint(record["Ctr"]),
        weights=record["Wgt"],
        active=bool(record["Var"] & _ACTIVE),
    )
