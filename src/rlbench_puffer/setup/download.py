"""Downloads one file: goes on where it broke off, and keeps nothing half done."""

import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from rlbench_puffer.errors import SetupError

ATTEMPTS = 5
"""Connections that may break off before it gives up; each goes on where the last
ended."""

TIMEOUT_S = 60.0
"""How long the server may be silent, in [s]."""

_CHUNK_BYTES = 1 << 20


def download(
    url: str,
    target: Path,
    *,
    attempts: int = ATTEMPTS,
    pause_s: float = 1.0,
    say: Callable[[str], None] = print,
) -> None:
    """Get a file, unless it is there already.

    What has come so far is kept in ``<target>.part``, also when the program is
    interrupted, and the next call goes on from there.

    Args:
      url: where it is.
      target: the file to make; it appears when it is whole.
      attempts: connections before giving up.
      pause_s: between two of them, in [s].
      say: is told what happens.

    Raises:
      SetupError: the server refuses, the file did not come whole, or there is no
        folder for it.
    """
    if target.exists():
        say(f"{target.name} is here already.")
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {target.parent} cannot be made: {error.strerror}.",
            "Choose another one.",
        ) from error
    part = target.with_name(f"{target.name}.part")
    problem = ""
    for attempt in range(attempts):
        if attempt:
            say(f"{problem} Trying again.")
            time.sleep(pause_s)
        problem = _fetch(url, part, say)
        if not problem:
            part.replace(target)
            return
    raise SetupError(
        f"{url} could not be downloaded in {attempts} attempts. {problem}",
        f"Run the same command again: it goes on from {_mib(_size(part))}.",
    )


def _fetch(url: str, part: Path, say: Callable[[str], None]) -> str:
    """One connection; what went wrong, or nothing when the file is whole."""
    have = _size(part)
    request = urllib.request.Request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
            have = have if goes_on else 0
            length = answer.headers.get("Content-Length")
            # The end of what comes in chunks is told by an empty one.
            if length is None and not answer.chunked:
                return "The server does not say how long the file is."
            total = None if length is None else have + int(length)
            size = "of unknown length" if total is None else _mib(total)
            begun = f", from {_mib(have)}" if have else ""
            say(f"Downloading {url} ({size}{begun}).")
            _copy(answer, part, have)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            return "What had been downloaded was longer than the file."
        raise SetupError(
            f"{url}: the server answers {error.code} {error.reason}.",
            "Check the address, or give another with --base-url.",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        return f"The connection broke off after {_mib(_size(part))}: {error}."
    if total is not None and _size(part) != total:
        return f"{_mib(_size(part))} of {_mib(total)} came."
    return ""


def _copy(answer: http.client.HTTPResponse, part: Path, start: int) -> None:
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        file.truncate()
        while data := answer.read(_CHUNK_BYTES):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
