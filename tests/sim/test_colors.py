"""Colours of shapes that programs set."""

import dataclasses
from collections.abc import Iterator

import pytest

from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from pyrep_mujoco.ttm.meshes import Compound, Mesh
from pyrep_mujoco.ttm.shapes import Shape
from sim.launched import launched

sim = functions()


@pytest.fixture
def empty() -> Iterator[simulation.Simulation]:
    with launched() as found:
        yield found


def two_boxes() -> tuple[int, int]:
    create = sim["simCreatePureShape"]
    first, second = (create(0, 0, [0.1] * 3, 1.0, None) for _ in range(2))
    return first, second


def test_colours_are_set_in_the_model_without_another_one(
    empty: simulation.Simulation,
) -> None:
    first, second = two_boxes()
    group = sim["simGroupShapes"]([first, second])
    compiled = empty.scene.compiled
    sim["simSetShapeColor"](group, None, 0, [0.5, 0.5, 0.5])
    sim["simSetShapeColor"](group, "", 4, [0.25])
    assert sim["simGetShapeColor"](group, None, 0) == [0.5, 0.5, 0.5]
    assert sim["simGetShapeColor"](group, None, 4)[0] == 0.25
    assert empty.scene.compiled is compiled
    (rgba,) = {tuple(row) for row in compiled.model.mat_rgba.tolist()}
    assert rgba == (0.5, 0.5, 0.5, 0.25)
    # And the next model has it, too.
    empty.scene.recompile()
    assert empty.scene.model.mat_rgba[0].tolist() == [0.5, 0.5, 0.5, 0.25]
    with pytest.raises(RuntimeError, match="components"):
        sim["simSetShapeColor"](group, None, 7, [0.5, 0.5, 0.5])


def test_only_colours_of_a_name_change_where_one_is_given(
    empty: simulation.Simulation,
) -> None:
    first, second = two_boxes()
    node = empty.node(first)
    shape = node.source
    assert isinstance(shape, Shape)
    assert isinstance(shape.geometry, Mesh)
    color = dataclasses.replace(shape.geometry.color, name="lid")
    mesh = dataclasses.replace(shape.geometry, color=color)
    node.source = dataclasses.replace(shape, geometry=mesh)
    group = sim["simGroupShapes"]([first, second])
    sim["simSetShapeColor"](group, "lid", 0, [1.0, 0.0, 0.0])
    assert sim["simGetShapeColor"](group, "lid", 0) == [1.0, 0.0, 0.0]
    assert sim["simGetShapeColor"](group, None, 0) != [1.0, 0.0, 0.0]
    whole = empty.node(group).source
    assert isinstance(whole, Shape)
    assert isinstance(whole.geometry, Compound)
