"""Lights that programs switch and colour, and lines that they draw for a person."""

from collections.abc import Iterator

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from sim.launched import launched

sim = functions()

SHED = w.section(
    "Cl2",
    w.chunk("Cl3", *[0.0] * 3, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, *[0.0] * 6),
    w.chunk("Sh2", 0),
    w.chunk("Trf", 1.0),
    w.chunk("Var", b"\x04"),
)
SUN = w.chunk(
    "LGT",
    w.base("sun", 1),
    w.chunk("Cp2", 3, 5, 0.1),
    w.chunk("Cp3", 1.5),
    w.chunk("Caf", 0.5, 0.0, 0.25),
    w.chunk("Cas", b"\x01"),
    SHED,
    b"EOO",
)
"""A directional light along z."""

CASTS_SHADOWS, EXPONENT, CUTOFF, CONSTANT = 8000, 8001, 8002, 8003


@pytest.fixture
def lit() -> Iterator[simulation.Simulation]:
    with launched(
        w.box_pool((1, 1, 1)),
        w.box("wall", 2, size=(1, 1, 1), dynamic=False, position=(0, 0, 2)),
        SUN,
    ) as found:
        yield found


def wall() -> np.ndarray:
    """The middle of what is seen of the wall, red, green and blue."""
    sensor = sim["simCreateVisionSensor"](
        3, [32, 32, 0, 0], [0.1, 5.0, 1.0, *[0.0] * 8], None
    )
    sim["simHandleVisionSensor"](sensor)
    return sim["simGetVisionSensorImage"](sensor, None)[16, 16]


def test_a_light_lights_until_it_is_switched_off(lit: simulation.Simulation) -> None:
    sun = sim["simGetObjectHandle"]("sun")
    state, diffuse, specular = sim["simGetLightParameters"](sun)
    assert (state, diffuse, specular) == (1, [0.5] * 3, [0.25] * 3)
    bright = wall()
    sim["simSetLightParameters"](sun, 1, [0.5, 0.0, 0.0], [0.0, 0.0, 0.0])
    red = wall()
    assert red[0] > red[1] + 0.05
    assert red[1] < bright[1]
    sim["simSetLightParameters"](sun, 0)
    assert sim["simGetLightParameters"](sun)[0] == 0
    dark = wall()
    assert dark[0] < red[0]
    assert dark[0] == pytest.approx(dark[1])


def test_a_light_s_numbers_are_kept(lit: simulation.Simulation) -> None:
    sun = sim["simGetObjectHandle"]("sun")
    get, set_to = sim["simGetObjectFloatParameter"], sim["simSetObjectFloatParameter"]
    assert get(sun, EXPONENT) == 5
    set_to(sun, EXPONENT, 7.0)
    set_to(sun, CUTOFF, 1.0)
    assert (get(sun, EXPONENT), get(sun, CUTOFF), get(sun, CONSTANT)) == (7, 1, 0.5)
    assert sim["simGetObjectInt32Parameter"](sun, CASTS_SHADOWS) == 1
    sim["simSetObjectInt32Parameter"](sun, CASTS_SHADOWS, 0)
    assert sim["simGetObjectInt32Parameter"](sun, CASTS_SHADOWS) == 0
    with pytest.raises(RuntimeError, match="read only"):
        set_to(sun, CONSTANT, 1.0)
    with pytest.raises(RuntimeError, match="three"):
        sim["simSetLightParameters"](sun, 1, [np.nan, 0, 0])
    with pytest.raises(RuntimeError, match="no light"):
        sim["simGetLightParameters"](sim["simGetObjectHandle"]("wall"))


def test_lines_drawn_for_a_person_are_kept_and_not_seen(
    lit: simulation.Simulation,
) -> None:
    before = wall()
    lines = sim["simAddDrawingObject"](1, 3, 0, -1, 99, [1, 0, 1])
    sim["simAddDrawingObjectItem"](lines, [0, 0, 1, 1, 1, 1])
    with pytest.raises(RuntimeError, match="6 numbers"):
        sim["simAddDrawingObjectItem"](lines, [0, 0, 1])
    sim["simAddDrawingObjectItem"](lines, None)
    np.testing.assert_array_equal(wall(), before)
    sim["simRemoveDrawingObject"](lines)
    with pytest.raises(RuntimeError, match="no drawing object"):
        sim["simRemoveDrawingObject"](lines)
