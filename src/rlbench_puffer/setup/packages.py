"""The system packages that CoppeliaSim and PyRep's build need, and their commands."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from rlbench_puffer.errors import SetupError
from rlbench_puffer.setup.coppeliasim import LIBRARY

SYSTEM_PACKAGES = (
    # To unpack CoppeliaSim, to get and to build PyRep.
    "ca-certificates",
    "xz-utils",
    "git",
    "g++",
    "libffi-dev",
    # An X server that needs no screen, and OpenGL in software.
    "xvfb",
    "libgl1",
    "libegl1",
    "libgl1-mesa-dri",
    # What CoppeliaSim's Qt links to.
    "libx11-6",
    "libx11-xcb1",
    "libxcb1",
    "libxau6",
    "libxi6",
    "libxrender1",
    "libxkbcommon-x11-0",
    "libdbus-1-3",
    "libfontconfig1",
    "libglib2.0-0",
    # What its video plugins link to.
    "libavcodec-dev",
    "libavformat-dev",
    "libswscale-dev",
)
"""Names in Debian and Ubuntu."""

PINS = {
    "pyrep": "git+https://github.com/stepjam/PyRep@"
    "8f420be8064b1970aae18a9cfbc978dfb15747ef",
    "rlbench": "git+https://github.com/stepjam/RLBench@"
    "02720bba4c73fe02eb75df946b8791b806028a9d",
}
"""The commits whose behaviour was measured."""


def system_commands() -> list[list[str]]:
    """The commands that install the system packages."""
    root = [] if os.geteuid() == 0 else ["sudo"]
    return [
        [*root, "apt-get", "update"],
        [*root, "apt-get", "install", "-y", "--no-install-recommends"]
        + list(SYSTEM_PACKAGES),
    ]


def rlbench_commands(root: Path, folder: Path) -> list[list[str]]:
    """The commands that build PyRep against a CoppeliaSim and install RLBench.

    PyRep is built anew each time: its build copies a script into CoppeliaSim's folder
    and links its library, so it must follow a change of that folder.

    Args:
      root: CoppeliaSim's folder.
      folder: the current one; in a checkout of this project its lock is used.

    Raises:
      SetupError: there is no CoppeliaSim in it.
    """
    if not (root / LIBRARY).exists():
        raise SetupError(
            f"{root} holds no {LIBRARY}.",
            "Run `rlbench-puffer setup coppeliasim` and source the file it names.",
        )
    project = folder / "pyproject.toml"
    if project.exists() and 'name = "rlbench-puffer"' in project.read_text():
        extra = ["--extra", "coppeliasim"]
        return [["uv", "sync", "--inexact", *extra, "--reinstall-package", "pyrep"]]
    reinstall = ["--reinstall-package", "pyrep", "--no-cache-dir", "--no-deps"]
    return [
        ["uv", "pip", "install", "pyquaternion", "scipy", "natsort", "pillow", "cffi"],
        ["uv", "pip", "install", *reinstall, f"pyrep @ {PINS['pyrep']}"],
        ["uv", "pip", "install", "--no-deps", f"rlbench @ {PINS['rlbench']}"],
    ]


def run_all(
    commands: list[list[str]],
    *,
    dry_run: bool,
    say: Callable[[str], None] = print,
) -> None:
    """Run commands one after another, or only show them.

    Raises:
      SetupError: one is not there, or fails.
    """
    for command in commands:
        say(" ".join(f"'{word}'" if " " in word else word for word in command))
        if dry_run:
            continue
        if shutil.which(command[0]) is None:
            raise SetupError(
                f"{command[0]!r} is not on PATH.",
                "Install it, or run the commands' like on your system.",
            )
        code = subprocess.run(command, check=False).returncode
        if code:
            raise SetupError(
                f"The command above ended with code {code}.",
                "Its own message says why; the same command goes on from there.",
            )
