"""What all scene objects have in common."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from pyrep_mujoco.ttm.chunks import BASE_END, Chunk, Record, read_run, read_section
from pyrep_mujoco.ttm.values import (
    Pose,
    byte,
    bytes_at,
    integer,
    integer_at,
    numbers,
    pose_quat_first,
    real,
    text,
    text_at,
)


class ObjectProperty(IntFlag):
    """Bits of `SceneObject.properties`; named are those that change a simulation."""

    SELECTABLE = 0x20
    SELECTS_MODEL_BASE = 0x80
    NOT_IN_MODEL_BOX = 0x100
    INVISIBLE_TO_DEPTH = 0x1000


class SpecialProperty(IntFlag):
    """Bits of `SceneObject.special_properties`."""

    COLLIDABLE = 0x1
    MEASURABLE = 0x2
    DETECTABLE_ULTRASONIC = 0x10
    DETECTABLE_INFRARED = 0x20
    DETECTABLE_LASER = 0x40
    DETECTABLE_INDUCTIVE = 0x80
    DETECTABLE_CAPACITIVE = 0x100
    RENDERABLE = 0x200


class ModelProperty(IntFlag):
    """Bits of `SceneObject.model_properties`; they hold for the whole tree below."""

    NOT_COLLIDABLE = 0x1
    NOT_MEASURABLE = 0x2
    NOT_RENDERABLE = 0x4
    NOT_DETECTABLE = 0x8
    NOT_DYNAMIC = 0x20
    NOT_RESPONDABLE = 0x40
    NOT_RESET = 0x80
    NOT_VISIBLE = 0x100
    SCRIPTS_INACTIVE = 0x200
    NOT_IN_BOX = 0x400


SHOWN_LAYERS = 0x00FF
"""Layers that a camera shows by default."""

_MODEL_BASE = 0x01
_LAYERS_HOLD = 0x04
"""Bit of ``Op2``; where it is clear, an old file hides the object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneObject:
    """One object of a scene tree."""

    name: str
    """Unique within the file."""
    handle: int
    """By which other objects of the file refer to it."""
    parent: int
    """Its parent's handle, or -1."""
    pose: Pose
    """In the parent's frame; below a joint, in the frame that the joint moves."""
    properties: ObjectProperty
    """Selection, the model's box, the depth pass."""
    special_properties: SpecialProperty
    """What it collides with, what detects it, whether cameras see it."""
    is_model_base: bool
    """Whether it is the root of a model."""
    model_properties: ModelProperty
    """What a model base takes from its tree; without meaning elsewhere."""
    layers: int
    """Visibility layers, 16 bits."""
    seen_by: int
    """-1 every camera, -2 none, else the camera or collection that alone sees it."""
    size_factor: float
    """By how much it was scaled since it was made."""
    extension: str
    """Free text; RLBench keeps the commands of waypoints in it."""
    custom_data: tuple[tuple[int, bytes], ...]
    """Data of plug-ins and scripts: header number and bytes."""
    script_parameters: tuple[tuple[str, str, str, int], ...]
    """Of an attached script: name, unit, value, flags."""

    @property
    def on_shown_layer(self) -> bool:
        """Whether one of its layers is shown by default."""
        return bool(self.layers & SHOWN_LAYERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadObject(SceneObject):
    """An object of a kind whose own part this reader skips."""

    kind: str
    """The chunk's tag, such as ``GRH`` for a graph."""


_UNNEEDED = (
    # Assembling, editing, identifiers and acknowledgement texts.
    *("3do", "Anm", "Va4", "Sfb", "Crh", "Orh", "Alt", "Am2", "Amv"),
    *("Hci", "Sci", "Om5", "Omr", "Ack", "Ups", "Uis", "Tdo"),
)


def read_base(section: Chunk) -> tuple[dict[str, Any], int]:
    """The part of an object that all kinds share.

    Returns:
      the arguments of `SceneObject`, and the offset at which the kind's part begins.
    """
    record, end = read_run(
        section,
        section.start,
        {
            "Cfq": pose_quat_first,
            "Ids": numbers("2i"),
            "Nme": text,
            "Op2": integer,
            "Var": byte,
            "Va2": byte,
            "Va3": byte,
            "Omp": integer,
            "Mpo": integer,
            "Lar": numbers("H"),
            "Avo": integer,
            "Sfa": real,
            "Rst": text,
            "Cod": _read_custom_data,
            "Lsp": read_script_parameters,
        },
        ignored=_UNNEEDED,
        terminators=(BASE_END,),
    )
    # Three generations of one thing; a file has one or several of them.
    for tag in ("Va3", "Va2", "Var"):
        if tag in record:
            return _base_arguments(record, record[tag]), end.end
    raise section.error("The chunk Va3 is missing")


def _base_arguments(record: Record, model: int) -> dict[str, Any]:
    handle, parent = record["Ids"]
    properties = record["Op2"]
    (layers,) = record["Lar"]
    if not properties & _LAYERS_HOLD:
        layers = layers << 8 & 0xFFFF
    return {
        "name": record["Nme"],
        "handle": handle,
        "parent": parent,
        "pose": record["Cfq"],
        "properties": ObjectProperty(properties),
        "special_properties": SpecialProperty(record["Omp"]),
        "is_model_base": bool(model & _MODEL_BASE),
        "model_properties": ModelProperty(record["Mpo"]),
        "layers": layers,
        "seen_by": record.get("Avo", -1),
        "size_factor": record.get("Sfa", 1.0),
        "extension": record.get("Rst", ""),
        "custom_data": record.get("Cod", ()),
        "script_parameters": record.get("Lsp", ()),
    }


def _read_custom_data(section: Chunk) -> tuple[tuple[int, bytes], ...]:
    return tuple(read_section(section, {}, repeated={"Dat": _read_datum})["Dat"])


def _read_datum(chunk: Chunk) -> tuple[int, bytes]:
    if chunk.end - chunk.start < 4:
        raise chunk.error("A header number was expected; the chunk ends")
    header = int.from_bytes(chunk.data[:4], "little", signed=True)
    data, end = bytes_at(chunk, chunk.start + 4)
    if end != chunk.end:
        raise chunk.error(f"{chunk.end - end} bytes follow the data")
    return header, data


def read_script_parameters(section: Chunk) -> tuple[tuple[str, str, str, int], ...]:
    """Names, units, values and flags of a script's parameters."""
    record = read_section(section, {}, repeated={"Par": _read_parameters})
    return tuple(parameter for chunk in record["Par"] for parameter in chunk)


def _read_parameters(chunk: Chunk) -> tuple[tuple[str, str, str, int], ...]:
    count, place = integer_at(chunk, chunk.start)
    parameters = []
    # A parameter has 16 bytes at least; a false count ends at the chunk's end.
    for _ in range(count):
        name, place = text_at(chunk, place)
        unit, place = text_at(chunk, place)
        value, place = text_at(chunk, place)
        flags, place = integer_at(chunk, place)
        parameters.append((name, unit, value, flags))
    if place != chunk.end:
        raise chunk.error(f"{chunk.end - place} bytes follow the parameters", place)
    return tuple(parameters)
