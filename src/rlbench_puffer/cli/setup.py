"""``rlbench-puffer setup``: installs what RLBench's own tasks need."""

import os
from pathlib import Path
from typing import Annotated, Literal

import tyro

from rlbench_puffer.errors import InvalidOptionError, SetupError
from rlbench_puffer.setup.coppeliasim import (
    BASE_URL,
    archive_name,
    install_coppeliasim,
)
from rlbench_puffer.setup.packages import rlbench_commands, run_all, system_commands

Flag = tyro.conf.FlagCreatePairsOff


def setup(
    what: Annotated[Literal["system", "coppeliasim", "rlbench"], tyro.conf.Positional],
    /,
    prefix: Path | None = None,
    archive: str | None = None,
    base_url: str | None = None,
    dry_run: Annotated[bool, Flag] = False,
) -> int:
    """Install what RLBench's own tasks need: system, then coppeliasim, then rlbench.

    Doing it again is fine: what is there stays, and what was interrupted goes on.
    CoppeliaSim and RLBench come from their makers, under licences of their own. After a
    change of CoppeliaSim's folder `setup rlbench` must run again.

    Args:
      what: Packages by apt; CoppeliaSim 4.1.0; or RLBench, with PyRep built anew.
      prefix: Folder to put CoppeliaSim into (~/.local/share/rlbench-puffer).
      archive: CoppeliaSim's file at the vendor's; that for this system.
      base_url: Where the file is: the vendor's site, or a mirror of yours.
      dry_run: Only show what would be done.

    Returns:
      The exit code.
    """
    if what != "coppeliasim":
        given = {"prefix": prefix, "archive": archive, "base_url": base_url}
        for name, value in given.items():
            if value is not None:
                raise InvalidOptionError(
                    name, value, "no such option but with `setup coppeliasim`"
                )
    if what == "system":
        run_all(system_commands(), dry_run=dry_run)
    elif what == "rlbench":
        run_all(rlbench_commands(_root(), Path.cwd()), dry_run=dry_run)
    else:
        folder = prefix or Path.home() / ".local" / "share" / "rlbench-puffer"
        release = Path("/etc/os-release")
        name = archive or archive_name(release.read_text() if release.exists() else "")
        url = base_url or BASE_URL
        if dry_run:
            print(f"would download {url}/{name} and unpack it in {folder}")
        else:
            install_coppeliasim(folder, name, base_url=url)
    return 0


def _root() -> Path:
    root = os.environ.get("COPPELIASIM_ROOT")
    if not root:
        raise SetupError(
            "COPPELIASIM_ROOT is not set.",
            "Run `rlbench-puffer setup coppeliasim` and source the file it names.",
        )
    return Path(root)
