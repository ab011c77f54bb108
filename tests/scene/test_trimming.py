"""Triangles that nobody sees are not drawn, and all others are."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.base_scene.furniture import base_of
from pyrep_mujoco.scene import exposure, trimming
from pyrep_mujoco.scene.frames import frame
from pyrep_mujoco.scene.gl_context import GlContext
from pyrep_mujoco.scene.renderer import Lighting, Renderer
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.trimming import neighbours_close, trimmed
from pyrep_mujoco.scene.view import View
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.viewpoints import Light, LightKind

GRIPPER = Path(__file__).parents[1] / "data" / "ttm" / "PandaGripper.ttm"
LARGE, SMALL = (0.4, 0.4, 0.4), (0.1, 0.1, 0.1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is known, and of every body it is worth while."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(trimming, "LEAST_TRIANGLES", 1)
    monkeypatch.setattr(trimming, "_KNOWN", {})
    return tmp_path / "pyrep_mujoco"


@pytest.fixture
def context() -> Iterator[GlContext]:
    made = GlContext(8, 8)
    yield made
    made.close()


def box(size: float) -> np.ndarray:
    """The triangles of a box around the origin; (12, 3, 3)."""
    corners = np.array(list(itertools.product((-size, size), repeat=3))) / 2
    # The order of itertools: x is slowest.
    sides = [
        *((0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1)),
        *((2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)),
    ]
    return corners[np.array(sides)]


def inside_out(triangles: np.ndarray) -> np.ndarray:
    return triangles[:, ::-1]


def test_the_outside_of_a_closed_box_is_seen_and_its_inside_is_not(
    context: GlContext,
) -> None:
    both = np.concatenate([box(0.3), inside_out(box(0.3))]) + 5.0
    assert exposure.exposed(both).tolist() == [True] * 12 + [False] * 12


def test_both_sides_of_an_open_box_are_seen(context: GlContext) -> None:
    sides = box(0.3)[:10]
    assert exposure.exposed(np.concatenate([sides, inside_out(sides)])).all()


def test_the_inside_of_a_deep_box_is_seen(context: GlContext) -> None:
    sides = (box(0.1) * (1, 1, 3))[:10]
    assert exposure.exposed(np.concatenate([sides, inside_out(sides)])).all()


def test_what_is_closed_in_is_not_seen(context: GlContext) -> None:
    nested = np.concatenate([box(0.1), box(0.3), box(0.1) + 0.3])
    assert exposure.exposed(nested).tolist() == [False] * 12 + [True] * 24


def test_opengl_is_left_as_it_was(context: GlContext) -> None:
    import OpenGL.GL as gl

    def state() -> list:
        numbers = (gl.GL_FRAMEBUFFER_BINDING, gl.GL_VIEWPORT, gl.GL_MATRIX_MODE)
        matrices = (gl.GL_PROJECTION_MATRIX, gl.GL_MODELVIEW_MATRIX)
        flags = (gl.GL_LIGHTING, gl.GL_CULL_FACE, gl.GL_POLYGON_OFFSET_FILL)
        return [
            *(np.array(gl.glGetIntegerv(number)).tolist() for number in numbers),
            *(gl.glGetFloatv(matrix).tolist() for matrix in matrices),
            *(gl.glIsEnabled(flag) for flag in flags),
        ]

    gl.glEnable(gl.GL_LIGHTING)
    gl.glViewport(1, 2, 3, 4)
    before = state()
    exposure.exposed(box(1.0))
    assert state() == before


def nested() -> Scene:
    """One shape: a small box within a large one of another colour."""
    parts = [
        w.mesh("Geo", 0, LARGE, rgb=(1, 0, 0)),
        w.mesh("Geo", 1, SMALL, rgb=(0, 0, 1)),
    ]
    shape = w.shape(w.base("boxes", 1), w.compound("Gsg", *parts))
    scene = Scene()
    scene.load(read_model(w.file(w.box_pool(LARGE, SMALL), shape)))
    return scene


def test_a_model_is_trimmed_for_a_while_and_then_as_it_was(context: GlContext) -> None:
    model = nested().model
    names = ("mesh_face", "mesh_facenormal", "mesh_facetexcoord", "mesh_facenum")
    before = [getattr(model, name).copy() for name in names]
    with trimmed(model):
        assert model.mesh_facenum.tolist() == [12, 0]
    for name, old in zip(names, before, strict=True):
        np.testing.assert_array_equal(getattr(model, name), old)


def test_triangles_that_share_corners_are_drawn_close_to_each_other() -> None:
    # A strip of a thousand triangles, shuffled.
    first = np.arange(1000)
    strip = np.stack([first, first + 1, first + 2], axis=1).astype(np.int32)
    mixed = strip[np.random.default_rng(0).permutation(1000)]
    order = neighbours_close(mixed)
    assert sorted(order) == list(range(1000))
    # From the first one on to one end, and then to the other.
    assert (np.abs(np.diff(mixed[order][:, 0])) > 2).sum() == 1
    assert neighbours_close(strip[:0]) == []


def test_what_can_be_seen_through_hides_nothing(context: GlContext) -> None:
    model = nested().model
    # The first look is that of the large box.
    model.mat_rgba[0, 3] = 0.5
    with trimmed(model):
        assert model.mesh_facenum.tolist() == [12, 12]


def test_what_is_seen_is_found_once_and_kept_on_disk(
    context: GlContext, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nested().model
    with trimmed(model):
        found = model.mesh_face[: model.mesh_facenum[0]].copy()
    (entry,) = cache.iterdir()
    monkeypatch.setattr(exposure, "exposed", None)
    for known in (dict(trimming._KNOWN), {}):
        monkeypatch.setattr(trimming, "_KNOWN", known)
        with trimmed(model):
            assert model.mesh_facenum.tolist() == [12, 0]
            np.testing.assert_array_equal(model.mesh_face[:12], found)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    monkeypatch.setattr(trimming, "LEAST_TRIANGLES", 1)
    monkeypatch.setattr(trimming, "_KNOWN", {})
    entry.write_bytes(entry.read_bytes()[:-1])
    with trimmed(model):
        assert model.mesh_facenum.tolist() == [12, 0]


SUN = Light(
    **base_of("sun", 1),
    kind=LightKind.DIRECTIONAL,
    active=True,
    local=False,
    color=Color((0, 0, 0), (0.6, 0.6, 0.6), (0, 0, 0), (0, 0, 0), 48, 1.0, ""),
    spot_exponent=0,
    spot_cutoff=3.0,
    attenuation=(1.0, 0.0, 0.0),
)


def pictures(scene: Scene, away: float) -> np.ndarray:
    """From the eight corners of a cube, at some distance [m]; (8, 128, 128, 3)."""
    compiled = scene.compiled
    middle = compiled.data.geom_xpos.mean(axis=0)
    light = [(SUN, frame((0, 0, 0), (0.9, 0.3, 0.2, 0)))]
    renderer = Renderer()
    taken = []
    for side in itertools.product((-1.0, 1.0), repeat=3):
        quat = np.empty(4)
        mujoco.mju_quatZ2Vec(quat, -np.array(side) / np.sqrt(3))
        place = frame(middle + away * np.array(side) / np.sqrt(3), quat.tolist())
        view = View(place, 128, 128, 0.4, 0.4, 0.01, 10.0, perspective=True)
        lighting = Lighting((0.3, 0.3, 0.3), light)
        taken.append(renderer.draw(compiled, view, lighting).rgb)
    renderer.close()
    return np.array(taken)


@pytest.mark.parametrize("triangles", [12, 10])
def test_pictures_of_boxes_are_what_they_were(
    triangles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = w.box_pool(LARGE, triangles=triangles)
    scene = Scene()
    scene.load(read_model(w.file(pool, w.box("box", 1, size=LARGE))))
    ours = pictures(scene, 0.8)
    assert 0.1 < (ours.max(axis=-1) > 0).mean() < 0.9
    monkeypatch.setattr(trimming, "LEAST_TRIANGLES", 1000)
    np.testing.assert_array_equal(ours, pictures(scene, 0.8))


def test_what_is_made_transparent_shows_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = nested()
    renderer = Renderer()
    view = View(frame((0, 0, -1), (1, 0, 0, 0)), 32, 32, 0.4, 0.4, 0.01, 10.0, True)
    lighting = Lighting((1.0, 1.0, 1.0), [])
    assert not renderer.draw(scene.compiled, view, lighting).rgb[..., 2].any()
    model = scene.compiled.model
    # The first look is that of the large box.
    model.mat_rgba[0, 3] = 0.5
    ours = renderer.draw(scene.compiled, view, lighting).rgb
    renderer.close()
    assert ours[16, 16, 2] > 50
    monkeypatch.setattr(trimming, "LEAST_TRIANGLES", 1000)
    whole = Renderer()
    np.testing.assert_array_equal(ours, whole.draw(scene.compiled, view, lighting).rgb)
    whole.close()


def test_pictures_of_a_gripper_are_what_they_were_but_for_cracks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    scene.load(read_model(GRIPPER.read_bytes()))
    with monkeypatch.context() as patch:
        patch.setattr(trimming, "LEAST_TRIANGLES", 100_000)
        whole = pictures(scene, 0.3)
    ours = pictures(scene, 0.3)
    drawn = (whole.max(axis=-1) > 0).sum()
    assert drawn > 10_000
    other = (ours != whole).any(axis=-1)
    assert other.sum() < drawn / 100
    # Pixels along edges, nowhere a hole.
    windows = np.lib.stride_tricks.sliding_window_view(other, (3, 3), axis=(1, 2))
    assert windows.sum(axis=(-2, -1)).max() < 6
