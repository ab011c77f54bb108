"""Textures that programs read from files and lay on shapes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from sim.launched import launched

sim = functions()

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10
"""A picture of 3 by 2; its first row is the top one."""


@pytest.fixture
def empty() -> Iterator[simulation.Simulation]:
    with launched() as found:
        yield found


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "wood.png"
    Image.fromarray(PIXELS).save(path)
    return str(path)


def cube() -> int:
    return sim["simCreatePureShape"](0, 0, [0.1, 0.1, 0.1], 1.0, None)


def test_a_texture_from_a_file_can_be_laid_on_other_shapes(
    empty: simulation.Simulation, picture: str
) -> None:
    plane = sim["simCreateTexture"](picture, 0)
    number = sim["simGetShapeTextureId"](plane)
    handle = cube()
    sim["simSetShapeTexture"](handle, number, 3, 4, [0.2, 0.2], None, None)
    assert sim["simGetShapeTextureId"](handle) == number
    sim["simRemoveObject"](plane)
    look = sim["simGetShapeViz"](handle, 0)
    assert look.textureRes == (3, 2)
    assert look.textureId == number
    assert len(look.textureCoords) == 12 * 3 * 2
    # It repeats along u, and pixels are interpolated.
    assert look.textureOptions == 1 | 4
    rows = np.reshape(look.texture, (2, 3, 4))
    np.testing.assert_array_equal(rows[::-1, :, :3], PIXELS)
    model = empty.scene.model
    np.testing.assert_array_equal(model.tex_data.reshape(2, 3, 3)[::-1], PIXELS)
    sim["simSetShapeTexture"](handle, -1, 0, 0, [1, 1], None, None)
    assert empty.scene.model.ntex == 0
    with pytest.raises(RuntimeError, match="no texture"):
        sim["simGetShapeTextureId"](handle)


def test_a_texture_that_no_object_has_is_forgotten(
    empty: simulation.Simulation, picture: str
) -> None:
    plane = sim["simCreateTexture"](picture, 0)
    number = sim["simGetShapeTextureId"](plane)
    sim["simRemoveObject"](plane)
    sim["simCreateTexture"](picture, 0)
    with pytest.raises(RuntimeError, match="no texture"):
        sim["simSetShapeTexture"](cube(), number, 0, 0, [1, 1], None, None)


def test_pixels_are_laid_on_a_shape_by_its_corners(
    empty: simulation.Simulation,
) -> None:
    handle = cube()
    coordinates = np.linspace(0, 1, 12 * 3 * 2).tolist()
    texture = PIXELS.reshape(-1).tolist()
    sim["simApplyTexture"](handle, coordinates, 72, texture, (3, 2), 2)
    look = sim["simGetShapeViz"](handle, 0)
    np.testing.assert_allclose(look.textureCoords, coordinates, rtol=1e-6)
    rows = np.reshape(look.texture, (2, 3, 4))
    np.testing.assert_array_equal(rows[..., :3], PIXELS)
    assert look.textureApplyMode == 1
    flipped = 32 | 64
    sim["simApplyTexture"](handle, coordinates, 72, texture, (3, 2), flipped)
    rows = np.reshape(sim["simGetShapeViz"](handle, 0).texture, (2, 3, 4))
    np.testing.assert_array_equal(rows[..., :3], PIXELS[::-1, ::-1])
    with pytest.raises(RuntimeError, match="coordinates"):
        sim["simApplyTexture"](handle, coordinates[2:], 70, texture, (3, 2), 0)
    with pytest.raises(RuntimeError, match=r"came\."):
        sim["simApplyTexture"](handle, coordinates, 72, texture, (3, 3), 0)


def test_a_compound_takes_no_texture_until_it_is_ungrouped(
    empty: simulation.Simulation, picture: str
) -> None:
    number = sim["simGetShapeTextureId"](sim["simCreateTexture"](picture, 0))
    group = sim["simGroupShapes"]([cube(), cube()])
    with pytest.raises(RuntimeError, match="Ungroup"):
        sim["simSetShapeTexture"](group, number, 0, 0, [1, 1], None, None)
    parts = sim["simUngroupShape"](group)
    for part in parts:
        sim["simSetShapeTexture"](part, number, 0, 0, [1, 1], None, None)
    assert sim["simGroupShapes"](parts) == group
    assert sim["simGetShapeViz"](group, 1).textureId == number


def test_a_file_that_is_no_picture_is_an_error(
    empty: simulation.Simulation, tmp_path: Path
) -> None:
    path = tmp_path / "no.png"
    with pytest.raises(RuntimeError, match=r"no\.png"):
        sim["simCreateTexture"](str(path), 0)
    path.write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match=r"no\.png"):
        sim["simCreateTexture"](str(path), 0)
