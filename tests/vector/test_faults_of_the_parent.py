"""What happens to workers when the parent dies, is interrupted, or runs short."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from fake_pools import make_fake_pool

TESTS = Path(__file__).parent.parent
PROCESS_BACKENDS = ("gym", "puffer", "shm")

STEP_FOR_EVER = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from fake_pools import make_fake_pool
from fakes import SlowEnv
if __name__ == "__main__":
    slow = {{"seconds": {seconds}, "others": {seconds}}}
    vec = make_fake_pool({backend!r}, 2, 2, env_class=SlowEnv, env_options=slow)
    vec.reset(seed=0)
    print(*[worker["pid"] for worker in vec.health()["workers"]], flush=True)
    while True:
        vec.step(np.zeros((2, 2), np.float32))
"""


def run_script(path: Path, text: str) -> subprocess.Popen[str]:
    path.write_text(text)
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def pids_told_by(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2, process.stderr.read() if process.stderr else ""
    return pids


def still_alive(pids: list[int], within_s: float) -> list[int]:
    """Those of some processes that live on after a time."""
    deadline = time.monotonic() + within_s
    alive = pids
    while alive and time.monotonic() < deadline:
        alive = [
            pid
            for pid in alive
            if psutil.pid_exists(pid)
            and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        ]
        time.sleep(0.02)
    return alive


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_no_worker_outlives_a_killed_parent(backend: str, tmp_path: Path) -> None:
    text = STEP_FOR_EVER.format(tests=str(TESTS), backend=backend, seconds=0.001)
    with run_script(tmp_path / "script.py", text) as parent:
        pids = pids_told_by(parent)
        parent.kill()
        parent.wait()
        assert still_alive(pids, within_s=3.0) == []


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_ctrl_c_in_a_step_gives_one_traceback(backend: str, tmp_path: Path) -> None:
    text = STEP_FOR_EVER.format(tests=str(TESTS), backend=backend, seconds=0.05)
    with run_script(tmp_path / "script.py", text) as parent:
        pids = pids_told_by(parent)
        # As a terminal does: the signal goes to the whole process group.
        os.killpg(parent.pid, signal.SIGINT)
        _, errors = parent.communicate(timeout=15)
        assert parent.returncode != 0
        assert errors.count("Traceback") == 1, errors
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert still_alive(pids, within_s=3.0) == []


def test_workers_of_gym_never_hear_ctrl_c_not_even_while_they_import() -> None:
    """They leave the terminal's process group only when they have imported."""
    sigint = 1 << signal.SIGINT - 1
    with make_fake_pool("gym", 2, 2) as vec:
        for worker in vec.health()["workers"]:
            status = Path(f"/proc/{worker['pid']}/status").read_text()
            blocked = re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE)
            assert blocked
            assert int(blocked[1], 16) & sigint
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_a_script_without_main_guard_is_no_fork_bomb(
    backend: str, tmp_path: Path
) -> None:
    text = (
        "from rlbench_puffer import make_vec\n"
        f"vec = make_vec('reach_target', 2, num_workers=2, backend={backend!r})\n"
        "observations, infos = vec.reset(seed=0)\n"
        "print('sub-envs:', len(infos))\n"
        "vec.close()\n"
    )
    with run_script(tmp_path / "script.py", text) as parent:
        out, errors = parent.communicate(timeout=60)
    assert (out, errors, parent.returncode) == ("sub-envs: 2\n", "", 0)


@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_a_block_that_does_not_fit_says_how_many_bytes_it_needs(
    backend: str, tmp_path: Path
) -> None:
    text = (
        "import resource, sys\n"
        f"sys.path.insert(0, {str(TESTS)!r})\n"
        "from fake_pools import make_fake_pool\n"
        "from rlbench_puffer.errors import InvalidOptionError\n"
        "limit = resource.getrlimit(resource.RLIMIT_AS)[1]\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, limit))\n"
        "try:\n"
        f"    make_fake_pool({backend!r}, 4, 2, max_chunk_len=1 << 27)\n"
        "except InvalidOptionError as error:\n"
        "    print(error)\n"
    )
    with run_script(tmp_path / "script.py", text) as parent:
        out, errors = parent.communicate(timeout=60)
    # 4 sub-envs, 2**27 inner steps, 8 bytes of action, 4 of reward, 2 of flags.
    needed = re.search(r"it needs ([\d,]+) bytes", out)
    assert needed, (out, errors)
    assert int(needed[1].replace(",", "")) == pytest.approx(4 * 2**27 * 14, rel=1e-4)
    assert "max_chunk_len" in out


@pytest.mark.parametrize("backend", PROCESS_BACKENDS)
def test_too_few_file_descriptors_say_so(backend: str, tmp_path: Path) -> None:
    text = (
        "import os, resource, sys\n"
        f"sys.path.insert(0, {str(TESTS)!r})\n"
        "from fake_pools import make_fake_pool\n"
        "from rlbench_puffer.errors import InvalidOptionError\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "before = len(os.listdir('/proc/self/fd'))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (before + 14, hard))\n"
        "try:\n"
        f"    make_fake_pool({backend!r}, 16, 16)\n"
        "except InvalidOptionError as error:\n"
        "    print(error)\n"
    )
    with run_script(tmp_path / "script.py", text) as parent:
        out, errors = parent.communicate(timeout=60)
    assert "open files" in out, (out, errors)
    assert "ulimit -n" in out


@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_a_pool_made_in_a_thread_outlives_the_thread(backend: str) -> None:
    made = []
    thread = threading.Thread(target=lambda: made.append(make_fake_pool(backend, 2, 2)))
    thread.start()
    thread.join()
    vec = made.pop()
    observations, _ = vec.reset(seed=0)
    assert observations.shape == (2, 4)
    assert all(worker["alive"] for worker in vec.health()["workers"])
    vec.close()


@pytest.mark.parametrize("backend", ["puffer", "shm"])
def test_a_forked_child_leaves_its_parents_workers_alone(backend: str) -> None:
    vec = make_fake_pool(backend, 2, 2)
    vec.reset(seed=0)
    pid = os.fork()
    if pid == 0:
        # The copy is collected in the child; its workers belong to the parent.
        del vec
        import gc

        gc.collect()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert all(worker["alive"] for worker in vec.health()["workers"])
    vec.close()
