"""Drawing and learning share a process, whichever of the two comes first."""

import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="torch is not installed: uv sync --extra train")

SCRIPT = """
import sys
import rlbench_puffer
vec = rlbench_puffer.make_vec(
    "reach_target", 1, backend="serial", display=sys.argv[1],
    cameras={"front": (16, 16)},
)
vec.reset(seed=0)
import torch
weight = torch.nn.Parameter(torch.ones(3))
optimizer = torch.optim.Adam([weight])
weight.sum().backward()
optimizer.step()
print(vec.step([[0.0] * 8])[0].any(), bool((weight < 1.0).all()))
vec.close()
"""


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize("display", ["egl", "osmesa", "xvfb"])
def test_torch_may_come_after_the_first_picture(display: str) -> None:
    """Without care triton's LLVM is bound to Mesa's, and the process crashes."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, display], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == "True True\n"
