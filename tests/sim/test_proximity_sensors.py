"""Proximity sensors: whose surface enters the volume, and where it is nearest."""

from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError, UnknownObjectError
from pyrep_mujoco.scene.frames import Frame, frame, matrix, transform
from pyrep_mujoco.scene.surfaces import surface
from pyrep_mujoco.sim.proximity_sensors import (
    simCheckProximitySensor,
    simReadProximitySensor,
)
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.shapes import Shape
from sim.launched import launched
from ttm_sensors import proximity_sensor

ALL = -2
SIZES = ((0.1, 0.1, 0.1), (2.0, 2.0, 0.02))
POOL = w.box_pool(*SIZES)
BOX = [
    *((1, 0, 0, -0.1), (-1, 0, 0, -0.1), (0, 1, 0, -0.1), (0, -1, 0, -0.1)),
    *((0, 0, 1, -0.5), (0, 0, -1, 0.1)),
]
"""0.2 m wide along x and y, from 0.1 to 0.5 m along z."""


def sensor(planes: Any = BOX, **settings: Any) -> bytes:
    return proximity_sensor(w.base("sensor", 1), planes, **settings)


def box(name: str, handle: int, *position: float, index: int = 0, **more: Any) -> bytes:
    return w.box(
        name,
        handle,
        index=index,
        size=SIZES[index],
        dynamic=False,
        position=position,
        **more,
    )


def handle(simulation: Simulation, name: str) -> int:
    return simulation.scene.tree.node(name).handle


def checked(simulation: Simulation, name: str) -> int:
    return simCheckProximitySensor(
        handle(simulation, "sensor"), handle(simulation, name)
    )[0]


@pytest.mark.parametrize(
    ("position", "detected"),
    [
        ((0, 0, 0.3), 1),
        ((0.149, 0, 0.3), 1),
        ((0.151, 0, 0.3), 0),
        ((0, 0, 0.04), 0),
        ((0, 0, 0.06), 1),
        ((0.149, 0.149, 0.549), 1),
        ((0.149, 0.149, 0.551), 0),
    ],
)
def test_a_shape_is_detected_where_its_surface_enters_the_volume(
    position: tuple[float, float, float], detected: int
) -> None:
    with launched(POOL, sensor(), box("thing", 2, *position)) as simulation:
        assert checked(simulation, "thing") == detected
        # Asked again it is the same: what is remembered is a hint only.
        assert checked(simulation, "thing") == detected
        node = simulation.scene.tree.node("thing")
        simulation.scene.place(node, frame((1, 1, 1), (1, 0, 0, 0)))
        assert checked(simulation, "thing") == 0


def test_a_sheet_without_a_corner_inside_is_detected_and_an_enclosing_box_is_not() -> (
    None
):
    enclosing = w.shape(
        w.base("enclosing", 3, position=(0, 0, 0.3)),
        w.mesh("Gst", 1, SIZES[1]),
        dynamic=False,
    )
    pool = w.box_pool(SIZES[0], (1.0, 1.0, 1.0))
    with launched(pool, sensor(), enclosing) as simulation:
        assert checked(simulation, "enclosing") == 0
    with launched(POOL, sensor(), box("sheet", 2, 0, 0, 0.3, index=1)) as simulation:
        assert checked(simulation, "sheet") == 1


def test_the_point_that_is_read_is_the_nearest_to_the_sensor() -> None:
    things = (box("near", 2, 0.08, 0, 0.35), box("far", 3, 0, 0, 0.45))
    with launched(POOL, sensor(), *things) as simulation:
        state, found, point, normal = simReadProximitySensor(
            handle(simulation, "sensor")
        )
        assert (state, found[0]) == (1, handle(simulation, "near"))
        np.testing.assert_allclose(point, (0.03, 0, 0.3), atol=1e-6)
        np.testing.assert_allclose(np.abs(normal), (0, 0, 1), atol=1e-6)


def test_nothing_read_is_zero() -> None:
    with launched(POOL, sensor(), box("thing", 2, 3, 0, 0)) as simulation:
        read = simReadProximitySensor(handle(simulation, "sensor"))
        assert read == (0, [-1], [0.0] * 3, [0.0] * 3)


def test_properties_of_detection_count_for_all_but_not_for_named_objects() -> None:
    things = (
        box("undetectable", 2, 0, 0, 0.3, special=0x3),
        box("other kind", 3, 0, 0, 0.3, special=0x20),
    )
    with launched(POOL, sensor(), *things) as simulation:
        asked = handle(simulation, "sensor")
        assert checked(simulation, "undetectable") == 1
        assert simCheckProximitySensor(asked, ALL)[0] == 0
        assert simReadProximitySensor(asked)[0] == 0
    with launched(POOL, sensor(detectable=0x20), *things) as simulation:
        asked = handle(simulation, "sensor")
        assert simCheckProximitySensor(asked, ALL)[0] == 1
        assert simReadProximitySensor(asked)[1] == [handle(simulation, "other kind")]


def test_a_sensor_made_for_one_object_reads_that_one_alone() -> None:
    things = (box("near", 2, 0, 0, 0.2), box("far", 3, 0, 0, 0.4))
    with launched(POOL, sensor(entity=3), *things) as simulation:
        read = simReadProximitySensor(handle(simulation, "sensor"))
        assert read[1] == [handle(simulation, "far")]
        assert read[2][2] == pytest.approx(0.35)


def test_a_collection_is_detected_by_any_of_its_objects() -> None:
    with launched(
        POOL,
        sensor(),
        box("out", 2, 5, 0, 0),
        box("in", 3, 0, 0, 0.3),
        w.collection("both", 2_000_001, (2, 0, True), (3, 0, True)),
        w.collection("out alone", 2_000_002, (2, 0, True)),
    ) as simulation:
        asked = handle(simulation, "sensor")
        states = [
            simCheckProximitySensor(asked, group)[0]
            for group in simulation.scene.tree.collections
        ]
        assert states == [1, 0]


def test_a_dummy_is_a_point() -> None:
    dummies = (
        w.dummy(w.base("in", 2, position=(0.09, 0, 0.3))),
        w.dummy(w.base("out", 3, position=(0.11, 0, 0.3))),
    )
    with launched(POOL, sensor(), *dummies) as simulation:
        assert checked(simulation, "in") == 1
        assert checked(simulation, "out") == 0


def test_what_is_too_near_is_not_detected_and_hides_the_rest() -> None:
    things = (box("near", 2, 0, 0, 0.2), box("far", 3, 0, 0, 0.4))
    with launched(POOL, sensor(smallest=0.2), *things) as simulation:
        assert checked(simulation, "near") == 0
        assert checked(simulation, "far") == 1
        assert simReadProximitySensor(handle(simulation, "sensor"))[0] == 0


def test_a_part_next_to_the_sensor_can_be_left_out() -> None:
    near = [*BOX[:4], (0, 0, 1, -0.3), BOX[5]]
    things = (box("near", 2, 0, 0, 0.2), box("beyond", 3, 0, 0, 0.29))
    with launched(POOL, sensor(near_planes=near), *things) as simulation:
        assert checked(simulation, "near") == 0
        assert checked(simulation, "beyond") == 1


def test_a_ray_is_as_long_as_it_is_and_sees_faces_it_is_told_to() -> None:
    def state(position: float, **settings: Any) -> tuple[int, Any]:
        ray = sensor((), kind=34, offset=0.1, reach=0.4, **settings)
        with launched(POOL, ray, box("thing", 2, 0.01, 0.02, position)) as simulation:
            asked = handle(simulation, "sensor")
            read = simReadProximitySensor(asked)
            assert checked(simulation, "thing") == (0.05 <= position <= 0.55)
            return read[0], pytest.approx(read[2][2], abs=1e-6)

    front, no_front, no_back = 0x02, 0x12, 0x22
    assert state(0.3, flags=front) == (1, 0.25)
    assert state(0.3, flags=no_front) == (1, 0.35)
    # Only the front of the box is turned to the sensor.
    assert state(0.52, flags=no_front) == (0, 0)
    assert state(0.52, flags=no_back) == (1, 0.47)
    assert state(0.56, flags=front) == (0, 0)


def test_steep_faces_are_not_read_beyond_the_greatest_angle() -> None:
    thing = box("thing", 2, 0.02, 0, 0.3, quat_wxyz=(np.cos(0.5), 0, np.sin(0.5), 0))
    for angle, state in ((0.4, 0), (1.2, 1)):
        settings = {"angle": angle, "flags": 0x02 | 0x04}
        ray = sensor((), kind=34, offset=0.0, reach=0.5, **settings)
        with launched(POOL, ray, thing) as simulation:
            assert simReadProximitySensor(handle(simulation, "sensor"))[0] == state


def test_errors_name_what_is_not_there_and_what_is_no_sensor() -> None:
    with launched(POOL, sensor(), box("thing", 2, 0, 0, 0.3)) as simulation:
        with pytest.raises(SceneError, match="'thing' is no proximity sensor"):
            simReadProximitySensor(handle(simulation, "thing"))
        with pytest.raises(UnknownObjectError, match="4711"):
            simCheckProximitySensor(handle(simulation, "sensor"), 4711)


def test_every_pose_agrees_with_densely_sampled_surfaces() -> None:
    rng = np.random.default_rng(0)
    with launched(POOL, sensor(), box("thing", 2, 0, 0, 0.3)) as simulation:
        node = simulation.scene.tree.node("thing")
        samples = _samples(node.source)
        seen = []
        for _ in range(200):
            position = rng.uniform((-0.2, -0.2, 0), (0.2, 0.2, 0.6)).tolist()
            place = frame(position, rng.normal(size=4).tolist())
            simulation.scene.place(node, place)
            state, point = simCheckProximitySensor(
                handle(simulation, "sensor"), node.handle
            )
            seen.append(state)
            depth = _above(transform(place, samples)).max(axis=1).min()
            # Samples are 4 mm apart at most.
            assert state == (depth <= 0) or abs(depth) < 0.004
            if state:
                assert _above(np.array([point])).max() < 1e-7
                assert _on_box(place, np.array(point)) < 1e-6
        assert 50 < sum(seen) < 150


def _above(points: np.ndarray) -> np.ndarray:
    planes = np.array(BOX, float)
    return points @ planes[:, :3].T + planes[:, 3]


def _on_box(place: Frame, point: np.ndarray) -> float:
    """How far a point is from the surface of a box of 0.1 m."""
    local = np.abs((point - place.position) @ matrix(place))
    return abs(float(local.max()) - 0.05)


def _samples(shape: Any) -> np.ndarray:
    assert isinstance(shape, Shape)
    found = surface(shape.geometry)
    corners = found.vertices[found.triangles]
    share = np.linspace(0, 1, 40)
    u, v = (grid.reshape(-1, 1) for grid in np.meshgrid(share, share))
    inside = (u + v <= 1)[:, 0]
    u, v = u[inside], v[inside]
    return np.concatenate([a + u * (b - a) + v * (c - a) for a, b, c in corners])
