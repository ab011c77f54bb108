"""An arm of two links and a lift that tests write themselves, and PyRep's Panda."""

import functools
from pathlib import Path

import numpy as np

import ttm_writer as w
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.read import read_model

PANDA = Path(__file__).parents[1] / "data" / "ttm" / "Panda.ttm"


@functools.cache
def panda_model() -> Model:
    """PyRep's Panda as read; nobody can write to it."""
    return read_model(PANDA.read_bytes())


def panda() -> tuple[Simulation, list[int]]:
    """A simulation of PyRep's Panda, and its joints' handles."""
    launched = simulation.launch()
    launched.scene.load(panda_model())
    tree = launched.scene.tree
    return launched, [tree.node(f"Panda_joint{n}").handle for n in range(1, 8)]


def ik_element(tip: int, base: int, *, constraints: int = 31) -> bytes:
    """An element of an IK group."""
    return w.section(
        "Ike",
        w.chunk("Oid", 0),
        w.chunk("Ik2", tip, base),
        w.chunk("Abc", -1),
        w.chunk("Pr2", float(np.deg2rad(0.1)), 5e-4),
        w.chunk("Ctr", constraints),
        w.chunk("Wgt", 1.0, 1.0),
        w.chunk("Var", bytes([1])),
    )


def ik_group(name: str, *elements: bytes) -> bytes:
    """An IK group."""
    return w.section(
        "IKO",
        w.chunk("Oid", 2030000),
        w.chunk("Nme", name),
        w.chunk("Mit", 6),
        w.chunk("Dpg", 0.1),
        w.chunk("Cmt", 0),
        *elements,
    )


def lift_arm(*more: bytes, constraints: int = 7, linked: int = 9) -> Simulation:
    """Two links of 0.5 m that turn about z, on a lift; handles 0 to 7 in order.

    The objects are post, lift, column, shoulder, upper, elbow, tip, target.
    """
    launched = simulation.launch()
    body = w.file(
        w.box_pool((0.1, 0.1, 0.1)),
        w.box("post", 1, dynamic=False),
        w.joint(w.base("lift", 2, 1), kind=11, minimum=0.0, reach=0.3, mode=2),
        w.box("column", 3, 2, dynamic=False),
        w.joint(w.base("shoulder", 4, 3), minimum=-2.0, reach=4.0, mode=2),
        w.box("upper", 5, 4, dynamic=False),
        w.joint(w.base("elbow", 6, 5, position=(0.5, 0, 0)), flags=1, mode=2),
        w.dummy(w.base("tip", 7, 6, position=(0.5, 0, 0)), linked=linked, kind=5),
        w.dummy(w.base("target", 9, position=(0.6, 0.3, 0.1)), linked=7, kind=5),
        *more,
        ik_group("arm_ik", ik_element(7, 1, constraints=constraints)),
    )
    launched.scene.load(read_model(body))
    return launched
