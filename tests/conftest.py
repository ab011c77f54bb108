"""What every test gets: a clean environment, a leak check, markers that explain."""

import contextlib
import ctypes.util
import gc
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path

import psutil
import pytest

from rlbench_puffer.display.llvm import load_triton_first

GRACE_SECONDS = 2.0
"""How long a child that was told to end may take before it counts as leaked."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that decide which marked tests run."""
    parser.addoption("--slow", action="store_true", help="run slow tests, too")
    parser.addoption(
        "--require",
        action="append",
        default=[],
        metavar="MARKER",
        help="run tests of this marker even where the machine seems to lack it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load triton before Mesa: some tests use Mesa's libraries without a display."""
    load_triton_first()
    _keep_bytecode(config)
    _show_glfw_its_library()


def _keep_bytecode(config: pytest.Config) -> None:
    """Let the processes that tests start find compiled modules.

    Many containers set PYTHONDONTWRITEBYTECODE. Each of the many workers would then
    compile all that it imports anew, which takes longer than most tests do.
    """
    # There is none with `-p no:cacheprovider`.
    cache = getattr(config, "cache", None)
    if not sys.dont_write_bytecode or cache is None:
        return
    folder = str(cache.mkdir("bytecode"))
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = folder
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _show_glfw_its_library() -> None:
    """Save every process that imports MuJoCo a process of its own.

    Unless told, glfw starts one to ask each library that it finds for its version.
    """
    package = importlib.util.find_spec("glfw")
    if package is not None and package.origin is not None:
        library = Path(package.origin).with_name("x11") / "libglfw.so"
        if library.exists():
            os.environ.setdefault("PYGLFW_LIBRARY", str(library))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip marked tests that cannot run here, each with its reason."""
    missing = {
        "slow": None if config.getoption("--slow") else "slow: run with --slow",
        "display": _display_missing(),
        "gpu": None if shutil.which("nvidia-smi") else "no NVIDIA driver here",
        "coppeliasim": _coppeliasim_missing(),
    }
    required: list[str] = config.getoption("--require") or []
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker) and marker not in required:
                item.add_marker(pytest.mark.skip(reason=reason))


def _display_missing() -> str | None:
    lacking = [] if shutil.which("Xvfb") else ["xvfb"]
    packages = {"EGL": "libegl1", "GL": "libgl1", "OSMesa": "libosmesa6"}
    lacking += [
        package
        for library, package in packages.items()
        if ctypes.util.find_library(library) is None
    ]
    return (
        f"nothing to draw on: apt-get install {' '.join(lacking)}" if lacking else None
    )


def _coppeliasim_missing() -> str | None:
    if "COPPELIASIM_ROOT" not in os.environ:
        return "COPPELIASIM_ROOT is not set"
    if importlib.util.find_spec("rlbench") is None:
        return "rlbench is not installed: uv sync --extra coppeliasim"
    return None


def pytest_unconfigure() -> None:
    """Let the collector clear everything at the interpreter's end."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _clean_environment() -> Iterator[None]:
    """Give every test the same os.environ, whatever the test before did to it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Fail a test that leaves processes, descriptors or shared memory behind."""
    # What the tests before have imported and cached stays: the collector walks only
    # what this test makes. It would need longer than most tests do for all the rest.
    gc.collect()
    gc.freeze()
    children, descriptors, shared = _children(), _descriptors(), _shared_memory()
    yield
    gc.collect()
    leaked = [child for child in _children() if child not in children]
    _, alive = psutil.wait_procs(leaked, timeout=GRACE_SECONDS)
    told = [_told(process) for process in alive]
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)
    assert not told, f"left child processes behind: {told}"
    opened = _descriptors().items() - descriptors.items()
    assert not opened, f"left file descriptors open: {sorted(opened)}"
    new_blocks = _not_of_others(_shared_memory() - shared)
    assert not new_blocks, f"left shared memory in /dev/shm: {sorted(new_blocks)}"


def _children() -> list[psutil.Process]:
    """Running descendants; multiprocessing's own tracker lives as long as we do."""
    if not _may_have_children():
        return []
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "resource_tracker" not in _told(process)
    ]


def _may_have_children() -> bool:
    """Whether it is worth asking psutil, which looks at all processes there are."""
    try:
        pids = " ".join(
            (thread / "children").read_text()
            for thread in Path("/proc/self/task").iterdir()
        )
    except FileNotFoundError:  # A kernel without these files, or a thread has ended.
        return True
    tracker = getattr(resource_tracker._resource_tracker, "_pid", None)
    return any(int(pid) != tracker for pid in pids.split())


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid}: gone"


def _descriptors() -> dict[int, str]:
    """What each of our descriptors points to."""
    found: dict[int, str] = {}
    tracker = _tracker_descriptor()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # The descriptor that lists the directory itself.
            continue
        # For the whole process, matplotlib keeps its fonts open, and multiprocessing
        # keeps freed arenas of shared arrays to use them again.
        kept = target.endswith(".ttf") or "/dev/shm/pym-" in target
        if int(entry.name) != tracker and not kept:
            found[int(entry.name)] = target
    return found


def _tracker_descriptor() -> int | None:
    return getattr(resource_tracker._resource_tracker, "_fd", None)


def _shared_memory() -> set[str]:
    """Blocks and semaphores in /dev/shm, but arenas that multiprocessing keeps."""
    return {
        entry.name
        for entry in Path("/dev/shm").iterdir()
        if not entry.name.startswith("pym-")
    }


def _not_of_others(names: set[str]) -> set[str]:
    """Those that no process has mapped which has nothing to do with us.

    Programs that run at the same time come and go with blocks of their own.
    """
    # By inode, for glibc makes a semaphore under another name than it gives it.
    inodes: dict[str, str] = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            inodes[name] = str((Path("/dev/shm") / name).stat().st_ino)
    if not inodes:
        return set()
    ours = {os.getpid(), *(child.pid for child in _children())}
    used: set[str] = set()
    for process in psutil.process_iter():
        if process.pid not in ours:
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines():
                    if "/dev/shm/" in line:
                        used.add(line.split()[4])
    return {
        name
        for name, inode in inodes.items()
        if inode not in used and (Path("/dev/shm") / name).exists()
    }
