"""Without the extra `train` the command says what to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Missing())
from rlbench_puffer.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
RANKS = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}


@pytest.mark.parametrize(
    ("arguments", "variables", "what"),
    [
        (["train"], {}, "Training"),
        (["bench"], RANKS, "A job of ranks"),
        (["record", "--policy", "checkpoint.pt"], {}, "A trained policy"),
    ],
    ids=["train", "ranks", "a trained policy"],
)
def test_a_missing_torch_is_told_in_one_line(
    arguments: list[str], variables: dict[str, str], what: str, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").touch()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **variables},
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"{what} needs the package 'torch'" in done.stderr
    assert "uv sync --extra train" in done.stderr
