"""Collects a set of demos in worker processes; what is written stays whole."""

import contextlib
import dataclasses
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from rlbench_puffer.demos.minari_files import (
    find_shards,
    join_shards,
    remove_parts,
)
from rlbench_puffer.demos.request import DemoRequest
from rlbench_puffer.demos.worker import STOP
from rlbench_puffer.envs.episodes import allowed_variations
from rlbench_puffer.errors import (
    ConfigError,
    InvalidOptionError,
    RecordingError,
    RLBenchPufferError,
    WorkerDiedError,
    WorkerRaisedError,
    WorkerTimeoutError,
)
from rlbench_puffer.tasks.make import make_task
from rlbench_puffer.vector.worker_process import Lifeline, WorkerProcess

SILENCE_SECONDS = 120.0
"""How long a worker may say nothing before it counts as hung [s]."""

FINISH_SECONDS = 15.0
"""How long a worker may take to finish its shard when told to stop [s]."""

_USERS_AFFAIRS: dict[str, type[RLBenchPufferError]] = {
    kind.__name__: kind for kind in (ConfigError, RecordingError)
}
"""What a worker raises that says all there is to say: a full disk, a task without an
expert. Where the worker noticed it would help nobody."""

_ENTRY = "rlbench_puffer.demos.worker:run"
_REQUEST_FILE = "request.json"
_LOCK_FILE = ".lock"


@dataclasses.dataclass(kw_only=True)
class Progress:
    """How far a collection is."""

    episodes: int
    """Demos asked for."""

    kept: int = 0
    """Demos that are there, those of earlier runs included."""

    steps: int = 0
    """Control steps of the demos of this run."""

    failures: int = 0
    """Attempts that failed, on the way to the demos that are there."""

    given_up: list[int] = dataclasses.field(default_factory=list)
    """Indices of demos that no attempt gave."""


def collect(
    request: DemoRequest, told: Callable[[Progress], None] = lambda progress: None
) -> Progress:
    """Collect what is missing of a set of demos.

    Args:
      request: the set; its folder may hold a part of it already.
      told: called whenever there is progress.

    Returns:
      How it went. The whole set is in ``request.out`` under Minari's name
      ``demos-v0``.

    Raises:
      InvalidOptionError: no such variation, or the folder holds another set.
      UnknownNameError: there is no such task.
      RecordingError: the disk refuses, or another process collects into the folder.
      ConfigError: the task has no expert.
      WorkerError: a worker failed; whole shards stay, and the same request goes on.
      KeyboardInterrupt: likewise.
    """
    task = make_task(request.config)
    allowed_variations(
        dataclasses.replace(request.config, variation=request.variations or "random"),
        task,
    )
    with _locked(request.out):
        _check_request(request)
        remove_parts(request.out)
        progress = Progress(episodes=request.episodes)
        there: set[int] = set()
        for shard in find_shards(request.out):
            there.update(shard.indices)
            progress.failures += sum(int(f["episode_index"]) for f in shard.facts)
        progress.kept = len(there)
        told(progress)
        missing = [i for i in range(request.episodes) if i not in there]
        try:
            if missing:
                _run_workers(request, missing, progress, told)
        finally:
            remove_parts(request.out)
            shards = find_shards(request.out)
            if shards:
                join_shards(request.out, shards)
    return progress


def _run_workers(
    request: DemoRequest,
    missing: list[int],
    progress: Progress,
    told: Callable[[Progress], None],
) -> None:
    count = min(request.num_workers, len(missing))
    lifeline = Lifeline()
    workers: list[WorkerProcess] = []
    live: list[WorkerProcess] = []
    try:
        for index in range(count):
            payload = {
                # First: a registered task of one's own travels in it.
                "config": request.config,
                "request": request,
                "indices": missing[index::count],
            }
            workers.append(WorkerProcess(index, lifeline, _ENTRY, payload))
        live.extend(workers)
        try:
            _listen(live, progress, told)
        except (KeyboardInterrupt, RLBenchPufferError):
            _stop(live, progress, told)
            raise
    finally:
        deadline = time.monotonic() + FINISH_SECONDS
        for worker in workers:
            worker.end(deadline if worker not in live else 0.0)
        lifeline.close()


def _listen(
    live: list[WorkerProcess],
    progress: Progress,
    told: Callable[[Progress], None],
) -> None:
    """Take the workers' messages until all have finished; ``live`` loses those."""
    heard = {worker.index: time.monotonic() for worker in live}
    while live:
        ready = wait([worker.conn for worker in live], timeout=1.0)
        now = time.monotonic()
        for worker in list(live):
            if worker.conn in ready:
                heard[worker.index] = now
                if _take(worker, progress):
                    live.remove(worker)
                told(progress)
            elif now - heard[worker.index] > SILENCE_SECONDS:
                raise WorkerTimeoutError(
                    worker.index,
                    "collect",
                    f"said nothing for {SILENCE_SECONDS:g} s",
                    worker.last_words(),
                )


def _take(worker: WorkerProcess, progress: Progress) -> bool:
    """Take one message; whether it is the worker's last."""
    try:
        message: tuple[Any, ...] = worker.conn.recv()
    except (EOFError, ConnectionResetError):
        raise WorkerDiedError(
            worker.index, "collect", worker.how_it_ended(), worker.last_words()
        ) from None
    kind = message[0]
    if kind == "error":
        texts = message[1]
        if texts["type"] in _USERS_AFFAIRS:
            raise _USERS_AFFAIRS[texts["type"]](texts["message"])
        raise WorkerRaisedError(
            worker.index,
            "collect",
            f"raised {texts['type']}: {texts['message']}",
            texts["traceback"],
        )
    if kind == "demo":
        _, _, attempts, steps = message
        progress.kept += 1
        progress.failures += attempts - 1
        progress.steps += steps
    elif kind == "given up":
        progress.given_up.append(message[1])
    return kind == "finished"


def _stop(
    live: list[WorkerProcess],
    progress: Progress,
    told: Callable[[Progress], None],
) -> None:
    """Have the workers that still can finish their shards."""
    for worker in live:
        with contextlib.suppress(OSError):
            worker.conn.send(STOP)
    deadline = time.monotonic() + FINISH_SECONDS
    while live and time.monotonic() < deadline:
        for conn in wait([worker.conn for worker in live], timeout=0.2):
            worker = next(worker for worker in live if worker.conn is conn)
            try:
                finished = _take(worker, progress)
            except RLBenchPufferError:
                # The first failure is the one that is told.
                finished = True
            if finished:
                live.remove(worker)
    told(progress)


def _check_request(request: DemoRequest) -> None:
    """Keep what the folder holds demos of, or compare with it."""
    path = request.out / _REQUEST_FILE
    if path.exists():
        try:
            known = json.loads(path.read_text())
        except ValueError as error:
            raise RecordingError(f"{path} is no request: {error}.") from error
        for name, value in request.identity.items():
            if known.get(name) != value:
                raise InvalidOptionError(
                    name,
                    value,
                    f"{known.get(name)!r}, as in the demos that {request.out} holds",
                    "Collect into another folder.",
                )
        return
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(request.identity, indent=2) + "\n")
    part.replace(path)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no other process collects into it meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / _LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RecordingError(f"{folder} cannot be written: {error}.") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecordingError(
                f"Another process collects demos into {folder}. "
                "Wait for it, or name another folder."
            ) from None
        yield
    finally:
        os.close(fd)
