"""Tries many tasks, each in a process of its own with a deadline."""

import contextlib
import dataclasses
import datetime
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rlbench_puffer.benchmark.machine import (
    describe_host,
    find_commit,
    package_versions,
)
from rlbench_puffer.benchmark.sweep import prepare_folder
from rlbench_puffer.trials.rows import (
    DemoAttempt,
    TaskTrial,
    Walk,
    append_trial,
    read_trials,
)

FILE = "tasks.jsonl"
"""Name of the rows' file in a folder of trials."""

_BOOT = (
    "import sys; sys.path[:] = {path!r}; "
    "from rlbench_puffer.trials.trial import main; main()"
)
_LAST_LINES = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialRequest:
    """What is tried of each task, and how long it may take."""

    engine: str
    seeds: int = 5
    demos: int = 3
    timeout_s: float = 300.0
    """For all of a task, with start and end of the simulator [s]."""


def run_trials(
    request: TrialRequest,
    tasks: Sequence[str],
    out: Path,
    *,
    num_workers: int,
    resume: bool = True,
    told: Callable[[TaskTrial], None] = lambda trial: None,
) -> list[TaskTrial]:
    """Try tasks side by side; a row is on the disk as soon as its task is done.

    A task that hangs, crashes or cannot begin is a row as any other, with what it did
    before.

    Args:
      request: what is tried.
      tasks: RLBench's names.
      out: folder of the rows.
      num_workers: processes at a time.
      resume: leave out what the same code has done already.
      told: given each new row.

    Returns:
      The rows of these tasks, old and new.

    Raises:
      InvalidOptionError: the folder cannot be made or written to.
      RecordsError: a row could not be added.
    """
    prepare_folder(out)
    provenance = _provenance()
    done = {trial.work: trial for trial in read_trials(out / FILE)}
    trials: list[TaskTrial] = []
    waiting: list[str] = []
    for task in tasks:
        work = (
            task,
            request.engine,
            provenance["commit"],
            request.seeds,
            request.demos,
        )
        if resume and work in done:
            trials.append(done[work])
        else:
            waiting.append(task)
    running: list[_Child] = []
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        stack.callback(lambda: [child.end() for child in running])
        while waiting or running:
            while waiting and len(running) < num_workers:
                child = _Child(waiting.pop(0), request)
                selector.register(child.read_fd, selectors.EVENT_READ, child)
                running.append(child)
            soonest = min(child.deadline for child in running)
            for key, _ in selector.select(max(0.0, soonest - time.monotonic())):
                key.data.read()
            for child in [child for child in running if child.is_over()]:
                selector.unregister(child.read_fd)
                trial = child.result(provenance)
                running.remove(child)
                append_trial(out / FILE, trial)
                trials.append(trial)
                told(trial)
    return trials


class _Child:
    """The process that tries one task."""

    def __init__(self, task: str, request: TrialRequest) -> None:
        self._task = task
        self._request = request
        self._start = time.monotonic()
        self.deadline = self._start + request.timeout_s
        self._data = b""
        self._closed = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self.read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        asked = {
            "task": task,
            "engine": request.engine,
            "seeds": request.seeds,
            "demos": request.demos,
        }
        path = [entry or str(Path.cwd()) for entry in sys.path]
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT.format(path=path),
                    str(write_fd),
                    str(os.getpid()),
                    json.dumps(asked),
                ],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(write_fd,),
                # Of its own, so that Ctrl-C reaches this process alone; and one core,
                # for others run beside it.
                process_group=0,
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        except OSError:
            os.close(self.read_fd)
            self._log.close()
            raise
        finally:
            os.close(write_fd)

    def read(self) -> None:
        """Take what it has written."""
        data = os.read(self.read_fd, 1 << 16)
        self._data += data
        self._closed = not data

    def is_over(self) -> bool:
        """Whether it has ended, or must be ended."""
        return self._closed or time.monotonic() >= self.deadline

    def result(self, provenance: dict[str, Any]) -> TaskTrial:
        """The row; the process is gone afterwards."""
        whole_lines = self._data.rpartition(b"\n")[0].splitlines()
        messages = [json.loads(line) for line in whole_lines]
        walks = [m["walk"] for m in messages if "walk" in m]
        attempts = [m["attempt"] for m in messages if "attempt" in m]
        errors = [m["error"]["error"] for m in messages if "error" in m]
        error: str | None = errors[0] if errors else None
        if not errors and not any("finished" in m for m in messages):
            error = self._why(len(walks), len(attempts))
        self.end()
        return TaskTrial(
            task=self._task,
            engine=self._request.engine,
            **provenance,
            time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            seeds=self._request.seeds,
            demos=self._request.demos,
            walks=tuple(Walk(**walk) for walk in walks),
            attempts=tuple(DemoAttempt(**attempt) for attempt in attempts),
            seconds=round(time.monotonic() - self._start, 2),
            error=error,
        )

    def end(self) -> None:
        """Kill what is left of it. Twice is fine."""
        if self._log.closed:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self.read_fd)
        self._log.close()

    def _why(self, walks: int, attempts: int) -> str:
        where = (
            f"after {walks} of {self._request.seeds} resets and {attempts} of "
            f"{self._request.demos} demos"
        )
        if not self._closed:
            return f"not done within {self._request.timeout_s:g} s, {where}"
        code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return "\n".join([f"{how} {where}", *lines[-_LAST_LINES:]])


def _provenance() -> dict[str, Any]:
    return {
        "host": describe_host(),
        "commit": find_commit(),
        "versions": package_versions(),
    }
