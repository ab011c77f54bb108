"""PufferLib 3, where its sources are at hand: the same tests, on its own vector.py.

PufferLib 3.0.0 exists as a source archive only, whose build does not get far without
a network and a C compiler. Its Python files work unbuilt: unpack the archive and name
the folder that holds ``pufferlib/`` in ``PUFFERLIB_3``.
"""

import os
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
