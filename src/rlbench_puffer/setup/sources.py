"""Gets the Python packages of RLBench and PyRep, as they are, into a data folder."""

import dataclasses
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rlbench_puffer.errors import SetupError
from rlbench_puffer.setup.content import files_of, tree_id
from rlbench_puffer.setup.download import download

BASE_URL = "https://github.com"
"""Where both are published."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """One package at one commit."""

    package: str
    """The package, and the folder of it in the repository."""

    repository: str
    """Owner and name."""

    commit: str
    """The commit whose behaviour was measured."""

    content: str
    """Id of the package's folder there; see :func:`tree_id`."""

    code: str
    """The same of its Python files alone."""


RLBENCH = Source(
    package="rlbench",
    repository="stepjam/RLBench",
    commit="02720bba4c73fe02eb75df946b8791b806028a9d",
    content="732d4d7bd5bbe7b8a639d963de7adde5703995fe",
    code="67b0b648ebad965932049bb025f3dea4708fa7fc",
)
PYREP = Source(
    package="pyrep",
    repository="stepjam/PyRep",
    commit="8f420be8064b1970aae18a9cfbc978dfb15747ef",
    content="0fab1a97232e97933adf2b6f5b5c4d864a5fc119",
    code="3867d17db82bef79f9c84d32791f9339056f01c6",
)


def sources_folder() -> Path:
    """Where they go, and where engine ``mujoco`` looks for them: the user's data."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base).absolute() / "rlbench-puffer" / "sources"


def install_sources(
    accept: Callable[[str], None],
    *,
    sources: Sequence[Source] = (RLBENCH, PYREP),
    folder: Path | None = None,
    copies: Sequence[Path] = (),
    base_url: str = BASE_URL,
    pause_s: float = 1.0,
    say: Callable[[str], None] = print,
) -> Path:
    """Show RLBench's licence, then get, check and keep each package.

    Doing it again does nothing; after an interruption it goes on.

    Args:
      accept: shown RLBench's licence before anything else of RLBench is fetched;
        raises unless it is accepted.
      sources: what to get; the first one's licence is shown.
      folder: where to, or None for :func:`sources_folder`.
      copies: checkouts on this machine, or folders of them, to take instead.
      base_url: where both are published, or a mirror of it.
      pause_s: between two connections, in [s].
      say: is told what happens.

    Returns:
      The folder that Python finds both in.

    Raises:
      SetupError: a package could not be had, or is not what it should be.
    """
    folder = folder or sources_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if _is_kept(source, folder):
            say(f"{source.package} is in {folder} already.")
            continue
        with tempfile.TemporaryDirectory(dir=folder, prefix="getting-") as temporary:
            if copies:
                found = _copy_of(source, copies)
                if source is sources[0]:
                    accept((found / "LICENSE").read_text())
            else:
                if source is sources[0]:
                    accept(_licence(source, folder, base_url, pause_s, say))
                archive = folder / f"{source.package}-{source.commit}.tar.gz"
                url = f"{base_url}/{source.repository}/archive/{source.commit}.tar.gz"
                download(url, archive, pause_s=pause_s, say=say)
                found = _unpacked(source, archive, Path(temporary))
            if not _fits(source, found / source.package, say):
                if not copies:
                    # Kept, it would be taken for the right one the next time.
                    archive.unlink()
                raise _wrong(source, found, bool(copies))
            _keep(source, found, folder, Path(temporary))
            if not copies:
                archive.unlink()
        say(f"{source.package} is in {folder} now.")
    return folder


def missing_models(package: Path) -> list[str]:
    """Tasks of an RLBench whose model file is not there, sorted."""
    tasks = {file.stem for file in (package / "tasks").glob("*.py")} - {"__init__"}
    models = {file.stem for file in (package / "task_ttms").glob("*.ttm")}
    return sorted(tasks - models)


def _is_kept(source: Source, folder: Path) -> bool:
    """Whether a package is there, whole.

    Raises:
      SetupError: something else is in its place.
    """
    kept = folder / source.package
    if not kept.exists():
        return False
    files = files_of(kept)
    if tree_id(kept, files) == source.content:
        return True
    if tree_id(kept, _code(files)) == source.code:
        return False  # Of a copy that lacked files; this one may have them.
    raise SetupError(
        f"{kept} was changed, or is of another commit than {source.commit}.",
        "Move it away, and run the command again.",
    )


def _code(files: Sequence[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".py"]


def _fits(source: Source, package: Path, say: Callable[[str], None]) -> bool:
    """Whether a package is the one recorded; of a copy, files may be missing."""
    files = files_of(package)
    if tree_id(package, files) == source.content:
        return True
    if tree_id(package, _code(files)) != source.code:
        return False
    lacking = missing_models(package)
    if lacking:
        say(
            f"{len(lacking)} tasks have no model file and cannot run: "
            f"{', '.join(lacking)}."
        )
    else:
        say(f"Files of {source.package} beside its code differ from the commit's.")
    return True


def _licence(
    source: Source,
    folder: Path,
    base_url: str,
    pause_s: float,
    say: Callable[[str], None],
) -> str:
    file = folder / f"{source.package}-LICENSE"
    url = f"{base_url}/{source.repository}/raw/{source.commit}/LICENSE"
    download(url, file, pause_s=pause_s, say=say)
    return file.read_text()


def _copy_of(source: Source, copies: Sequence[Path]) -> Path:
    """The checkout among these folders, or directly in one of them."""
    for copy in copies:
        inner = sorted(path for path in copy.glob("*") if path.is_dir())
        for folder in (copy, *inner):
            found = folder / source.package / "__init__.py"
            if found.exists() and (folder / "LICENSE").exists():
                return folder
    told = ", ".join(map(str, copies))
    raise SetupError(
        f"{told}: no checkout of {source.repository} is there, with its LICENSE and "
        f"its folder {source.package}.",
        "Give the folders of both checkouts after --from.",
    )


def _unpacked(source: Source, archive: Path, folder: Path) -> Path:
    """The repository's folder; only the package and its licence are unpacked."""

    def wanted(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        parts = Path(member.name).parts[1:]
        if parts[:1] not in ((), (source.package,), ("LICENSE",)):
            return None
        return tarfile.data_filter(member, path)

    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter=wanted)
        (found,) = [path for path in folder.iterdir() if path.is_dir()]
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        archive.unlink()
        raise SetupError(
            f"{archive.name} is not the archive that was expected: it cannot be "
            f"unpacked: {error}. It was removed.",
            "Run the command again, or give another --base-url.",
        ) from error
    return found


def _keep(source: Source, found: Path, folder: Path, temporary: Path) -> None:
    """Put a package into its place, whole or not at all."""
    staged = temporary / "whole" / source.package
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(found / source.package, staged, ignore=ignore)
    shutil.copyfile(found / "LICENSE", folder / f"{source.package}-LICENSE")
    kept = folder / source.package
    if kept.exists():
        # It had fewer files; it goes with the temporary folder.
        kept.rename(temporary / "before")
    staged.rename(kept)


def _wrong(source: Source, found: Path, copied: bool) -> SetupError:
    what = f"{source.package} in {found}" if copied else f"The archive of {found.name}"
    return SetupError(
        f"{what} is not that of {source.repository} at commit {source.commit}: its "
        "Python files differ.",
        f"Check that commit out there: git checkout {source.commit}."
        if copied
        else "Run the command again, or give another --base-url.",
    )
