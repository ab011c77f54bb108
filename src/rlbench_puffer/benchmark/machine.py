"""Where and on what a measurement was made: machine, commit, package versions."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

MEASURED_PACKAGES = ("rlbench-puffer", "numpy", "gymnasium", "pufferlib", "mujoco")
"""Distributions whose versions decide what a throughput figure means."""


def describe_host() -> dict[str, Any]:
    """The machine as far as it decides throughput; its name is nobody's business.

    Returns:
      ``cpu`` (model name), ``cores`` (that this process may use), ``memory_gib``
      and ``system``.
    """
    return {
        "cpu": _cpu_model(),
        "cores": available_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def available_cores() -> int:
    """Cores that this process may run on; a container may have fewer than the CPU."""
    return len(os.sched_getaffinity(0))


def package_versions() -> dict[str, str]:
    """Versions of the interpreter and of the packages that matter."""
    versions = {"python": platform.python_version()}
    for name in MEASURED_PACKAGES:
        versions[name] = importlib.metadata.version(name)
    return versions


def find_commit() -> str | None:
    """Commit of the source tree this package runs from, or None outside of one.

    A ``+`` is appended when files under ``src`` differ from that commit. Other
    files, such as the rows that a sweep is just writing, do not change what is
    measured.
    """
    source = Path(__file__).resolve().parents[2]
    if source.name != "src":
        return None
    commit = _git(source, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return None
    changed = _git(source, "status", "--porcelain", "--", ".")
    return f"{commit}+" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    """What git prints, or nothing where there is no git or no repository."""
    try:
        done = subprocess.run(
            # Reading must not write: `git status` would else renew the index.
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu_model() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()
