"""``rlbench-puffer setup``: installs what RLBench's own tasks need."""

import os
import sys
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
from rlbench_puffer.setup.sources import BASE_URL as SOURCES_URL
from rlbench_puffer.setup.sources import install_sources, sources_folder

Flag = tyro.conf.FlagCreatePairsOff


def setup(
    what: Annotated[Literal["system", "coppeliasim", "rlbench"], tyro.conf.Positional],
    /,
    engine: Literal["mujoco", "coppeliasim"] | None = None,
    prefix: Path | None = None,
    archive: str | None = None,
    base_url: str | None = None,
    copies: Annotated[tuple[Path, ...], tyro.conf.arg(name="from")] = (),
    accept_license: Annotated[bool, Flag] = False,
    dry_run: Annotated[bool, Flag] = False,
) -> int:
    """Install what RLBench's own tasks need.

    For engine mujoco `setup rlbench` is enough; for engine coppeliasim it is system,
    then coppeliasim, then rlbench. Doing it again is fine: what is there stays, and
    what was interrupted goes on. CoppeliaSim and RLBench come from their makers, under
    licences of their own. After a change of CoppeliaSim's folder `setup rlbench` must
    run again.

    Args:
      what: Packages by apt; CoppeliaSim 4.1.0; or RLBench, with PyRep.
      engine: Of rlbench, which engine it is for: mujoco gets the sources of both,
        coppeliasim builds PyRep and installs both; without it, coppeliasim where
        COPPELIASIM_ROOT is set and mujoco elsewhere.
      prefix: Folder to put CoppeliaSim into; without it, rlbench-puffer in
        ~/.local/share, or in XDG_DATA_HOME where that is set.
      archive: CoppeliaSim's file at the vendor's; that for this system.
      base_url: Where to download from: the makers' site, or a mirror of yours.
      copies: Checkouts of RLBench and PyRep to take instead of downloading them.
      accept_license: Accept RLBench's licence, which is shown, without being asked.
      dry_run: Only show what would be done.

    Returns:
      The exit code.
    """
    by_mujoco = what == "rlbench" and (engine or _engine()) == "mujoco"
    coppeliasim, sources = "`setup coppeliasim`", "`setup rlbench --engine mujoco`"
    _refuse(prefix, "prefix", what == "coppeliasim", coppeliasim)
    _refuse(archive, "archive", what == "coppeliasim", coppeliasim)
    downloads = what == "coppeliasim" or by_mujoco
    _refuse(base_url, "base_url", downloads, f"{coppeliasim} or {sources}")
    _refuse(copies or None, "from", by_mujoco, sources)
    _refuse(accept_license or None, "accept_license", by_mujoco, sources)
    _refuse(engine, "engine", what == "rlbench", "`setup rlbench`")
    if what == "system":
        run_all(system_commands(), dry_run=dry_run)
    elif by_mujoco and dry_run:
        where = ", ".join(map(str, copies)) or base_url or SOURCES_URL
        print(f"would get rlbench and pyrep from {where} into {sources_folder()}")
    elif by_mujoco:
        install_sources(
            accept_licence if accept_license else ask_for_licence,
            copies=copies,
            base_url=base_url or SOURCES_URL,
        )
        print("The packages that they need: uv sync --extra mujoco")
    elif what == "rlbench":
        run_all(rlbench_commands(_root(), Path.cwd()), dry_run=dry_run)
    else:
        folder = prefix or sources_folder().parent
        release = Path("/etc/os-release")
        name = archive or archive_name(release.read_text() if release.exists() else "")
        url = base_url or BASE_URL
        if dry_run:
            print(f"would download {url}/{name} and unpack it in {folder}")
        else:
            install_coppeliasim(folder, name, base_url=url)
    return 0


def accept_licence(text: str) -> None:
    """Show a licence that was accepted beforehand."""
    print(text)


def ask_for_licence(text: str) -> None:
    """Show a licence and ask.

    Raises:
      SetupError: it is not accepted, or nobody can be asked.
    """
    print(text)
    if not sys.stdin.isatty():
        raise SetupError(
            "RLBench is under the licence above, and nobody can be asked for it here.",
            "If you accept it, run the command again with --accept-license.",
        )
    if input("Do you accept RLBench's licence above? [yes/no] ").strip() != "yes":
        raise SetupError("RLBench's licence was not accepted.", "Nothing was kept.")


def _refuse(value: object, name: str, fits: bool, where: str) -> None:
    if value is not None and not fits:
        raise InvalidOptionError(name, value, f"no such option but with {where}")


def _engine() -> str:
    return "coppeliasim" if os.environ.get("COPPELIASIM_ROOT") else "mujoco"


def _root() -> Path:
    root = os.environ.get("COPPELIASIM_ROOT")
    if not root:
        raise SetupError(
            "COPPELIASIM_ROOT is not set.",
            "Run `rlbench-puffer setup coppeliasim` and source the file it names.",
        )
    return Path(root)
