"""Importing the package is free: no heavy module, no side effect, no time."""

import json
import subprocess
import sys

SCRIPT = """
import json, os, sys, time
environment, warned = dict(os.environ), sys.stderr
began = time.perf_counter()
import rlbench_puffer
seconds = time.perf_counter() - began
print(json.dumps({
    "seconds": seconds,
    "modules": sorted(sys.modules),
    "environment_changed": environment != dict(os.environ),
}))
"""

HEAVY = {
    "torch",
    "pufferlib",
    "matplotlib",
    "mujoco",
    "rlbench",
    "pyrep",
    "gymnasium",
    "numpy",
}


def test_importing_the_package_is_silent_quick_and_light() -> None:
    told = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1
        told.append(json.loads(done.stdout))
    assert not HEAVY & set(told[0]["modules"])
    assert not told[0]["environment_changed"]
    # The best of three: the machine may be busy with other tests.
    assert min(once["seconds"] for once in told) < 0.3
