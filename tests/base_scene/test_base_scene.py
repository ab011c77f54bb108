"""The scene that is built where RLBench's own file is missing."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.base_scene import lookup
from pyrep_mujoco.base_scene.build import base_scene
from pyrep_mujoco.base_scene.stand_in import load_scene, write_stand_in
from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.scene.frames import matrix
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.surfaces import surface
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

ROBOT = w.file(
    w.box_pool((0.1, 0.1, 0.1)),
    w.box("Panda", 7, dynamic=False, position=(-0.3, 0, 0.82)),
    w.box("hand", 9, 7, dynamic=False, position=(0, 0, 0.5)),
)

CAMERAS = ("over_shoulder_left", "over_shoulder_right", "overhead", "front")


@pytest.fixture
def scene() -> Scene:
    found = Scene()
    found.load(base_scene(read_model(ROBOT)))
    return found


def test_it_has_all_names_that_rlbench_looks_up(scene: Scene) -> None:
    names = {node.name for node in scene.tree}
    expected = {"Panda", "workspace", "diningTable", "diningTable_visible", "Floor"}
    expected |= {"Roof", "Wall1", "Wall2", "Wall3", "Wall4"}
    expected |= {"cam_cinematic_base", "cam_cinematic_placeholder"}
    expected |= {f"cam_{name}" for name in CAMERAS}
    expected |= {f"cam_{name}_mask" for name in CAMERAS}
    assert expected <= names


def test_the_robot_keeps_its_place_and_nothing_moves(scene: Scene) -> None:
    before = scene.data.xpos.copy()
    scene.step(20)
    np.testing.assert_array_equal(scene.data.xpos, before)
    hand = scene.tree.node("hand")
    np.testing.assert_allclose(scene.frame_w(hand).position, (-0.3, 0, 1.32), atol=1e-6)


def corners(scene: Scene, name: str) -> np.ndarray:
    node = scene.tree.node(name)
    assert isinstance(node.source, Shape)
    place = scene.frame_w(node)
    points = surface(node.source.geometry).vertices @ matrix(place).T + place.position
    return np.array([points.min(axis=0), points.max(axis=0)])


def test_workspace_table_and_room_are_where_they_were_measured(scene: Scene) -> None:
    np.testing.assert_allclose(
        corners(scene, "workspace"),
        [(-0.075, -0.455, 0.752), (0.575, 0.455, 0.752)],
        atol=1e-6,
    )
    for name in ("diningTable", "diningTable_visible"):
        np.testing.assert_allclose(
            corners(scene, name), [(-0.5, -0.55, 0), (1.1, 0.55, 0.75)], atol=1e-6
        )
    assert corners(scene, "Floor")[1, 2] == pytest.approx(0, abs=1e-6)
    assert corners(scene, "Wall1")[1, 0] == pytest.approx(-2.51)


def test_cameras_look_where_rlbenchs_look(scene: Scene) -> None:
    front = scene.tree.node("cam_front")
    turn = matrix(scene.frame_w(front))
    np.testing.assert_allclose(turn[:, 0], (0, -1, 0), atol=1e-4)
    np.testing.assert_allclose(turn[:, 2], (-0.9063, 0, -0.4226), atol=1e-4)
    cameras = [node for node in scene.tree if isinstance(node.source, VisionSensor)]
    for node in cameras:
        assert isinstance(node.source, VisionSensor)
        assert node.source.view_angle == pytest.approx(np.radians(40))
        if not node.name.endswith("_mask"):
            twin = scene.tree.node(f"{node.name}_mask")
            assert scene.frame_w(twin) == scene.frame_w(node)


def test_a_box_lies_on_the_table(scene: Scene) -> None:
    pool = w.box_pool((0.1, 0.1, 0.1))
    scene.load(read_model(w.file(pool, w.box("thing", 1, position=(0.2, 0.3, 0.9)))))
    scene.step(300)
    thing = scene.tree.node("thing")
    assert scene.frame_w(thing).position[2] == pytest.approx(0.8, abs=1e-3)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_a_stand_in_is_a_file_that_loads_as_the_scene(cache: Path) -> None:
    robot = cache / "panda.ttm"
    robot.write_bytes(ROBOT)
    path = write_stand_in(robot)
    assert write_stand_in(robot) == path
    names = {thing.name for thing in load_scene(path).objects}
    assert {"Panda", "hand", "workspace"} <= names
    assert load_scene(path).is_scene
    # Anything else is read as what it is.
    assert {thing.name for thing in load_scene(robot).objects} == {"Panda", "hand"}
    robot.unlink()
    with pytest.raises(ModelFileError, match=r"panda\.ttm.*not there"):
        load_scene(path)


def test_a_damaged_stand_in_is_written_anew(cache: Path) -> None:
    robot = cache / "panda.ttm"
    robot.write_bytes(ROBOT)
    path = write_stand_in(robot)
    path.write_bytes(b"\xa1\xff")
    assert load_scene(write_stand_in(robot)).is_scene


def test_each_robot_has_a_stand_in_of_its_own(cache: Path) -> None:
    robots = [cache / name for name in ("panda.ttm", "other.ttm")]
    for robot in robots:
        robot.write_bytes(ROBOT)
    first, second = map(write_stand_in, robots)
    robots[1].unlink()
    assert first != second
    assert load_scene(first).is_scene


def test_a_cache_that_cannot_be_written_to_keeps_no_scene_away(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = cache / "panda.ttm"
    robot.write_bytes(ROBOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(robot))
    path = write_stand_in(robot)
    assert write_stand_in(robot) == path
    assert load_scene(path).is_scene
    # It is open for as long as the process lives.
    os.close(int(path.name))


def test_a_file_of_json_that_is_no_stand_in_is_no_scene(cache: Path) -> None:
    path = cache / "other.json"
    path.write_text(json.dumps({"kind": "something else"}))
    with pytest.raises(ModelFileError, match="begins with"):
        load_scene(path)


@pytest.fixture
def rlbench(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package laid out as RLBench is, without its scene file."""
    folder = cache / "rlbench"
    for part in ("backend", "robot_ttms"):
        (folder / part).mkdir(parents=True)
    for package in (folder, folder / "backend"):
        (package / "__init__.py").touch()
    (folder / "backend" / "const.py").write_text('TTT_FILE = "task_design.ttt"\n')
    (folder / "robot_ttms" / "panda.ttm").write_bytes(ROBOT)
    monkeypatch.syspath_prepend(str(cache))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    kept = {name for name in sys.modules if name.partition(".")[0] == "rlbench"}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "rlbench"]:
        del sys.modules[name]


def scene_file(rlbench: Path) -> Path:
    """As RLBench looks it up."""
    constants = importlib.import_module("rlbench.backend.const")
    return rlbench / constants.TTT_FILE


def test_rlbench_is_shown_the_stand_in_where_its_scene_is_missing(
    rlbench: Path,
) -> None:
    lookup.watch_rlbench()
    lookup.watch_rlbench()
    path = scene_file(rlbench)
    assert path.is_file()
    assert "workspace" in {thing.name for thing in load_scene(path).objects}


def test_rlbench_that_was_imported_before_is_shown_it_too(rlbench: Path) -> None:
    assert not scene_file(rlbench).is_file()
    lookup.watch_rlbench()
    assert scene_file(rlbench).is_file()


def test_rlbench_keeps_a_scene_file_of_its_own(rlbench: Path) -> None:
    (rlbench / "task_design.ttt").write_bytes(ROBOT)
    lookup.watch_rlbench()
    assert scene_file(rlbench) == rlbench / "task_design.ttt"


def test_without_the_robots_model_rlbench_names_its_own_file(rlbench: Path) -> None:
    (rlbench / "robot_ttms" / "panda.ttm").unlink()
    lookup.watch_rlbench()
    assert scene_file(rlbench) == rlbench / "task_design.ttt"
