"""Our module in place of PyRep's backend, tried in fresh interpreters.

What stands for PyRep here is a package of the same layout; the real one is used where
it is importable.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

PYREP = importlib.util.find_spec("pyrep")
REAL = (
    PYREP is not None
    and (Path(str(PYREP.origin)).parent / "backend" / "simConst.py").is_file()
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A source tree that was not built: its native module is missing."""
    backend = tmp_path / "pyrep" / "backend"
    backend.mkdir(parents=True)
    (tmp_path / "pyrep" / "__init__.py").write_text("from pyrep.backend import sim\n")
    (backend / "__init__.py").write_text("")
    (backend / "simConst.py").write_text("sim_handle_all = -2\n")
    (backend / "sim.py").write_text("from ._sim_cffi import ffi, lib\n")
    return tmp_path


def run(code: str, *path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COPPELIASIM_ROOT", "PYTHONPATH")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, "PYTHONPATH": os.pathsep.join(map(str, path)), **environment},
    )


def test_pyrep_gets_our_functions_and_its_own_constants(package: Path) -> None:
    code = """
from pyrep_mujoco import install
install(); install()
import os, sys
import pyrep
from pyrep.backend import sim
assert pyrep.sim is sim and sim.sim_handle_all == -2
assert sim.simGetObjectHandle.__module__ == "pyrep_mujoco.sim.objects"
assert "pyrep.backend._sim_cffi" not in sys.modules
assert os.path.isdir(os.environ["COPPELIASIM_ROOT"])
install()
print("installed")
"""
    done = run(code, package)
    assert done.stdout == "installed\n", done.stderr


def test_a_folder_that_is_there_is_left_as_it_is(package: Path) -> None:
    code = """
from pyrep_mujoco import install
install()
import os
print(os.environ["COPPELIASIM_ROOT"])
"""
    done = run(code, package, COPPELIASIM_ROOT=str(package))
    assert done.stdout.strip() == str(package)
    done = run(code, package, COPPELIASIM_ROOT=str(package / "gone"))
    assert Path(done.stdout.strip()).is_dir()


def test_pyrep_that_has_coppeliasim_already_is_refused(package: Path) -> None:
    (package / "pyrep" / "backend" / "_sim_cffi.py").write_text("ffi = lib = None\n")
    code = """
import pyrep
from pyrep_mujoco import install
install()
"""
    done = run(code, package)
    assert "InstallError: PyRep is imported with CoppeliaSim" in done.stderr
    assert "Install before" in done.stderr


def test_without_pyrep_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    code = "from pyrep_mujoco import install; install()"
    if PYREP is None:
        done = run(code)
        assert "InstallError: PyRep cannot be imported: no package" in done.stderr
        assert "setup rlbench" in done.stderr
    # The name belongs to another project on the Python package index.
    (tmp_path / "pyrep").mkdir()
    (tmp_path / "pyrep" / "__init__.py").write_text("")
    done = run(code, tmp_path)
    assert "is another project" in done.stderr


@pytest.mark.skipif(not REAL, reason="no PyRep is installed or on the path")
def test_pyrep_launches_loads_the_panda_and_moves_it() -> None:
    code = f"""
from pyrep_mujoco import install
install()
from pyrep import PyRep
from pyrep.objects.joint import Joint
from pyrep.objects.dummy import Dummy
pyrep = PyRep()
pyrep.launch("", headless=True)
pyrep.import_model({str(HERE.parent / "data" / "ttm" / "Panda.ttm")!r})
pyrep.start()
joint, tip = Joint("Panda_joint1"), Dummy("Panda_tip")
joint.set_control_loop_enabled(False)
before = tip.get_position()
joint.set_joint_target_velocity(0.5)
for _ in range(20):
    pyrep.step()
assert abs(joint.get_joint_velocity() - 0.5) < 0.01
assert abs(tip.get_position() - before).max() > 0.05
pyrep.shutdown()
print("moved")
"""
    assert PYREP is not None
    done = run(code, Path(str(PYREP.origin)).parents[1])
    assert done.stdout == "moved\n", done.stderr
