"""Starts the short child process that learns a task's facts, and hears its answer."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rlbench_puffer.errors import SimulationError

TIMEOUT_S = 120.0
"""How long it may take: an import, a launch and a few resets."""

_BOOT = (
    "import sys; sys.path[:] = {path!r}; "
    "from rlbench_puffer.engines.rlbench.learning import main; main()"
)


def learn_in_child(
    task: str, engine: str, robot: str, timeout_s: float = TIMEOUT_S
) -> Any:
    """The facts of a task, from a simulator that lives for a few seconds.

    Args:
      task: as in ``EnvConfig.task``.
      engine: what simulates.
      robot: RLBench's name of the robot.
      timeout_s: after which it is killed.

    Returns:
      What :func:`rlbench_puffer.engines.rlbench.learning.learn` returns.

    Raises:
      SimulationError: it failed; the message holds what it said.
    """
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    path = [entry or str(Path.cwd()) for entry in sys.path]
    with tempfile.TemporaryFile() as log:
        try:
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT.format(path=path),
                    str(write_fd),
                    task,
                    engine,
                    robot,
                    str(os.getpid()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(write_fd,),
                process_group=0,
            )
        finally:
            os.close(write_fd)
        try:
            child.wait(timeout_s)
            how = f"ended with code {child.returncode}"
        except subprocess.TimeoutExpired:
            how = f"did not answer within {timeout_s:g} s"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            # What it wrote is in the pipe: it is shorter than that.
            with os.fdopen(read_fd, "rb") as answer:
                told = answer.read()
        log.seek(0)
        lines = log.read().decode(errors="replace").splitlines()[-20:]
    message: dict[str, Any] = json.loads(told) if told else {}
    if "facts" in message:
        return message["facts"]
    what = message.get("error", "\n".join([how, *lines]))
    raise SimulationError(
        f"The length of task_low_dim_state of {task!r} is learnt in a child process, "
        f"which failed: {what}"
    )
