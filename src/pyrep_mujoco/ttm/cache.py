"""Models that were read before, kept on disk by what their files contain.

An entry lies under ``$XDG_CACHE_HOME/pyrep_mujoco`` (``~/.cache`` if that is not
set). It is named for the file's content and for this reader's own code, so neither a
changed file nor a changed reader ever meets an old entry. An entry that is damaged is
read anew and replaced; where nothing can be written, every file is read anew.
"""

import contextlib
import functools
import hashlib
import io
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.read import read_model

MOST_BYTES = 1 << 30
"""The entries used longest ago are removed beyond this."""

_DIGEST_BYTES = 32


def load_model(path: str | os.PathLike[str]) -> Model:
    """The model or scene in a file, from the cache if it was read before.

    Raises:
      ModelFileError: the file is cut short, damaged, or of an unknown form.
      OSError: the file cannot be opened.
    """
    data = Path(path).read_bytes()
    entry = f"{_key(data)}.model"
    kept = recall(entry)
    model = None if kept is None else _unpickled(kept)
    if model is None:
        try:
            model = read_model(data)
        except ModelFileError as error:
            raise error.in_file(path) from None
        # Protocol 5 brings read-only arrays back as read-only ones.
        keep(entry, pickle.dumps(model, protocol=5))
    return model


def cache_folder() -> Path:
    """Where entries lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pyrep_mujoco"


def _key(data: bytes) -> str:
    return hashlib.sha256(_own_code() + data).hexdigest()


@functools.cache
def _own_code() -> bytes:
    """A digest of the reader's modules, whose classes the entries are made of."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.digest()


def recall(entry: str) -> memoryview | None:
    """What is kept under a name, or None where there is nothing or it is damaged."""
    path = cache_folder() / entry
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    data = memoryview(kept)[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != kept[:_DIGEST_BYTES]:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return data


def _unpickled(kept: memoryview) -> Model | None:
    try:
        return _Unpickler(io.BytesIO(kept)).load()
    except pickle.UnpicklingError:
        return None


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what models consist of, whoever wrote the entry."""

    def find_class(self, module: str, name: str) -> Any:
        # A dotted name would lead from a module to what that module imports.
        if "." not in name:
            package = module.split(".")
            if package[:2] == ["pyrep_mujoco", "ttm"]:
                found = super().find_class(module, name)
                if isinstance(found, type):
                    return found
            elif package[0] == "numpy" and name in ("_frombuffer", "dtype", "ndarray"):
                return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a model")


def keep(entry: str, data: bytes) -> None:
    """Keep something under a name; others never see it half written."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                file.write(hashlib.sha256(data).digest())
                file.write(data)
                file.close()
                Path(file.name).replace(folder / entry)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _forget_oldest(folder)
    except OSError:
        # A full disk or a folder that is not ours: it is at hand all the same.
        return


def _forget_oldest(folder: Path) -> None:
    """Remove the entries used longest ago until the rest is small enough."""
    entries = []
    for entry in folder.iterdir():
        # Another process may remove one at any time.
        with contextlib.suppress(FileNotFoundError):
            status = entry.stat()
            entries.append((status.st_mtime, status.st_size, entry))
    total = sum(size for _, size, _ in entries)
    for _, size, entry in sorted(entries):
        if total <= MOST_BYTES:
            return
        entry.unlink(missing_ok=True)
        total -= size
