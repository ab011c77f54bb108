"""Without the extra `train` the command says what to install."""

import subprocess
import sys

SCRIPT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Missing())
from rlbench_puffer.cli.main import main
sys.exit(main(["train"]))
"""


def test_a_missing_torch_is_told_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Training needs the package 'torch'" in done.stderr
    assert "uv sync --extra train" in done.stderr
