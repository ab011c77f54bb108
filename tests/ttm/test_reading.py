"""What a file says is what a model holds; written by hand and by CoppeliaSim."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttm_writer as w
from pyrep_mujoco.ttm.chunks import Chunk
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.geometry import read_pool
from pyrep_mujoco.ttm.joints import Joint, JointKind, JointMode
from pyrep_mujoco.ttm.meshes import Compound, Mesh, Primitive, leaves
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.scripts import disguised
from pyrep_mujoco.ttm.shapes import Shape

DATA = Path(__file__).parents[1] / "data" / "ttm"


@pytest.mark.parametrize("compressed", [False, True])
def test_a_written_shape_is_read_as_it_was_written(compressed: bool) -> None:
    half = np.sqrt(0.5)
    content = w.file(
        w.box_pool((0.1, 0.2, 0.3)),
        w.box(
            "crate",
            7,
            mass=2.5,
            size=(0.1, 0.2, 0.3),
            masks=0x0F30,
            position=(1.0, 2.0, 3.0),
            quat_wxyz=(half, 0, 0, half),
            model_base=True,
            extension="open_gripper()",
            layers=0x100,
        ),
        compressed=compressed,
    )
    model = read_model(content)
    (crate,) = model.objects
    assert isinstance(crate, Shape)
    assert (crate.name, crate.handle, crate.parent) == ("crate", 7, -1)
    assert crate.pose.position == (1.0, 2.0, 3.0)
    assert crate.pose.quat_wxyz == pytest.approx((half, 0, 0, half))
    assert crate.is_model_base
    assert crate.extension == "open_gripper()"
    assert not crate.on_shown_layer
    assert (crate.dynamic, crate.respondable) == (True, True)
    assert (crate.local_mask, crate.global_mask) == (0x30, 0x0F)
    assert crate.material.friction == pytest.approx(0.7)
    mesh = crate.geometry
    assert isinstance(mesh, Mesh)
    assert (mesh.mass, mesh.primitive, mesh.convex) == (2.5, Primitive.CUBOID, True)
    assert mesh.size == pytest.approx((0.1, 0.2, 0.3))
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), mesh.size, rtol=1e-6)
    assert mesh.triangles.tolist() == [list(corners) for corners in w.BOX_TRIANGLES]
    assert mesh.normals.shape == (12, 3, 3)
    assert not model.is_scene


def test_arrays_of_a_model_cannot_be_written() -> None:
    model = read_model((DATA / "PandaGripper.ttm").read_bytes())
    for thing in model.objects:
        if isinstance(thing, Shape):
            for mesh in leaves(thing.geometry):
                for array in (mesh.vertices, mesh.triangles, mesh.normals):
                    assert not array.flags.writeable


def test_compounds_keep_the_order_and_the_masses_of_their_parts() -> None:
    inner = w.compound("Wrp", w.mesh("Geo", 1, (1, 1, 1), mass=3.0), mass=4.0)
    outer = w.compound("Gsg", w.mesh("Geo", 0, (1, 1, 1)), inner, mass=5.0)
    content = w.file(
        # The pool may come after the shapes that refer to it.
        w.shape(w.base("both", 1), outer),
        w.box_pool((1, 1, 1), (2, 2, 2)),
    )
    (both,) = read_model(content).objects
    assert isinstance(both, Shape)
    assert isinstance(both.geometry, Compound)
    first, second = both.geometry.parts
    assert isinstance(first, Mesh)
    assert isinstance(second, Compound)
    assert (both.geometry.mass, second.mass, second.parts[0].mass) == (5.0, 4.0, 3.0)
    sizes = [float(np.ptp(mesh.vertices[:, 0])) for mesh in leaves(both.geometry)]
    assert sizes == [1.0, 2.0]


def test_joints_and_dummies_are_read_as_they_were_written() -> None:
    content = w.file(
        w.joint(
            w.base("hinge", 1),
            kind=11,
            flags=0x10 | 0x80,
            position=0.25,
            minimum=-0.5,
            reach=1.5,
            max_force=30.0,
            spring=(5.0, 0.5),
            target_position=0.125,
            locked=True,
        ),
        w.dummy(w.base("tip", 2, 1, position=(0, 0, 1)), linked=3, kind=5),
        w.dummy(w.base("target", 3), linked=2, kind=5),
    )
    hinge, tip, target = read_model(content).objects
    assert isinstance(hinge, Joint)
    assert (hinge.kind, hinge.mode) == (JointKind.PRISMATIC, JointMode.FORCE)
    assert (hinge.motor, hinge.spring, hinge.position_control) == (True, True, False)
    assert (hinge.position, hinge.minimum, hinge.range) == (0.25, -0.5, 1.5)
    assert (hinge.max_force, hinge.spring_constants) == (30.0, (5.0, 0.5))
    assert (hinge.target_position, hinge.locked_at_zero) == (0.125, True)
    assert isinstance(tip, Dummy)
    assert isinstance(target, Dummy)
    assert (tip.parent, tip.linked_to, target.linked_to) == (1, 3, 2)


def packed(indices: list[int]) -> bytes:
    """Indices as files pack them: differences in one to four bytes."""
    out, before = bytearray(), 0
    for index in indices:
        for more, offset in enumerate((31, 8191, 2097151, 536870911)):
            value = index - before + offset
            if 0 <= value < 1 << (6 + 8 * more):
                out.append(more << 6 | value & 63)
                out += (value >> 6).to_bytes(more, "little")
                break
        before = index
    return struct.pack("<i", len(indices)) + bytes(out)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**28), min_size=3, max_size=60), st.integers(1, 100))
def test_packed_triangles_are_the_indices_that_were_packed(
    some: list[int], times: int
) -> None:
    indices = (some * 3 * times)[: len(some) * times // 3 * 3]
    pool = w.section("VIN", w.chunk("In2", packed(indices)))[7:]
    read = read_pool(Chunk(pool, "VIN", "VIN", 0, len(pool)))
    assert read.triangles[0].reshape(-1).tolist() == indices


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_disguising_a_script_can_be_undone(text: bytes) -> None:
    assert disguised(disguised(text, back=False), back=True) == text


def test_the_gripper_is_read_whole() -> None:
    model = read_model((DATA / "PandaGripper.ttm").read_bytes())
    assert [type(thing).__name__ for thing in model.objects] == [
        *("Shape", "Joint", "Shape", "Shape", "Joint", "Shape", "Shape", "Shape"),
        *("ForceSensor", "Dummy", "ProximitySensor"),
    ]
    joint = model.by_name["Panda_gripper_joint1"]
    assert isinstance(joint, Joint)
    assert (joint.kind, joint.minimum) == (JointKind.PRISMATIC, 0)
    # Each finger opens by 4 cm, as the robot's maker says.
    assert joint.range == pytest.approx(0.04)
    assert model.by_name["Panda_tip"].parent == model.by_name["Panda_gripper"].handle


@pytest.mark.parametrize("path", sorted(DATA.glob("*.ttm")), ids=lambda path: path.stem)
def test_coppeliasims_own_numbers_hold_together(path: Path) -> None:
    """Vertices lie in the primitive they stand for, and normals are unit vectors."""
    model = read_model(path.read_bytes())
    checked = 0
    for thing in model.objects:
        if not isinstance(thing, Shape):
            continue
        for mesh in leaves(thing.geometry):
            np.testing.assert_allclose(
                np.linalg.norm(mesh.normals, axis=-1), 1, atol=1e-3
            )
            if mesh.primitive in (Primitive.CUBOID, Primitive.SPHEROID):
                extent = np.ptp(mesh.vertices, axis=0)
                np.testing.assert_allclose(extent, mesh.size, rtol=1e-4)
                checked += 1
    assert checked or path.stem == "Panda"
