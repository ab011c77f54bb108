"""What cameras would see: colours, textures, open meshes, cameras, lights."""

import mujoco
import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.looks import HIDDEN_GROUP, SEEN_GROUP
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.ttm.read import read_model

SIZE = (0.2, 0.3, 0.4)
POOL = w.box_pool(SIZE)


def scene_of(*chunks: bytes) -> Scene:
    scene = Scene()
    scene.load(read_model(w.file(*chunks)))
    return scene


def drawn(scene: Scene) -> list[int]:
    return [
        geom for geom in range(scene.model.ngeom) if scene.model.geom_contype[geom] == 0
    ]


def test_parts_of_one_colour_are_one_geom_and_others_apart() -> None:
    red, blue = (1, 0, 0), (0, 0, 1)
    parts = [
        w.mesh("Geo", 0, SIZE, rgb=rgb, position=(place, 0, 0))
        for place, rgb in enumerate((red, blue, red))
    ]
    scene = scene_of(POOL, w.shape(w.base("mixed", 1), w.compound("Gsg", *parts)))
    geoms = drawn(scene)
    assert [
        scene.model.mat_rgba[scene.model.geom_matid[geom], :3].tolist()
        for geom in geoms
    ] == [
        [1, 0, 0],
        [0, 0, 1],
    ]
    assert [
        scene.model.mesh_facenum[scene.model.geom_dataid[geom]] for geom in geoms
    ] == [24, 12]
    # Three boxes make contacts.
    assert scene.model.ngeom - len(geoms) == 3


@pytest.mark.parametrize(
    ("of_base", "groups"),
    [
        ({}, [SEEN_GROUP]),
        ({"special": 0}, [HIDDEN_GROUP]),
        ({"layers": 0x100}, []),
        ({"model_base": True, "model_properties": 0x100}, [HIDDEN_GROUP]),
    ],
)
def test_what_is_hidden_is_in_the_hidden_group_or_not_there(
    of_base: dict, groups: list[int]
) -> None:
    scene = scene_of(POOL, w.box("box", 1, size=SIZE, **of_base))
    assert [scene.model.geom_group[geom] for geom in drawn(scene)] == groups


def test_lines_are_not_drawn() -> None:
    wires = w.mesh("Gst", 0, SIZE, flags=0x04)
    assert not drawn(scene_of(POOL, w.shape(w.base("wires", 1), wires)))


@pytest.mark.parametrize(("triangles", "faces"), [(12, 12), (10, 20)])
def test_an_open_mesh_is_seen_from_both_sides(triangles: int, faces: int) -> None:
    pool = w.box_pool(SIZE, triangles=triangles)
    scene = scene_of(pool, w.box("box", 1, size=SIZE, respondable=False))
    assert scene.model.mesh_facenum.tolist() == [faces]


PIXELS = bytes(range(4 * 2 * 3))
"""A picture of 4 by 2."""
TEXTURE = w.section(
    "TEX",
    w.chunk("Ipa", 7, 4, 2),
    w.chunk("Gon", "picture"),
    w.chunk("Bst", b"\0"),
    w.chunk("Img", PIXELS),
)


def textured(mapping: int, scale: tuple[float, float]) -> Scene:
    use = w.section(
        "Toj",
        w.chunk("Tob", 7, mapping, *scale),
        w.chunk("Bs2", b"\x0d"),
        w.chunk("Trc", *w.IDENTITY, *w.AT_ORIGIN),
        w.chunk("Ftc"),
        w.chunk("Apm", 0),
    )
    mesh = w.mesh("Gst", 0, SIZE, extra=use)
    return scene_of(POOL, TEXTURE, w.shape(w.base("box", 1), mesh, respondable=False))


def coordinates(scene: Scene) -> np.ndarray:
    """U and v for each triangle and corner, and the corners themselves."""
    model = scene.model
    texcoords = model.mesh_texcoord[model.mesh_facetexcoord.reshape(-1)]
    return texcoords.reshape(-1, 3, 2)


def corners() -> np.ndarray:
    vertices = np.frombuffer(w.box_corners(SIZE), "<f4").reshape(-1, 3)
    return vertices[np.array(w.BOX_TRIANGLES)]


def test_a_picture_laid_on_a_plane_has_its_scale_along_its_longer_side() -> None:
    scene = textured(0, (0.4, 0.4))
    uv = coordinates(scene)
    # 4 by 2 pixels: 0.4 m wide, 0.2 m high.
    np.testing.assert_allclose(uv[..., 0], corners()[..., 0] / 0.4 + 0.5, atol=1e-6)
    np.testing.assert_allclose(uv[..., 1], corners()[..., 1] / 0.2 + 0.5, atol=1e-6)
    assert scene.model.tex_data.tobytes() == PIXELS
    assert (scene.model.tex_width[0], scene.model.tex_height[0]) == (4, 2)


def test_a_picture_laid_on_a_cube_faces_every_side() -> None:
    uv, points = coordinates(textured(3, (1.0, 1.0))), corners()
    for face, triangle in zip(uv, points, strict=True):
        normal = np.abs(np.cross(*(triangle[1:] - triangle[0]))).argmax()
        first, second = (normal + 1) % 3, (normal + 2) % 3
        np.testing.assert_allclose(face[:, 0], triangle[:, first] + 0.5, atol=1e-6)
        np.testing.assert_allclose(
            face[:, 1], triangle[:, second] / 0.5 + 0.5, atol=1e-6
        )


@pytest.mark.parametrize("mapping", [1, 2])
def test_a_picture_laid_around_has_no_triangle_across_the_seam(mapping: int) -> None:
    uv, points = coordinates(textured(mapping, (1.0, 1.0))), corners()
    edges = points[:, 1:] - points[:, :1]
    sides = np.abs(np.cross(edges[:, 0], edges[:, 1])).argmax(axis=1) != 2
    assert (np.ptp(uv[sides, :, 0], axis=1) <= 0.5 + 1e-6).all()
    angle = (np.arctan2(points[..., 1], points[..., 0]) / np.pi + 1) / 2
    np.testing.assert_allclose(np.mod(uv[..., 0] - angle + 0.5, 1), 0.5, atol=1e-6)


def vision_sensor(
    resolution: tuple[int, int], angle: float, *, perspective: bool = True
) -> bytes:
    return w.chunk(
        "RSN",
        w.base("eye", 1, position=(1, 2, 3)),
        w.chunk("Ccp", 0.5, angle, 0.01, 3.0),
        w.chunk("Res", *resolution),
        w.chunk("Dox", -1),
        w.chunk("Rmd", 0),
        w.chunk("Va3", bytes([3 if perspective else 2])),
        w.chunk("Db2", 0.0, 0.0, 0.0),
        b"EOO",
    )


def test_a_vision_sensor_looks_along_its_z_axis_with_x_to_the_left() -> None:
    scene = scene_of(vision_sensor((64, 64), 1.0))
    # MuJoCo's cameras look along -z, with x to the right and y up.
    axes = scene.data.cam_xmat[0].reshape(3, 3)
    np.testing.assert_allclose(axes, np.diag([-1, 1, -1]), atol=1e-6)
    np.testing.assert_allclose(scene.data.cam_xpos[0], (1, 2, 3))


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [((64, 64), 60.0), ((64, 128), 60.0), ((128, 64), 32.204)],
)
def test_the_view_angle_is_that_of_the_larger_side(
    resolution: tuple[int, int], expected: float
) -> None:
    scene = scene_of(vision_sensor(resolution, np.pi / 3))
    # tan of half of 32.204 degrees is half of that of 30 degrees.
    assert scene.model.cam_fovy[0] == pytest.approx(expected, abs=1e-2)
    assert scene.model.cam_resolution[0].tolist() == list(resolution)


def test_lights_shine_as_the_file_says_and_put_the_headlight_out() -> None:
    shed = w.section(
        "Cl2",
        w.chunk("Cl3", *[0.0] * 3, 0.4, 0.5, 0.6, 0.9, 0.8, 0.7, *[0.0] * 6),
        w.chunk("Sh2", 0),
        w.chunk("Trf", 1.0),
        w.chunk("Var", b"\x04"),
    )
    half = np.sqrt(0.5)
    light = w.chunk(
        "LGT",
        w.base("sun", 1, quat_wxyz=(half, half, 0, 0)),
        w.chunk("Cp2", 3, 5, 0.1),
        w.chunk("Cp3", 1.57),
        w.chunk("Caf", 0.5, 0.0, 0.25),
        w.chunk("Cas", b"\x01"),
        shed,
        b"EOO",
    )
    scene = scene_of(light)
    assert scene.model.light_type[0] == mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    # Its z axis points along -y after a quarter turn about x.
    np.testing.assert_allclose(scene.data.light_xdir[0], (0, -1, 0), atol=1e-6)
    np.testing.assert_allclose(scene.model.light_diffuse[0], (0.4, 0.5, 0.6), rtol=1e-5)
    assert not scene.model.light_castshadow[0]
    assert scene.model.vis.headlight.diffuse.tolist() == [0, 0, 0]
