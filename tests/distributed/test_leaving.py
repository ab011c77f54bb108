"""A rank's process ends with its code and all it said, whatever threads are left."""

import os
import subprocess
import sys

import pytest

LEFT = """
import atexit, sys, types
from rlbench_puffer.distributed.leaving import leave
atexit.register(print, "cleaned up")
if {rank}:
    sys.modules["torch.distributed"] = types.ModuleType("torch.distributed")
print("told")
leave(3)
"""


@pytest.mark.parametrize(
    ("rank", "told"), [(False, "told\ncleaned up\n"), (True, "told\n")]
)
def test_only_a_rank_ends_without_clean_up(rank: bool, told: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LEFT.format(rank=rank)],
        env={**os.environ, "RANK": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, told)
