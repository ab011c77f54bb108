"""Models are kept on disk, and a bad entry never comes to harm."""

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import pytest

from pyrep_mujoco.ttm import cache
from pyrep_mujoco.ttm.cache import load_model
from pyrep_mujoco.ttm.meshes import leaves
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.read import read_model
from pyrep_mujoco.ttm.shapes import Shape

FILE = Path(__file__).parents[1] / "data" / "ttm" / "PandaGripper.ttm"


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Path:
    os.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    return tmp_path / "cache" / "pyrep_mujoco"


def told(model: Model) -> list[object]:
    """Everything a model holds, comparable."""
    facts: list[object] = [model.header, model.scripts, model.box]
    for thing in model.objects:
        facts.append((thing.name, thing.handle, thing.parent, thing.pose))
        if isinstance(thing, Shape):
            for mesh in leaves(thing.geometry):
                facts.append((mesh.pose, mesh.color, mesh.vertices.tobytes()))
                facts.append((mesh.triangles.tobytes(), mesh.normals.tobytes()))
    return facts


def test_a_model_from_the_cache_is_the_one_that_was_read(home: Path) -> None:
    first = load_model(FILE)
    (entry,) = home.iterdir()
    before = entry.read_bytes()
    second = load_model(FILE)
    assert told(first) == told(second) == told(read_model(FILE.read_bytes()))
    assert entry.read_bytes() == before
    shape = second.by_name["Panda_gripper"]
    assert isinstance(shape, Shape)
    assert not next(leaves(shape.geometry)).vertices.flags.writeable


def test_a_model_comes_from_the_cache(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model(FILE)
    monkeypatch.setattr(cache, "read_model", None)
    assert len(load_model(FILE).objects) == 11


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "model.ttm"
    shutil.copy(FILE, path)
    load_model(path)
    shutil.copy(FILE.with_name("loadable_model.ttm"), path)
    assert "loadable_model" in load_model(path).by_name


class Trap:
    """Something that no model holds."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("trapped",)


def signed(pickled: bytes) -> bytes:
    return hashlib.sha256(pickled).digest() + pickled


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: b"",
        lambda entry: entry[:40],
        lambda entry: entry[:-1],
        lambda entry: entry[:100] + b"\0" + entry[101:],
        lambda entry: signed(pickle.dumps(Trap())),
        lambda entry: signed(b"no pickle"),
    ],
    ids=["empty", "short", "shorter", "changed", "trapped", "signed"],
)
def test_a_damaged_entry_is_read_anew_and_mended(
    home: Path, damage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good = told(load_model(FILE))
    (entry,) = home.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert told(load_model(FILE)) == good
    assert entry.read_bytes() == whole
    assert not (tmp_path / "trapped").exists()


def test_where_nothing_can_be_written_the_file_is_read_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("not a folder")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path / "file")
    assert len(load_model(FILE).objects) == 11


def test_the_entries_used_longest_ago_are_forgotten(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model(FILE)
    (old,) = home.iterdir()
    os.utime(old, (1, 1))
    monkeypatch.setattr(cache, "MOST_BYTES", old.stat().st_size)
    load_model(FILE.with_name("loadable_model.ttm"))
    (kept,) = home.iterdir()
    assert kept != old
