"""Collects demos in this process, as a worker does."""

from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from rlbench_puffer.demos.request import DemoRequest
from rlbench_puffer.demos.worker import Collector

COUNT = 5
"""Demos of a set."""


def request_for(folder: Path, **options: Any) -> DemoRequest:
    """Demos of a quick task, with other options if given."""
    known: dict[str, Any] = {"task": "reach_target", "episodes": COUNT, "out": folder}
    return DemoRequest(**(known | options))


def collect_here(request: DemoRequest, indices: list[int]) -> list[tuple[Any, ...]]:
    """What a worker does, in this process; what it told of the demos."""
    ours, theirs = Pipe()
    request.out.mkdir(exist_ok=True)
    Collector(theirs, request).collect(indices)
    theirs.close()
    messages = []
    while ours.poll():
        try:
            messages.append(ours.recv())
        except EOFError:
            break
    ours.close()
    return [message for message in messages if message != ("alive",)]
