"""Shapes that programs make: primitives, meshes, groups, sizes, masses, forces."""

from collections.abc import Iterator

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from pyrep_mujoco.ttm.meshes import Mesh
from pyrep_mujoco.ttm.shapes import Shape
from sim.launched import launched

sim = functions()

CUBOID, SPHERE, CYLINDER, CONE = range(4)
RESPONDABLE, STATIC = 8, 16
MASS, COMPOUND, CONVEX = 3005, 3016, 3017


@pytest.fixture
def empty() -> Iterator[simulation.Simulation]:
    with launched() as found:
        yield found


def box_of(handle: int, first: int = 15) -> list[float]:
    """The least and the greatest corner of an object's box, from its parameters."""
    get = sim["simGetObjectFloatParameter"]
    return [get(handle, first + place) for place in range(6)]


def volume(handle: int) -> float:
    vertices, indices, _ = sim["simGetShapeMesh"](handle)
    corners = np.reshape(vertices, (-1, 3))[np.reshape(indices, (-1, 3))]
    return float(np.linalg.det(corners).sum() / 6)


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        (CUBOID, (0.1, 0.2, 0.3), 0.006),
        (SPHERE, (0.2, 0.2, 0.2), 4 / 3 * np.pi * 0.001),
        (CYLINDER, (0.2, 0.7, 0.3), np.pi * 0.003),
        (CONE, (0.2, 0.7, 0.3), np.pi * 0.001),
    ],
)
def test_a_primitive_is_closed_and_has_its_size(
    empty: simulation.Simulation, kind: int, size: tuple, expected: float
) -> None:
    handle = sim["simCreatePureShape"](kind, RESPONDABLE, list(size), 2.0, None)
    assert volume(handle) == pytest.approx(expected, rel=0.02)
    assert box_of(handle)[3] == pytest.approx(size[0] / 2)
    assert box_of(handle)[5] == pytest.approx(size[2] / 2)
    assert sim["simGetObjectFloatParameter"](handle, MASS) == 2.0
    shape = empty.node(handle).source
    assert isinstance(shape, Shape)
    assert shape.dynamic
    assert shape.respondable
    # As in CoppeliaSim, a program has to switch these on.
    assert shape.special_properties == 0


def test_a_cuboid_has_the_inertia_of_a_solid(empty: simulation.Simulation) -> None:
    handle = sim["simCreatePureShape"](CUBOID, 0, [0.1, 0.2, 0.3], 1.0, None)
    shape = empty.node(handle).source
    assert isinstance(shape, Shape)
    moments = sorted(shape.geometry.inertia_per_mass)
    np.testing.assert_allclose(moments, np.array([5, 10, 13]) * 1e-2 / 12, rtol=1e-5)


def test_a_new_primitive_falls_and_lands(empty: simulation.Simulation) -> None:
    create = sim["simCreatePureShape"]
    create(CUBOID, RESPONDABLE | STATIC, [1, 1, 0.1], 1.0, None)
    ball = create(SPHERE, RESPONDABLE, [0.1, 0.1, 0.1], 0.1, None)
    node = empty.node(ball)
    empty.scene.place(node, empty.scene.frame_w(node)._replace(position=(0, 0, 0.2)))
    empty.scene.step(200)
    assert empty.scene.frame_w(node).position[2] == pytest.approx(0.1, abs=2e-3)


@pytest.mark.parametrize(
    ("kind", "size", "mass"),
    [(9, [1, 1, 1], 1.0), (0, [1, np.nan, 1], 1.0), (0, [1, 1, 1], np.inf)],
)
def test_what_is_no_primitive_is_an_error(
    empty: simulation.Simulation, kind: int, size: list, mass: float
) -> None:
    with pytest.raises(RuntimeError, match=r"came\."):
        sim["simCreatePureShape"](kind, 0, size, mass, None)
    assert len(empty.scene.tree) == 0


TRIANGLE = [-0.1, -0.1, 0.5, -0.1, 0.1, 0.5, 0.1, 0.0, 0.5]


def test_a_mesh_stands_where_its_vertices_are(empty: simulation.Simulation) -> None:
    handle = sim["simCreateMeshShape"](0, 0.3, TRIANGLE, [0, 1, 2])
    place = empty.scene.frame_w(empty.node(handle))
    vertices, indices, normals = sim["simGetShapeMesh"](handle)
    assert place.position == pytest.approx((0, 0, 0.5))
    world = np.reshape(vertices, (-1, 3))[indices] + place.position
    np.testing.assert_allclose(world, np.reshape(TRIANGLE, (-1, 3)), atol=1e-6)
    np.testing.assert_allclose(np.reshape(normals, (3, 3)), [(0, 0, -1)] * 3)


@pytest.mark.parametrize(
    ("vertices", "indices"),
    [(TRIANGLE, []), (TRIANGLE[:8], [0, 1, 2]), (TRIANGLE, [0, 1, 3])],
)
def test_what_is_no_mesh_is_an_error(
    empty: simulation.Simulation, vertices: list, indices: list
) -> None:
    with pytest.raises(RuntimeError, match=r"came\."):
        sim["simCreateMeshShape"](0, 0.3, vertices, indices)


def two_boxes() -> tuple[int, int]:
    create = sim["simCreatePureShape"]
    first = create(CUBOID, 0, [0.1, 0.1, 0.1], 1.0, None)
    second = create(CUBOID, 0, [0.2, 0.2, 0.2], 3.0, None)
    found = simulation.current()
    node = found.node(first)
    place = found.scene.frame_w(node)
    found.scene.place(node, place._replace(position=(1.0, 0.0, 0.0)))
    return first, second


def test_grouped_shapes_are_one_that_has_their_mass(
    empty: simulation.Simulation,
) -> None:
    first, second = two_boxes()
    group = sim["simGroupShapes"]([first, second])
    assert group == second
    assert [node.handle for node in empty.scene.tree] == [second]
    assert sim["simGetObjectFloatParameter"](group, MASS) == 4.0
    assert box_of(group) == pytest.approx([-0.1, -0.1, -0.1, 1.05, 0.1, 0.1])
    assert sim["simGetObjectInt32Parameter"](group, COMPOUND) == 1
    shape = empty.node(group).source
    assert isinstance(shape, Shape)
    assert shape.geometry.inertia_pose.position == pytest.approx((0.25, 0, 0))
    # 3 kg of edge 0.2 at 0.25 m from the centre of mass, 1 kg of edge 0.1 at 0.75 m.
    about_z = (3 * (0.04 / 6 + 0.25**2) + (0.01 / 6 + 0.75**2)) / 4
    assert max(shape.geometry.inertia_per_mass) == pytest.approx(about_z)


def test_an_ungrouped_compound_grouped_again_is_as_before(
    empty: simulation.Simulation,
) -> None:
    first, second = two_boxes()
    group = sim["simGroupShapes"]([first, second])
    before, mesh = box_of(group), sim["simGetShapeMesh"](group)[0]
    parts = sim["simUngroupShape"](group)
    assert parts[-1] == group
    assert box_of(group)[3] == pytest.approx(0.1)
    other = empty.node(parts[0])
    assert empty.scene.frame_w(other).position == pytest.approx((1, 0, 0))
    assert other.name == "Cuboid"
    assert sim["simGroupShapes"](parts) == group
    assert box_of(group) == pytest.approx(before)
    np.testing.assert_allclose(sim["simGetShapeMesh"](group)[0], mesh, atol=1e-6)


def test_compounds_of_compounds_are_ungrouped_to_simple_shapes(
    empty: simulation.Simulation,
) -> None:
    inner = sim["simGroupShapes"](list(two_boxes()))
    whole = sim["simGroupShapes"]([two_boxes()[0], inner])
    parts = sim["simUngroupShape"](whole)
    assert len(parts) == 3
    get = sim["simGetObjectInt32Parameter"]
    assert [get(part, COMPOUND) for part in parts] == [0, 0, 0]


def test_merged_shapes_are_one_simple_shape(empty: simulation.Simulation) -> None:
    first, second = two_boxes()
    merged = sim["simGroupShapes"]([first, second], merge=True)
    shape = empty.node(merged).source
    assert isinstance(shape, Shape)
    assert isinstance(shape.geometry, Mesh)
    assert box_of(merged) == pytest.approx([-0.1, -0.1, -0.1, 1.05, 0.1, 0.1])
    assert volume(merged) == pytest.approx(0.009)


def test_a_group_of_one_and_a_simple_shape_ungrouped_are_errors(
    empty: simulation.Simulation,
) -> None:
    first, _ = two_boxes()
    with pytest.raises(RuntimeError, match="Two shapes"):
        sim["simGroupShapes"]([first, first])
    with pytest.raises(RuntimeError, match="simple"):
        sim["simUngroupShape"](first)


def test_a_stretched_shape_has_the_size_and_mass_of_it(
    empty: simulation.Simulation,
) -> None:
    _, handle = two_boxes()
    sim["simScaleObject"](handle, 1.0, 2.0, 4.0)
    assert box_of(handle)[3:] == pytest.approx([0.1, 0.2, 0.4])
    assert sim["simGetObjectFloatParameter"](handle, MASS) == pytest.approx(24.0)
    assert sim["simGetObjectSizeFactor"](handle) == pytest.approx(2.0)
    shape = empty.node(handle).source
    assert isinstance(shape, Shape)
    moments = sorted(shape.geometry.inertia_per_mass)
    solid = sorted(((0.04 + 0.16) / 12, (0.04 + 0.64) / 12, (0.16 + 0.64) / 12))
    np.testing.assert_allclose(moments, solid, rtol=1e-5)


def test_evenly_scaled_objects_keep_their_kind_and_may_move(
    empty: simulation.Simulation,
) -> None:
    first, second = two_boxes()
    sim["simScaleObjects"]([first, second], 0.5, True)
    assert box_of(first)[3] == pytest.approx(0.025)
    assert empty.scene.frame_w(empty.node(first)).position[0] == pytest.approx(0.5)
    with pytest.raises(RuntimeError, match="positive"):
        sim["simScaleObjects"]([first], -1.0)


def test_a_models_box_follows_its_shapes(empty: simulation.Simulation) -> None:
    """What was worked out before holds only while nothing has changed."""
    first, second = two_boxes()
    sim["simSetObjectParent"](second, first, True)
    assert box_of(first, 21) == pytest.approx([-1.1, -0.1, -0.1, 0.05, 0.1, 0.1])
    sim["simSetObjectPosition"](second, -1, [1.5, 0.0, 0.0])
    assert box_of(first, 21) == pytest.approx([-0.05, -0.1, -0.1, 0.6, 0.1, 0.1])
    sim["simScaleObject"](second, 1.0, 2.0, 1.0)
    assert box_of(first, 21) == pytest.approx([-0.05, -0.2, -0.1, 0.6, 0.2, 0.1])
    sim["simSetObjectPosition"](first, -1, [0.0, 0.0, 2.0])
    assert box_of(first, 21) == pytest.approx([-0.05, -0.2, -0.1, 0.6, 0.2, 0.1])
    sim["simSetObjectParent"](second, -1, True)
    assert box_of(first, 21) == pytest.approx([-0.05] * 3 + [0.05] * 3)


def test_a_frame_along_the_world_moves_neither_the_shape_nor_what_hangs_on_it(
    empty: simulation.Simulation,
) -> None:
    corners = np.array([(x, y, z) for x in (0, 2) for y in (0, 1) for z in (0, 1)])
    half = np.sqrt(0.5)
    turned = corners @ np.array([(half, half, 0), (-half, half, 0), (0, 0, 1)])
    indices = [corner for triangle in w.BOX_TRIANGLES for corner in triangle]
    handle = sim["simCreateMeshShape"](0, 0.3, turned.reshape(-1).tolist(), indices)
    child, _ = two_boxes()
    node = empty.node(handle)
    empty.scene.hang(empty.node(child), node)
    # A long turned box is found to be one.
    assert sorted(box_of(handle)[3:]) == pytest.approx([0.5, 0.5, 1.0])

    def corners_w() -> np.ndarray:
        vertices = np.reshape(sim["simGetShapeMesh"](handle)[0], (-1, 3))
        place = np.reshape(sim["simGetObjectMatrix"](handle, -1), (3, 4))
        return vertices @ place[:, :3].T + place[:, 3]

    before = corners_w()
    assert sim["simReorientShapeBoundingBox"](handle, -1) == 1
    np.testing.assert_allclose(corners_w(), before, atol=1e-6)
    np.testing.assert_allclose(
        np.reshape(sim["simGetObjectMatrix"](handle, -1), (3, 4))[:, :3],
        np.eye(3),
        atol=1e-6,
    )
    assert empty.scene.frame_w(empty.node(child)).position == pytest.approx((1, 0, 0))


def test_a_density_gives_convex_shapes_their_mass(
    empty: simulation.Simulation,
) -> None:
    _, handle = two_boxes()
    assert sim["simComputeMassAndInertia"](handle, 2000.0) == 1
    assert sim["simGetObjectFloatParameter"](handle, MASS) == pytest.approx(16.0)
    with pytest.raises(RuntimeError, match="density"):
        sim["simComputeMassAndInertia"](handle, 0.0)
    bent = sim["simCreateMeshShape"](
        0, 0.3, [*TRIANGLE, -0.1, 0.0, 0.9], [0, 1, 2, 0, 1, 3]
    )
    assert sim["simGetObjectInt32Parameter"](bent, CONVEX) == 0
    assert sim["simComputeMassAndInertia"](bent, 2000.0) == 0


def test_added_forces_act_for_one_control_step(empty: simulation.Simulation) -> None:
    _, handle = two_boxes()
    gravity = 3.0 * 9.81
    sim["simAddForceAndTorque"](handle, [30.0, 0.0, gravity], None)
    sim["simAddForce"](handle, [0.0, 0.1, 0.0], [0.0, 0.0, 0.0])
    empty.step()
    linear, _ = empty.scene.velocity_w(empty.node(handle))
    np.testing.assert_allclose(linear, [10.0 * 0.05, 0, 0], atol=1e-6)
    empty.step()
    linear, _ = empty.scene.velocity_w(empty.node(handle))
    np.testing.assert_allclose(linear, [0.5, 0, -9.81 * 0.05], atol=1e-6)


def test_a_force_off_the_middle_turns_the_shape(empty: simulation.Simulation) -> None:
    _, handle = two_boxes()
    sim["simAddForce"](handle, [0.1, 0.0, 0.0], [0.0, 2.0, 0.0])
    empty.step()
    _, angular = empty.scene.velocity_w(empty.node(handle))
    inertia = 3.0 * 0.04 / 6
    assert angular[2] == pytest.approx(0.2 * 0.05 / inertia, rel=1e-3)
    with pytest.raises(SceneError, match="finite"):
        sim["simAddForce"](handle, [0, 0, 0], [np.nan, 0, 0])
