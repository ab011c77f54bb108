"""The sweep's hold on a cell's own process: start, sample, finish, and no hang."""

import contextlib
import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import psutil

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.errors import RLBenchPufferError

SERVE_COMMAND = (
    sys.executable,
    "-c",
    "import sys; from rlbench_puffer.benchmark.serve import main; sys.exit(main())",
)
"""What a cell's process runs; the cell's JSON is appended. A ``-m`` would make each
spawned worker import the measuring code before its own start."""

STARTUP_DEADLINE = 180.0
"""How long a cell may take to its first observations in [s]."""

SAMPLE_DEADLINE = 60.0
"""How much longer than asked for an answer may take in [s]."""

FINISH_DEADLINE = 20.0
"""How long a cell may take to close itself in [s]."""

LAST_WORDS_BYTES = 2000
"""How much of a failed cell's standard error goes into its row."""


class CellFailedError(RLBenchPufferError):
    """A cell could not be measured; the text goes into its row."""


class CellProcess:
    """A fresh process that measures one cell.

    Args:
      cell: what it measures.
      command: what it runs.

    Raises:
      CellFailedError: from every method, when the cell failed or missed a deadline;
        the process is gone then.
    """

    def __init__(self, cell: Cell, command: Sequence[str] = SERVE_COMMAND) -> None:
        self.cell = cell
        self._rest = b""
        self._stderr = os.memfd_create("rlbench_puffer_cell_stderr")
        try:
            # In a session of its own, so that Ctrl-C reaches the sweep alone.
            self._process = subprocess.Popen(
                [*command, json.dumps(dataclasses.asdict(cell))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,
            )
        except OSError:
            os.close(self._stderr)
            raise

    def wait_ready(self) -> float:
        """Wait until it is built.

        Returns:
          Its start-up time in [s].
        """
        return self._reply("ready", STARTUP_DEADLINE)["startup_seconds"]

    def begin_sample(self) -> None:
        """Have it reset its sub-envs for a new sample."""
        self._ask("begin", "begun", SAMPLE_DEADLINE)

    def measure(self, seconds: float) -> None:
        """Have it go on with its sample for a time in [s]."""
        self._ask(f"measure {seconds}", "measured", seconds + SAMPLE_DEADLINE)

    def end_sample(self) -> dict[str, float]:
        """End its sample.

        Returns:
          The fields of :class:`rlbench_puffer.benchmark.measure.Sample`.
        """
        return self._ask("end", "sample", SAMPLE_DEADLINE)

    def finish(self) -> dict[str, Any]:
        """Let it end.

        Returns:
          ``peak_rss_bytes`` and ``phases``.
        """
        self._close_stdin()
        told = self._reply("finished", FINISH_DEADLINE)
        try:
            self._process.wait(FINISH_DEADLINE)
        except subprocess.TimeoutExpired:
            self._fail(f"did not end within {FINISH_DEADLINE:g} s of being told to")
        self.kill()
        return told

    def kill(self) -> None:
        """End the process and everything below it at once. Twice is fine."""
        if self._stderr < 0:
            return
        family = []
        if self._process.poll() is None:
            try:
                me = psutil.Process(self._process.pid)
                family = [*me.children(recursive=True), me]
            except psutil.NoSuchProcess:
                pass
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait()
        psutil.wait_procs(family, timeout=5.0)
        self._close_stdin()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._stderr)
        self._stderr = -1

    def _ask(self, command: str, kind: str, seconds: float) -> Any:
        assert self._process.stdin is not None
        # If it has ended, the answer that does not come tells why.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
        return self._reply(kind, seconds)

    def _close_stdin(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _reply(self, kind: str, seconds: float) -> Any:
        """The answer of one kind, or the reason why it does not come."""
        line = self._read_line(time.monotonic() + seconds)
        if line is None:
            self._fail(f"gave no answer within {seconds:g} s")
        if not line:
            self._process.wait()
            self._fail(_ending(self._process.returncode))
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            self._fail(message["error"])
        return message[kind]

    def _read_line(self, deadline: float) -> bytes | None:
        """One line, nothing at the end of the stream, None at the deadline."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([descriptor], [], [], left)[0]:
                return None
            data = os.read(descriptor, 1 << 16)
            if not data:
                return b""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _fail(self, what: str) -> NoReturn:
        size = os.fstat(self._stderr).st_size
        start = max(0, size - LAST_WORDS_BYTES)
        words = os.pread(self._stderr, LAST_WORDS_BYTES, start).decode(errors="replace")
        self.kill()
        if words.strip():
            what += f"\n{words.strip()}"
        raise CellFailedError(what)


def _ending(code: int) -> str:
    if code < 0:
        return f"was killed by signal {-code}"
    return f"exited with code {code} before it answered"
