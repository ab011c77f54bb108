"""What of a scene may be in a picture."""

import numpy as np
import pytest

from pyrep_mujoco.scene.frames import frame, inverse, transform
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
    seen = view.sees(points, np.zeros(len(points)))
    assert 20 < inside.sum() < 1980
    np.testing.assert_array_equal(seen, inside)


@pytest.mark.parametrize("perspective", [True, False])
def test_balls_are_seen_that_reach_over_an_edge(perspective: bool) -> None:
    view = _view(perspective=perspective)
    # On the left edge at a distance of 2 m, and beside it.
    edge = view.half_width * (2.0 if perspective else 1.0)
    out = np.array([1.0, 0.0, -0.8 if perspective else 0.0])
    out /= np.linalg.norm(out)
    beside = np.array([edge, 0.0, 2.0]) + 0.5 * out
    centres = np.tile(transform(view.place, beside[None]), (2, 1))
    assert view.sees(centres, np.array([0.49, 0.51])).tolist() == [False, True]


def test_each_view_has_planes_of_its_own() -> None:
    view = _view(perspective=True)
    ahead = transform(view.place, np.array([[0.0, 0.0, 1.0]]))
    turned = view._replace(place=frame(view.place.position, (0.1, 0.9, 0.3, 0.3)))
    none = np.zeros(1)
    assert view.sees(ahead, none).all()
    assert not turned.sees(ahead, none).any()
    assert not view._replace(far=0.5).sees(ahead, none).any()
