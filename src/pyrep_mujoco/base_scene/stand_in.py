"""A small file that stands for the base scene where RLBench's own file is missing.

RLBench launches PyRep with the path of a scene file, and PyRep insists that the file
exists. The stand-in is such a file: it says where the robot's model lies, and the
scene is built when it is loaded. It lies in this package's cache folder.
"""

import contextlib
import functools
import hashlib
import json
import os
import tempfile
from pathlib import Path

from pyrep_mujoco.base_scene.build import base_scene
from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.cache import cache_folder, load_model
from pyrep_mujoco.ttm.model import Model

_KIND = "pyrep_mujoco base scene"
_MOST_BYTES = 1 << 14


def write_stand_in(robot: Path) -> Path:
    """A stand-in for the base scene with the robot of a model file.

    Where the cache folder cannot be written to, it lies in this process's memory.
    """
    text = json.dumps({"kind": _KIND, "robot": str(robot.resolve())}) + "\n"
    data = text.encode()
    # Copies of RLBench have a file each: processes of both may run at a time.
    name = f"base_scene-{hashlib.sha256(data).hexdigest()[:16]}.json"
    path = cache_folder() / name
    try:
        if not path.is_file() or path.read_bytes() != data:
            _write(path, data)
    except OSError:
        return _in_memory(data)
    return path


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Other processes may read it meanwhile.
    handle, written = tempfile.mkstemp(dir=path.parent, suffix=".json")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(written).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(written).unlink()
        raise


@functools.cache
def _in_memory(data: bytes) -> Path:
    """A file that is there for as long as this process."""
    handle = os.memfd_create("base_scene.json")
    os.write(handle, data)
    return Path(f"/proc/self/fd/{handle}")


def load_scene(path: str | os.PathLike[str]) -> Model:
    """The scene in a file of CoppeliaSim's, or the one that a stand-in stands for.

    Raises:
      ModelFileError: the file is cut short, damaged, or of an unknown form; or the
        robot of a stand-in is missing.
      OSError: the file cannot be opened.
    """
    robot = _robot_of(Path(path))
    if robot is None:
        return load_model(path)
    if not robot.is_file():
        raise ModelFileError(
            "The robot of the base scene is not there any more",
            file=str(robot),
            next_step="Run `rlbench-puffer setup rlbench`, or install RLBench with its "
            "robot models, and start anew.",
        )
    return base_scene(load_model(robot))


def _robot_of(path: Path) -> Path | None:
    """The robot's model that a stand-in names; None if the file is none."""
    with path.open("rb") as file:
        begin = file.read(_MOST_BYTES)
    try:
        found = json.loads(begin)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("kind") != _KIND:
        return None
    return Path(str(found.get("robot", "")))
