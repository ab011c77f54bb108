"""PufferLib 3, where its sources are at hand: the same tests, on its own vector.py.

PufferLib 3.0.0 exists as a source archive only, whose build does not get far without
a network and a C compiler. Its Python files work unbuilt: unpack the archive and name
the folder that holds ``pufferlib/`` in ``PUFFERLIB_3``. Its trainer needs torch, a C++
compiler with ninja for its kernel, and pyro on the path.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SOURCES = os.environ.get("PUFFERLIB_3")

pytestmark = [
    pytest.mark.skipif(
        not SOURCES,
        reason="PUFFERLIB_3 does not name an unpacked source archive of PufferLib 3",
    ),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize(
    "selection",
    [
        ["vector/test_pufferlib_make.py", "envs/test_puffer_forms.py"],
        ["vector/test_contract_all_backends.py", "-k", "puffer"],
        ["vector/test_faults_raised.py", "-k", "puffer"],
    ],
    ids=["make and forms", "contract", "faults"],
)
def test_they_pass_on_pufferlib_3(selection: list[str], tmp_path: Path) -> None:
    sources = str(SOURCES)
    environment = {**os.environ, "PYTHONPATH": sources}
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pufferlib as p; print(p.__version__, p.__file__)",
        ],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith(f"3.0 {sources}")
    paths = [str(TESTS / word) if ".py" in word else word for word in selection]
    # Importing PufferLib 3 leaves a link named `resources` where one stands.
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            str(TESTS.parent / "pyproject.toml"),
        ]
        + [f"--rootdir={TESTS.parent}", *paths],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture(scope="module")
def kernel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("torch", "pyro"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"PufferLib 3's trainer needs {name}")
    for program in ("g++", "ninja"):
        if shutil.which(program) is None:
            pytest.skip(f"PufferLib 3's trainer needs {program} to build its kernel")
    return tmp_path_factory.mktemp("kernel")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "batch"), [("native", 4), ("native", 2), ("shm", 2), ("puffer", 2)]
)
def test_its_own_trainer_learns_from_our_backends(
    backend: str, batch: int, kernel_folder: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join(filter(None, [SOURCES, os.environ.get("PYTHONPATH")]))
    runner = TESTS / "vector" / "pufferlib_3_trainer.py"
    example = TESTS.parent / "docs" / "examples" / "train_with_pufferlib.py"
    done = subprocess.run(
        [
            *(sys.executable, str(runner), str(kernel_folder), str(example)),
            *("--backend", backend, "--num-envs", "4", "--batch-size", str(batch)),
            *("--horizon", "16", "--updates", "3", "--output-dir", "saved"),
        ],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    last = done.stdout.splitlines()[-1]
    assert last.startswith("192 steps, success ")
    assert (tmp_path / last.rpartition(": ")[2]).is_file()
