"""The built wheel works from outside of the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from structure.sources import ROOT

SMOKE = """
import rlbench_puffer, sys
assert rlbench_puffer.__file__.startswith(sys.argv[1]), rlbench_puffer.__file__
env = rlbench_puffer.make("reach_target")
observation, info = env.reset(seed=0)
env.step(env.action_space.sample())
env.close()
print(info["descriptions"][0])
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_holds_the_package_and_runs_elsewhere(tmp_path: Path) -> None:
    if shutil.which("uv") is None:
        pytest.skip("uv builds the wheel and is not on PATH")
    # A copy, for a build must leave nothing in the repository.
    source = tmp_path / "source"
    shutil.copytree(ROOT / "src", source / "src")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, source / name)
    run("uv", "build", "--wheel", "--quiet", "--out-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("rlbench_puffer-*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert "rlbench_puffer/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "pyrep_mujoco/py.typed" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "pyrep_mujoco",
        "rlbench_puffer",
    }
    site = tmp_path / "site"
    python = ("--python", sys.executable)
    run(
        "uv", "pip", "install", "--quiet", "--no-deps", *python, "--target", site, wheel
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SMOKE, str(site)],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def run(*command: str | Path) -> None:
    """Run a command and show what it said if it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
