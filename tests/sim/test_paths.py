"""Paths in the scene: their curves, and arms that follow them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import frame
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.ik_groups import simGetIkGroupHandle
from pyrep_mujoco.sim.paths import (
    simCreatePath,
    simGetOrientationOnPath,
    simGetPositionOnPath,
    simInsertPathCtrlPoints,
)
from pyrep_mujoco.sim.scripts import simExtCallScriptFunction
from pyrep_mujoco.ttm.read import read_model
from sim.arms import panda

SHOWN = 0x1 | 0x2 | 0x80
CLOSED, ALONG_ITSELF, FLAT = 0x4, 0x8, 0x40
WAY, TURN_IF_ANY = 0, 6


@pytest.fixture(autouse=True)
def launched() -> Iterator[None]:
    simulation.launch()
    yield
    simulation.end()


def path(
    points: Sequence[Sequence[float]],
    *,
    attributes: int = SHOWN,
    rule: int = 5,
    bezier: tuple[int, float] = (1, 0.5),
) -> int:
    """A path through positions and angles."""
    handle = simCreatePath(attributes, [1, rule, 0], [0.01, 0.1, 1.0], [0, 0, 0])
    count, share = bezier
    data = [[*point, 0, 0, count, share, share] for point in points]
    simInsertPathCtrlPoints(handle, 0, 0, len(points), np.ravel(data).tolist())
    return handle


def positions(handle: int, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.array([simGetPositionOnPath(handle, share) for share in shares])


CORNER = [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0.4], [1, 1, 0, 0, 0, 1.0]]


def test_a_path_of_corners_is_straight_between_them_and_measured_along() -> None:
    handle = path(CORNER)
    np.testing.assert_allclose(
        positions(handle, [-1, 0, 0.25, 0.5, 0.75, 1, 2]),
        [
            (0, 0, 0),
            (0, 0, 0),
            (0.5, 0, 0),
            (1, 0, 0),
            (1, 0.5, 0),
            (1, 1, 0),
            (1, 1, 0),
        ],
        atol=1e-9,
    )
    np.testing.assert_allclose(
        simGetOrientationOnPath(handle, 0.75), [0, 0, 0.7], atol=1e-9
    )


def test_a_path_is_where_its_object_is() -> None:
    handle = path(CORNER)
    scene = simulation.current().scene
    quarter = (np.sqrt(0.5), 0, 0, np.sqrt(0.5))
    scene.place(scene.tree.node(handle), frame((0, 0, 2), quarter))
    np.testing.assert_allclose(
        simGetPositionOnPath(handle, 0.25), (0, 0.5, 2), atol=1e-9
    )
    np.testing.assert_allclose(
        simGetOrientationOnPath(handle, 0)[2], np.pi / 2, atol=1e-9
    )


def test_bezier_points_round_a_corner_from_half_the_way_on() -> None:
    # From and to the middles of both ways, with a share of nearly all.
    shares = np.linspace(0, 1, 201)
    rounded = positions(path(CORNER, bezier=(50, 0.99)), shares)
    corner = np.linalg.norm(rounded - (1, 0, 0), axis=1)
    # A quadratic Bezier curve is nearest to its corner in its middle.
    assert corner.min() == pytest.approx(np.sqrt(2) * 0.5 * 0.99 / 4, abs=2e-3)
    # A third of the share leaves more of the ways.
    narrow = positions(path(CORNER, bezier=(50, 0.33)), shares)
    assert np.linalg.norm(narrow - (1, 0, 0), axis=1).min() == pytest.approx(
        np.sqrt(2) * 0.5 * 0.33 / 4, abs=2e-3
    )
    # Two Bezier points are none.
    sharp = positions(path(CORNER, bezier=(2, 0.99)), shares)
    assert np.linalg.norm(sharp - (1, 0, 0), axis=1).min() < 1e-9


def test_a_closed_path_comes_back() -> None:
    handle = path(CORNER, attributes=SHOWN | CLOSED, rule=WAY)
    np.testing.assert_allclose(
        positions(handle, [0, 1]), [(0, 0, 0), (0, 0, 0)], atol=1e-9
    )
    whole = 2 + np.sqrt(2)
    np.testing.assert_allclose(
        simGetPositionOnPath(handle, 2.5 / whole),
        np.array([1, 1, 0]) * (1 - 0.5 / np.sqrt(2)),
        atol=1e-9,
    )


def test_a_turn_on_the_spot_has_a_length_by_the_default_rule_only() -> None:
    turning = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1.0], [0.1, 0, 0, 0, 0, 1.0]]
    # A turn of 1 rad counts 0.1 m here, as much as the way.
    handle = path(turning)
    np.testing.assert_allclose(simGetOrientationOnPath(handle, 0.25)[2], 0.5)
    np.testing.assert_allclose(simGetPositionOnPath(handle, 0.75), (0.05, 0, 0))
    only_ways = path(turning, rule=WAY)
    np.testing.assert_allclose(simGetPositionOnPath(only_ways, 0.5), (0.05, 0, 0))
    turns_first = path([*CORNER[:2], [2, 0, 0, 0, 0, 0.4]], rule=TURN_IF_ANY)
    # 0.4 rad count 0.04 m against a way of 1 m without a turn.
    np.testing.assert_allclose(
        simGetPositionOnPath(turns_first, 0.04 / 1.04), (1, 0, 0), atol=1e-9
    )


def test_a_path_may_look_along_itself_and_be_flat() -> None:
    points = [[np.cos(a), np.sin(a), 0.3, 0, 0, 0] for a in np.linspace(0, 3, 20)]
    handle = path(points, attributes=SHOWN | ALONG_ITSELF | FLAT)
    turned = simGetOrientationOnPath(handle, 0.5)
    middle = simGetPositionOnPath(handle, 0.5)
    assert middle[2] == 0.0
    # z along the circle, y out of it.
    along, out = np.array([-middle[1], middle[0], 0]), np.array(middle)
    axes = _rotation(turned)
    np.testing.assert_allclose(axes[:, 2], along, atol=0.02)
    np.testing.assert_allclose(axes[:, 1], out, atol=0.02)


def _rotation(angles: Sequence[float]) -> np.ndarray:
    (a, b, c), (d, e, f) = np.cos(angles), np.sin(angles)
    turn_x = np.array([[1, 0, 0], [0, a, -d], [0, d, a]])
    turn_y = np.array([[b, 0, e], [0, 1, 0], [-e, 0, b]])
    turn_z = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    return turn_x @ turn_y @ turn_z


def test_paths_without_points_and_points_without_sense_are_refused() -> None:
    handle = simCreatePath(SHOWN, [1, 5, 0], [0.01, 0.1, 1.0], [0, 0, 0])
    with pytest.raises(RuntimeError, match="'Path' has no points"):
        simGetPositionOnPath(handle, 0.5)
    for numbers in ([0.0] * 10, [float("nan")] * 11):
        with pytest.raises(RuntimeError, match="11 finite numbers"):
            simInsertPathCtrlPoints(handle, 0, 0, 1, numbers)
    scene = simulation.current().scene
    scene.load(read_model(w.file(w.dummy(w.base("dummy", 1)))))
    with pytest.raises(RuntimeError, match="'dummy' is no path"):
        simGetPositionOnPath(scene.tree.node("dummy").handle, 0.5)


def test_pyreps_script_inserts_rounded_points_before_the_first() -> None:
    handle = path(CORNER[1:])
    simExtCallScriptFunction(
        "insertPathControlPoint@PyRep", 2, [handle, 1], CORNER[0], [], ""
    )
    np.testing.assert_allclose(
        positions(handle, [0, 1]), [(0, 0, 0), (1, 1, 0)], atol=1e-9
    )


def test_an_arm_follows_a_path_to_its_end() -> None:
    launched, joints = panda()
    scene, tree = launched.scene, launched.scene.tree
    ready = [0.0, 0.2, 0.0, -1.8, 0.0, 2.0, 0.79]
    for handle, position in zip(joints, ready, strict=True):
        scene.set_joint_position(tree.node(handle), position)
    handle = path([[0, 0, 0, 0, 0, 0], [0, 0.1, 0, 0, 0, 0], [0.05, 0.1, 0, 0, 0, 0.3]])
    tip = tree.node("Panda_tip")
    scene.place(tree.node(handle), scene.frame_w(tip))
    ints = [handle, simGetIkGroupHandle("Panda_ik"), 0, *joints]
    call = ("getPathFromCartesianPath@PyRep", 2, ints, [], [], "")
    _, found, _, _ = simExtCallScriptFunction(*call)
    rows = np.reshape(found, (-1, 7))
    np.testing.assert_allclose(rows[0], ready, atol=1e-6)
    assert np.abs(np.diff(rows, axis=0)).max() < 0.05
    for joint, position in zip(joints, rows[-1], strict=True):
        scene.set_joint_position(tree.node(joint), position)
    end = simGetPositionOnPath(handle, len(rows) / 20 * 0.05)
    np.testing.assert_allclose(scene.frame_w(tip).position, end, atol=5e-4)
    scene.place(tree.node(handle), frame((9, 9, 9), (1, 0, 0, 0)))
    assert simExtCallScriptFunction(*call)[1] == []


def test_a_base_faces_the_side_of_the_target_that_looks_its_way() -> None:
    scene = simulation.current().scene
    scene.load(
        read_model(
            w.file(
                w.dummy(w.base("base", 1)),
                w.dummy(w.base("goal", 2, position=(2.0, 0.3, 0.1))),
            )
        )
    )
    base, goal = (scene.tree.node(name).handle for name in ("base", "goal"))
    _, numbers, _, _ = simExtCallScriptFunction(
        "getBoxAdjustedMatrixAndFacingAngle@PyRep", 2, [base, goal], [], [], ""
    )
    np.testing.assert_allclose(
        np.reshape(numbers[:12], (3, 4)),
        np.hstack([np.eye(3), [[2.0], [0.3], [0.1]]]),
        atol=1e-6,
    )
    assert numbers[12] == pytest.approx(-np.pi / 2)
