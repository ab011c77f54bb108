"""What vision sensors see: colours, depths, handles, and when."""

from collections.abc import Iterator

import numpy as np
import pytest

from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from sim.launched import launched

sim = functions()

EXPLICIT, PERSPECTIVE = 1, 2
NEAR, FAR, WIDTH, HEIGHT, ENTITY, MODE = 1000, 1001, 1002, 1003, 1008, 1017
COLOR_CODED = 2
RED, GREEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


@pytest.fixture
def empty() -> Iterator[simulation.Simulation]:
    with launched() as found:
        yield found


def put(handle: int, *position: float) -> None:
    sim["simSetObjectPosition"](handle, -1, list(position))


def box(rgb: tuple, size: float, *position: float) -> int:
    handle = sim["simCreatePureShape"](0, 16, [size] * 3, 1.0, None)
    sim["simSetObjectSpecialProperty"](handle, 0x200)
    sim["simSetShapeColor"](handle, None, 0, rgb)
    put(handle, *position)
    return handle


def eye(
    width: int = 64, height: int = 64, options: int = EXPLICIT | PERSPECTIVE
) -> int:
    """A sensor at the origin; it looks along z, with y up and x to the left."""
    wide = np.pi / 2 if options & PERSPECTIVE else 2.0
    return sim["simCreateVisionSensor"](
        options, [width, height, 0, 0], [0.1, 5.0, wide, *[0.0] * 8], None
    )


def seen(handle: int) -> np.ndarray:
    sim["simHandleVisionSensor"](handle)
    return sim["simGetVisionSensorImage"](handle, None)


def depth(handle: int, *, metres: bool) -> np.ndarray:
    return sim["simGetVisionSensorDepthBuffer"](handle, None, metres)


def test_what_is_left_and_up_is_left_and_up_in_the_picture(
    empty: simulation.Simulation,
) -> None:
    box(RED, 0.4, 0.5, 0.5, 2.0)
    picture = seen(eye())
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.float32
    rows, columns = np.nonzero(picture[..., 0] > 0.1)
    assert rows.max() < 32
    assert columns.max() < 32
    assert not picture[..., 1:].any()


def test_depths_are_along_the_view_in_metres_and_from_near_to_far(
    empty: simulation.Simulation,
) -> None:
    box(RED, 1.0, 0.0, 0.0, 2.5)
    sensor = eye()
    seen(sensor)
    metres, share = depth(sensor, metres=True), depth(sensor, metres=False)
    # The face that is seen is at 2 m; it has no end to any side of the middle.
    np.testing.assert_allclose(metres[24:40, 24:40], 2.0, atol=1e-4)
    np.testing.assert_allclose(metres[0, 0], 5.0, atol=1e-4)
    np.testing.assert_allclose(share, (metres - 0.1) / 4.9, atol=1e-6)


def test_an_orthographic_sensor_sees_all_in_its_true_size(
    empty: simulation.Simulation,
) -> None:
    box(RED, 1.0, 0.0, 0.0, 3.0)
    sensor = eye(options=EXPLICIT)
    covered = seen(sensor)[..., 0] > 0.1
    assert covered.mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(depth(sensor, metres=True)[covered], 2.5, atol=1e-4)


def test_a_wide_picture_has_its_angle_along_the_width(
    empty: simulation.Simulation,
) -> None:
    box(RED, 2.0, 0.0, 0.0, 3.0)
    picture = seen(eye(width=128, height=64))
    # At 2 m, 4 m are 128 pixels wide and 2 m are 64 high.
    assert (picture[32, :, 0] > 0.1).sum() == pytest.approx(64, abs=1)
    assert (picture[:, 64, 0] > 0.1).all()


def test_handles_are_seen_as_colours_and_nothing_as_white(
    empty: simulation.Simulation,
) -> None:
    # Handles above 255 need a second colour.
    for _ in range(256):
        sim["simCreateDummy"](0.01, None)
    first, second = box(RED, 0.5, 0.5, 0, 2), box(RED, 0.5, -0.5, 0, 2)
    sensor = eye()
    sim["simSetObjectInt32Parameter"](sensor, MODE, COLOR_CODED)
    codes = (seen(sensor) * 255).astype(int) @ [1, 256, 65536]
    assert set(np.unique(codes)) == {first, second, 0xFFFFFF}
    assert codes[32, 20] == first
    assert codes[32, 44] == second
    assert depth(sensor, metres=True)[32, 20] == pytest.approx(1.75, abs=1e-3)


def test_what_is_not_renderable_is_not_seen(empty: simulation.Simulation) -> None:
    handle, sensor = box(RED, 1.0, 0, 0, 2), eye()
    assert seen(sensor).any()
    sim["simSetObjectSpecialProperty"](handle, 0)
    assert not seen(sensor).any()
    # But if it is all that the sensor shall see, it is.
    sim["simSetObjectInt32Parameter"](sensor, ENTITY, handle)
    assert seen(sensor).any()


def test_a_sensor_sees_its_entity_alone(empty: simulation.Simulation) -> None:
    box(RED, 0.5, 0, 0, 1)
    behind, sensor = box(GREEN, 1.0, 0, 0, 2), eye()
    sim["simSetObjectInt32Parameter"](sensor, ENTITY, behind)
    picture = seen(sensor)
    assert picture[..., 1].any()
    assert not picture[..., 0].any()
    with pytest.raises(RuntimeError, match="nothing"):
        sim["simSetObjectInt32Parameter"](sensor, ENTITY, 999)


def test_colours_and_transparency_are_seen_at_once(
    empty: simulation.Simulation,
) -> None:
    front, sensor = box(RED, 0.5, 0, 0, 1), eye()
    box(GREEN, 2.0, 0, 0, 3)
    assert not seen(sensor)[32, 32, 1]
    sim["simSetShapeColor"](front, None, 4, [0.5])
    through = seen(sensor)[32, 32]
    assert through[0] > 0.05
    assert through[1] > 0.05
    sim["simSetShapeColor"](front, None, 0, [0.5, 0.5, 0.5])
    assert seen(sensor)[32, 32, 2] > 0.05


def test_a_sensor_that_was_not_handled_has_seen_nothing(
    empty: simulation.Simulation,
) -> None:
    box(RED, 1.0, 0, 0, 2)
    sensor = eye()
    assert not sim["simGetVisionSensorImage"](sensor, None).any()
    assert (depth(sensor, metres=False) == 1).all()
    assert seen(sensor).any()
    sim["simSetObjectInt32Parameter"](sensor, WIDTH, 32)
    blank = sim["simGetVisionSensorImage"](sensor, None)
    assert blank.shape == (64, 32, 3)
    assert not blank.any()


def test_what_was_seen_stays_until_the_sensor_is_handled_again(
    empty: simulation.Simulation,
) -> None:
    handle, sensor = box(RED, 1.0, 0, 0, 2), eye()
    before = seen(sensor)
    put(handle, 9, 9, 9)
    sim["simStartSimulation"]()
    sim["simExtStep"]()
    np.testing.assert_array_equal(sim["simGetVisionSensorImage"](sensor, None), before)
    assert not seen(sensor).any()


def test_a_sensor_of_every_step_sees_what_is_there_after_it(
    empty: simulation.Simulation,
) -> None:
    box(RED, 1.0, 0, 0, 2)
    sim["simStartSimulation"]()
    sensor = eye(options=PERSPECTIVE)
    assert not sim["simGetVisionSensorImage"](sensor, None).any()
    sim["simExtStep"]()
    assert sim["simGetVisionSensorImage"](sensor, None).any()
    sim["simSetExplicitHandling"](sensor, 1)
    assert sim["simGetExplicitHandling"](sensor) == 1


def test_sensors_of_many_sizes_share_what_draws(empty: simulation.Simulation) -> None:
    box(RED, 1.0, 0, 0, 2)
    for width, height in ((16, 16), (300, 200), (64, 128)):
        picture = seen(eye(width, height))
        assert picture.shape == (height, width, 3)
        assert picture[height // 2, width // 2, 0] > 0.1


def test_clipping_planes_can_be_set(empty: simulation.Simulation) -> None:
    box(RED, 1.0, 0, 0, 2)
    sensor = eye()
    sim["simSetObjectFloatParameter"](sensor, FAR, 1.0)
    assert not seen(sensor).any()
    assert sim["simGetObjectFloatParameter"](sensor, FAR) == 1.0
    with pytest.raises(RuntimeError, match="far"):
        sim["simSetObjectFloatParameter"](sensor, NEAR, np.nan)
    with pytest.raises(RuntimeError, match="pixels"):
        sim["simSetObjectInt32Parameter"](sensor, HEIGHT, 0)


def test_what_falls_is_seen_falling_and_moved_when_it_hangs_elsewhere(
    empty: simulation.Simulation,
) -> None:
    ball = sim["simCreatePureShape"](1, 8, [0.5] * 3, 1.0, None)
    sim["simSetObjectSpecialProperty"](ball, 0x200)
    put(ball, 0, 0, 2)
    carrier, sensor = box(GREEN, 0.1, 3, 3, 2), eye()
    high = depth_of_middle(sensor)
    sim["simStartSimulation"]()
    for _ in range(4):
        sim["simExtStep"]()
    # The sensor looks up: what falls comes nearer.
    assert depth_of_middle(sensor) < high - 0.1
    sim["simSetObjectParent"](ball, carrier, True)
    put(carrier, 9, 9, 9)
    assert depth_of_middle(sensor) == pytest.approx(5.0, abs=1e-3)


def depth_of_middle(sensor: int) -> float:
    seen(sensor)
    return float(depth(sensor, metres=True)[32, 32])


def test_without_a_way_to_opengl_the_error_says_what_to_do(
    empty: simulation.Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "nonsense")
    sensor = eye()
    with pytest.raises(RuntimeError, match=r"nonsense.*Set MUJOCO_GL"):
        seen(sensor)


@pytest.mark.parametrize("axis", [0, 1])
def test_slanted_faces_are_farther_by_half_their_slope_in_a_pixel(
    empty: simulation.Simulation, axis: int
) -> None:
    # Recorded depths of CoppeliaSim are so: it makes room for edges on faces.
    plane = box(RED, 4.0, 0.0, 0.0, 2.0)
    sim["simScaleObject"](plane, 1.0, 1.0, 1e-4)
    angles = [0.0, 0.0, 0.0]
    angles[axis] = np.radians(60)
    sim["simSetObjectOrientation"](plane, -1, angles)
    sensor = eye()
    seen(sensor)
    normal = np.reshape(sim["simGetObjectMatrix"](plane, -1), (3, 4))[:, 2]
    middle = depth(sensor, metres=True)[28:36, 28:36]
    # The rays through the pixels' middles; x and y point left and up.
    places = (32 - (np.arange(28, 36) + 0.5)) / 32
    rays = np.stack([*np.meshgrid(places, places), np.ones((8, 8))], axis=-1)
    true = 2.0 * normal[2] / (rays @ normal)
    slope = np.abs(np.diff(1 / true, axis=axis)).mean()
    np.testing.assert_allclose(1 / middle, 1 / true - slope / 2, atol=2e-4)
