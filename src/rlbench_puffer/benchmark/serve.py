"""A cell's own process: builds it, then measures what it is told to, when it is.

:func:`main` takes the cell's JSON as its argument, says ``ready`` when it is built,
answers each line on standard input (see :func:`serve`), and says ``finished`` once
that has ended, or ``error`` in place of any of these. What it says is one line of
JSON on standard output.
"""

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.measure import (
    Meter,
    VecMaker,
    make_measured_vec,
    peak_rss_bytes,
)


def serve(
    cell: Cell,
    commands: Iterable[str],
    replies: TextIO,
    make: VecMaker = make_measured_vec,
) -> int:
    """Measure a cell as it is told to.

    Args:
      cell: what to measure.
      commands: lines: ``begin`` a sample, ``measure SECONDS`` of it, ``end`` it.
      replies: where the answers are written.
      make: makes the vector environment.

    Returns:
      The process's exit code: 1 if the cell failed.
    """

    def reply(kind: str, content: Any) -> None:
        replies.write(json.dumps({kind: content}) + "\n")
        replies.flush()

    meter = None
    try:
        meter = Meter(cell, make)
        reply("ready", {"startup_seconds": meter.startup_seconds})
        for line in commands:
            command, _, seconds = line.strip().partition(" ")
            if command == "begin":
                meter.begin_sample()
                reply("begun", True)
            elif command == "measure":
                meter.measure(float(seconds))
                reply("measured", True)
            else:
                reply("sample", dataclasses.asdict(meter.end_sample()))
        reply(
            "finished",
            {"peak_rss_bytes": peak_rss_bytes(), "phases": meter.phases},
        )
    # Whatever a simulator or backend raises becomes this cell's row.
    except Exception as error:  # noqa: BLE001
        reply("error", f"{type(error).__name__}: {error}")
        return 1
    finally:
        if meter is not None:
            meter.close()
    return 0


def main(make: VecMaker = make_measured_vec) -> int:
    """Serve the cell named on the command line."""
    # The sweep decides when its cells end; it tells them by closing their input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fields = json.loads(sys.argv[1])
    fields["cameras"] = tuple(fields["cameras"])
    # What is printed by anybody else must not get between the answers.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return serve(Cell(**fields), sys.stdin, replies, make)
