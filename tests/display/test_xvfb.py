"""Xvfb: no races for a number, no server left behind, a dead one noticed at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from rlbench_puffer.display.xvfb import Xvfb
from rlbench_puffer.errors import DisplayError

pytestmark = pytest.mark.display


def _gone_within(pid: int, seconds: float) -> bool:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return True
    _, alive = psutil.wait_procs([process], timeout=seconds)
    return not alive


def _lock(display: str) -> Path:
    return Path(f"/tmp/.X{display[1:]}-lock")


def test_eight_servers_started_at_once_get_eight_numbers_and_all_end() -> None:
    with ThreadPoolExecutor(8) as pool:
        servers = list(pool.map(lambda _: Xvfb(), range(8)))
    assert len({server.display for server in servers}) == 8
    assert all(server.alive for server in servers)
    for server in servers:
        server.close()
        server.close()
    assert all(_gone_within(server.pid, 0.5) for server in servers)
    assert not any(_lock(server.display).exists() for server in servers)


def test_a_stale_lock_file_is_no_obstacle() -> None:
    with Xvfb() as first:
        number = first.display
    stale = _lock(number)
    # A process id that no process has, as a killed server leaves it.
    stale.write_text(f"{2**22 - 7:>10}\n")
    try:
        with Xvfb() as second:
            assert second.alive
    finally:
        stale.unlink(missing_ok=True)


def test_a_machine_without_xvfb_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DisplayError, match="apt-get install xvfb"):
        Xvfb()


def test_a_server_that_ends_at_once_is_an_error_with_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "Xvfb"
    program.write_text("#!/bin/sh\necho no screen for you >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(DisplayError, match=r"exited with code 3(.|\n)*no screen"):
        Xvfb()


def test_a_server_that_is_killed_is_noticed_within_a_second() -> None:
    with Xvfb() as server:
        server.check()
        os.kill(server.pid, signal.SIGKILL)
        killed = time.monotonic()
        while server.alive and time.monotonic() - killed < 1.0:
            os.sched_yield()
        with pytest.raises(DisplayError, match=r"Xvfb :\d+ was killed by SIGKILL"):
            server.check()
    assert not _lock(server.display).exists()


def test_a_server_outlives_the_thread_that_made_it() -> None:
    made: list[Xvfb] = []
    thread = threading.Thread(target=lambda: made.append(Xvfb()))
    thread.start()
    thread.join()
    (server,) = made
    with server:
        assert not _gone_within(server.pid, 0.5)


def test_no_server_is_left_when_its_parent_is_killed() -> None:
    script = (
        "import sys; from rlbench_puffer.display.xvfb import Xvfb; server = Xvfb(); "
        "print(server.pid, server.display, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid, display = parent.stdout.readline().split()
        assert psutil.pid_exists(int(pid))
        parent.kill()
    assert _gone_within(int(pid), 3.0)
    # Told by SIGTERM, it has cleaned up after itself.
    assert not _lock(display).exists()


def test_a_socket_folder_that_cannot_be_written_is_no_obstacle() -> None:
    script = (
        "mount -t tmpfs -o ro none /tmp/.X11-unix && exec "
        f"{sys.executable} -c 'from rlbench_puffer.display.make import lease_display\n"
        'lease = lease_display("xvfb"); lease.display.make_context(8, 8).free()\n'
        'lease.close(); print("drew")\''
    )
    Path("/tmp/.X11-unix").mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    assert done.stdout == "drew\n", done.stderr
