"""Installs CoppeliaSim 4.1.0 into a folder, whole or not at all."""

import hashlib
import lzma
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from rlbench_puffer.errors import SetupError
from rlbench_puffer.setup.download import download

VERSION = "4.1.0"
"""The one version that PyRep 4.1.0.3 works with."""

BASE_URL = "https://downloads.coppeliarobotics.com/V4_1_0"
"""The vendor's folder, as RLBench's own instructions name it."""

LIBRARY = "libcoppeliaSim.so"
PLUGINS = "libsimExtDynamics*.so*"

_MARK = ".installed-by-rlbench-puffer"


def archive_name(os_release: str) -> str:
    """The vendor's archive for a system.

    Args:
      os_release: the text of ``/etc/os-release``.

    Returns:
      That of the newest Ubuntu which is not newer than the system, judged by its C
      library: Debian 10 is as old as Ubuntu 18.04. A system that is neither gets the
      newest.
    """
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    number = float(re.sub(r"[^\d.]", "", fields.get("VERSION_ID", "")) or "inf")
    old = {"ubuntu": (18.0, 20.0), "debian": (10.0, 11.0)}.get(fields.get("ID", ""))
    system = "20_04"
    if old is not None and number < old[1]:
        system = "16_04" if number < old[0] else "18_04"
    return f"CoppeliaSim_Edu_V4_1_0_Ubuntu{system}.tar.xz"


def install_coppeliasim(
    prefix: Path,
    archive: str,
    *,
    base_url: str = BASE_URL,
    pause_s: float = 1.0,
    say: Callable[[str], None] = print,
) -> Path:
    """Download, check, unpack, and write the file to source.

    Doing it again does nothing; after an interruption it goes on.

    Args:
      prefix: where the folder of CoppeliaSim goes.
      archive: the vendor's file, see :func:`archive_name`.
      base_url: where that file is.
      pause_s: between two connections, in [s].
      say: is told what happens.

    Returns:
      CoppeliaSim's folder.

    Raises:
      SetupError: the download failed, or the archive is not CoppeliaSim 4.1.0.
    """
    prefix = prefix.absolute()
    root = prefix / f"CoppeliaSim-{VERSION}"
    if (root / _MARK).exists():
        say(f"CoppeliaSim {VERSION} is in {root} already.")
    elif root.exists():
        raise SetupError(
            f"{root} exists and was not made by this command.",
            "Give another --prefix, or remove it.",
        )
    else:
        file = prefix / archive
        download(f"{base_url}/{archive}", file, pause_s=pause_s, say=say)
        say(f"SHA-256 of {archive}: {_digest(file)}")
        say(f"Unpacking into {root}.")
        _unpack(file, root)
        file.unlink()
    write_environment(root, say)
    return root


def environment(root: Path) -> dict[str, str]:
    """The variables under which programs find CoppeliaSim in ``root``."""
    return {
        "COPPELIASIM_ROOT": str(root),
        "LD_LIBRARY_PATH": f"{root}:$LD_LIBRARY_PATH",
        "QT_QPA_PLATFORM_PLUGIN_PATH": str(root),
    }


def write_environment(root: Path, say: Callable[[str], None]) -> None:
    """Write the file to source beside the folder, and show its lines."""
    lines = [f'export {name}="{value}"' for name, value in environment(root).items()]
    file = root.with_name("coppeliasim.sh")
    file.write_text("\n".join(lines) + "\n")
    say(f"Put these lines into your shell's profile, or run `source {file}`:")
    for line in lines:
        say(f"  {line}")


def check_folder(folder: Path) -> None:
    """Raise SetupError unless a folder is a whole CoppeliaSim 4.1.0."""
    version = version_of(folder)
    if version != VERSION:
        raise SetupError(
            f"{folder.name} is CoppeliaSim {version or 'of no known version'}, "
            f"expected {VERSION}: with 4.2 and later RLBench fails with 'Handle ... "
            "does not exist', for its scenes need the object names of 4.1.",
            f"Use the archives of {BASE_URL}.",
        )
    for needed in (LIBRARY, PLUGINS):
        if not any(folder.glob(needed)):
            raise SetupError(
                f"{folder.name} holds no {needed}: it is not whole.",
                "Download it again.",
            )


def version_of(folder: Path) -> str | None:
    """The version of CoppeliaSim in a folder, by its name; None: it does not say."""
    found = re.search(r"(?:_V|-)(\d+)[_.](\d+)[_.](\d+)", folder.resolve().name)
    return ".".join(found.groups()) if found else None


def _unpack(file: Path, root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="unpacking-") as folder:
        try:
            with lzma.open(file) as stream:
                with tarfile.open(fileobj=stream, mode="r:") as archive:
                    archive.extractall(folder, filter="data")
                # The checksum stands behind the last file.
                while stream.read(1 << 20):
                    pass
        except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
            raise _wrong(file, f"it cannot be unpacked: {error}") from error
        folders = [path for path in Path(folder).iterdir() if path.is_dir()]
        if len(folders) != 1:
            raise _wrong(file, f"expected one folder in it, found {len(folders)}")
        try:
            check_folder(folders[0])
        except SetupError:
            file.unlink()
            raise
        (folders[0] / _MARK).touch()
        shutil.move(folders[0], root)


def _wrong(file: Path, why: str) -> SetupError:
    # Kept, it would be taken for the right one the next time.
    file.unlink()
    return SetupError(
        f"{file.name} is not the archive that was expected: {why}. It was removed.",
        "Run the command again, or give another --base-url.",
    )


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
