"""What of a scene may be in a picture."""

import numpy as np
import pytest

from pyrep_mujoco.scene.frames import frame, inverse, matrix, transform
from pyrep_mujoco.scene.view import View


def _view(*, perspective: bool) -> View:
    place = frame((0.3, -0.2, 1.0), (0.6, 0.1, -0.7, 0.2))
    return View(place, 128, 64, 0.8, 0.4, 0.1, 3.0, perspective)


@pytest.mark.parametrize("perspective", [True, False])
def test_points_in_a_picture_are_those_within_its_edges(perspective: bool) -> None:
    view = _view(perspective=perspective)
    points = np.random.default_rng(0).uniform(-3, 3, (2000, 3))
    left, up, ahead = transform(inverse(view.place), points).T
    scale = ahead if perspective else np.ones(len(points))
    inside = (ahead > view.near) & (ahead < view.far)
    inside &= (abs(left) < view.half_width * scale) & (abs(up) < 0.4 * scale)
    seen = seen_points(view, points)
    assert 20 < inside.sum() < 1980
    np.testing.assert_array_equal(seen, inside)


@pytest.mark.parametrize("perspective", [True, False])
@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_boxes_are_seen_that_reach_over_an_edge(
    perspective: bool, offset: float
) -> None:
    view = _view(perspective=perspective)
    # On the left edge at a distance of 2 m, and beside it.
    edge = view.half_width * (2.0 if perspective else 1.0)
    out = np.array([1.0, 0.0, -0.8 if perspective else 0.0])
    out /= np.linalg.norm(out)
    beside = transform(view.place, (np.array([edge, 0, 2.0]) + 0.5 * out)[None])[0]
    out = matrix(view.place) @ out
    # Long and thin, with the long side towards the edge or along it.
    for half, seen in ((0.49, False), (0.51, True)):
        for axis in range(3):
            axes = towards(out, axis)
            box = np.full(6, 0.001)
            box[:3], box[3 + axis] = 0.0, half
            box[axis] = offset
            place = beside - offset * out
            assert view.sees(place[None], axes.reshape(1, 9), box[None])[0] == seen
            # Turned by a quarter, so that it does not reach there.
            axes = np.roll(axes, 1, axis=1)
            place = beside - offset * axes[:, axis]
            assert not view.sees(place[None], axes.reshape(1, 9), box[None])[0]


def towards(out: np.ndarray, axis: int) -> np.ndarray:
    """A rotation whose axis of a number points somewhere; (3, 3)."""
    side = np.cross(out, (0.1, 0.7, 0.7))
    side /= np.linalg.norm(side)
    return np.roll(np.stack([out, side, np.cross(out, side)], axis=1), axis, axis=1)


def seen_points(view: View, points: np.ndarray) -> np.ndarray:
    axes = np.tile(np.eye(3).reshape(1, 9), (len(points), 1))
    return view.sees(points, axes, np.zeros((len(points), 6)))


def test_each_view_has_planes_of_its_own() -> None:
    view = _view(perspective=True)
    ahead = transform(view.place, np.array([[0.0, 0.0, 1.0]]))
    turned = view._replace(place=frame(view.place.position, (0.1, 0.9, 0.3, 0.3)))
    assert seen_points(view, ahead).all()
    assert not seen_points(turned, ahead).any()
    assert not seen_points(view._replace(far=0.5), ahead).any()
