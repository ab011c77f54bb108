"""The console script: picks the subcommand and turns errors into messages."""

import inspect
import os
import re
import select
import sys
import warnings
from collections.abc import Sequence

from rlbench_puffer.errors import RLBenchPufferError

USAGE_ERROR = 2
"""Exit code when what was asked for does not make sense."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

UNHEARD = 141
"""Exit code when what reads our output is gone, as `| head` is; shells have it so."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
      arguments: what was typed after the program's name, or None for ``sys.argv``.

    Returns:
      The exit code: 0, 1 if a cell could not be measured, 2 if the request does not
      make sense, 130 after Ctrl-C, 141 if nobody reads the output.
    """
    # As `python -m` has it: "my_tasks:MyTask" is found in the folder this runs in.
    if "" not in sys.path:
        sys.path.insert(0, "")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            code = _run(arguments)
            sys.stdout.flush()
            return code
        except RLBenchPufferError as error:
            print(f"rlbench-puffer: {_rank_label()}{error}", file=sys.stderr)
            return USAGE_ERROR
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            if not _output_is_unheard():
                raise
            return UNHEARD


def _run(arguments: Sequence[str] | None) -> int:
    """Pick the subcommand and run it."""
    # Workers of a pool import the console script, so tyro is imported here only; that
    # takes long enough to be interrupted.
    import tyro

    from rlbench_puffer.benchmark.records import RecordsWarning
    from rlbench_puffer.cli.bench import bench
    from rlbench_puffer.cli.debug import debug
    from rlbench_puffer.cli.demos import demos
    from rlbench_puffer.cli.doctor import doctor
    from rlbench_puffer.cli.gallery import gallery
    from rlbench_puffer.cli.plot import plot
    from rlbench_puffer.cli.ranks import alone
    from rlbench_puffer.cli.record import record
    from rlbench_puffer.cli.setup import setup
    from rlbench_puffer.cli.sweep import sweep
    from rlbench_puffer.cli.tasks import tasks
    from rlbench_puffer.cli.train import train
    from rlbench_puffer.cli.view import view

    warnings.simplefilter("always", RecordsWarning)
    subcommands = {
        "sweep": alone(sweep),
        "plot": alone(plot),
        "bench": bench,
        "debug": debug,
        "train": train,
        "tasks": alone(tasks),
        "demos": alone(demos),
        "record": alone(record),
        "gallery": alone(gallery),
        "view": alone(view),
        "doctor": alone(doctor),
        "setup": alone(setup),
    }
    for subcommand in subcommands.values():
        subcommand.__doc__ = _unwrapped(subcommand.__doc__ or "")
    return tyro.extras.subcommand_cli_from_dict(
        subcommands,
        prog="rlbench-puffer",
        description="RLBench tasks, vectorised: measure, record, look.",
        args=None if arguments is None else list(arguments),
    )


def _unwrapped(docstring: str) -> str:
    """A docstring with what each argument is on one line.

    tyro wraps to the terminal's width, but keeps the line breaks within an argument.
    """
    return re.sub(r"\n {4,}(?=\S)", " ", inspect.cleandoc(docstring))


def _output_is_unheard() -> bool:
    """Whether our output is a pipe without a reader; then the rest is thrown away."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    # The interpreter flushes once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _rank_label() -> str:
    """Which rank of a torchrun job speaks; nothing where that is no question."""
    from rlbench_puffer.distributed.place import read_place

    try:
        return read_place().label
    except RLBenchPufferError:  # It is what the message is about.
        return ""


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """A warning as a user wants it: what happened, not where in our code."""
    print(f"rlbench-puffer: warning: {message}", file=sys.stderr)
