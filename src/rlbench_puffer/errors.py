"""Every error this package raises on purpose, in one tree.

    RLBenchPufferError
    ├── ConfigError (ValueError)
    │   ├── UnknownNameError         a name that is not in a closed set
    │   └── InvalidOptionError       an option whose value does not fit
    ├── InvalidActionError (ValueError)
    ├── CallOrderError (RuntimeError)    a method called in the wrong state
    ├── ClosedError (RuntimeError)       a method called after close()
    ├── WorkerError (RuntimeError)
    │   ├── WorkerDiedError          the process is gone
    │   ├── WorkerTimeoutError       the process missed its deadline
    │   └── WorkerRaisedError        the environment raised inside the process
    ├── SimulationError (RuntimeError)   a simulator left the finite numbers
    ├── DisplayError (RuntimeError)      nothing to draw on, or it went away
    ├── RecordingError (OSError)         a video or states file that failed
    ├── RecordsError (ValueError)        a rows file that cannot be used
    ├── CheckpointError (OSError)        a checkpoint not written, or of no use
    ├── DivergedError (ArithmeticError)  training left the finite numbers
    ├── SetupError (RuntimeError)        something that could not be installed
    ├── RankError (RuntimeError)         another rank of a torchrun job is gone
    └── MissingDependencyError (ImportError)

Each class builds its sentence from facts: the thing, what was expected, what
came, and the next step.
"""

import difflib
from collections.abc import Iterable, Sequence


class RLBenchPufferError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(RLBenchPufferError, ValueError):
    """A configuration that no environment can be built from."""


class UnknownNameError(ConfigError):
    """A name that is not one of a closed set.

    Args:
      kind: what the name stands for, such as ``"task"``.
      name: the name that came.
      known: the names that would have been accepted.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        close = difflib.get_close_matches(str(name), self.known, n=3, cutoff=0.5)
        hint = f" Did you mean {_either(close)}?" if close else ""
        listed = ", ".join(self.known)
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {listed}.")


class InvalidOptionError(ConfigError):
    """An option whose value does not fit.

    Args:
      option: the option's name.
      got: the value that came.
      expected: what would have fitted, as the rest of "expected ...".
      next_step: one sentence that says what to do, or an empty string.
    """

    def __init__(
        self, option: str, got: object, expected: str, next_step: str = ""
    ) -> None:
        self.option = option
        self.got = got
        sentence = f"{option}={got!r} does not fit: expected {expected}."
        super().__init__(f"{sentence} {next_step}".rstrip())


class InvalidActionError(RLBenchPufferError, ValueError):
    """An action that no simulator may see.

    Args:
      what: what is wrong with it, naming sub-env, component and value.
      next_step: one sentence that says what to do.
    """

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what} {next_step}")


def unreachable_pose(env_id: int, text: str) -> InvalidActionError:
    """The error for an action whose pose the arm cannot take.

    Args:
      env_id: number of the sub-env.
      text: why, as a sentence.
    """
    return InvalidActionError(
        f"Action of sub-env {env_id} cannot be carried out. {text}",
        'Send poses within reach, or choose another policy than on_invalid="raise".',
    )


class CallOrderError(RLBenchPufferError, RuntimeError):
    """A method was called in a state that does not allow it.

    Args:
      method: the method that was called.
      state: the object's state, in words.
      next_step: what to call instead.
    """

    def __init__(self, method: str, state: str, next_step: str) -> None:
        super().__init__(f"{method}() was called while {state}. {next_step}")


class ClosedError(RLBenchPufferError, RuntimeError):
    """A method was called on an object that had been closed.

    Args:
      thing: the closed object's name.
      method: the method that was called.
    """

    def __init__(self, thing: str, method: str) -> None:
        super().__init__(f"{method}() was called on a closed {thing}. Make a new one.")


class WorkerError(RLBenchPufferError, RuntimeError):
    """A worker process failed.

    Args:
      worker_index: which worker of the vector environment.
      phase: what it was doing: ``"init"``, ``"reset"``, ``"step"`` or ``"close"``.
      what: what happened, as the rest of "worker 2 ... in step".
      detail: its last lines on stderr, or its traceback.
    """

    def __init__(
        self, worker_index: int, phase: str, what: str, detail: str = ""
    ) -> None:
        self.worker_index = worker_index
        self.phase = phase
        self.detail = detail
        text = f"Worker {worker_index} {what} in {phase}."
        if detail:
            text += f" Its last words:\n{detail.rstrip()}"
        super().__init__(text)


class WorkerDiedError(WorkerError):
    """A worker process is gone: killed by a signal, or exited by itself."""


class WorkerTimeoutError(WorkerError):
    """A worker process did not answer before its deadline."""


class WorkerRaisedError(WorkerError):
    """The environment inside a worker process raised."""


class SimulationError(RLBenchPufferError, RuntimeError):
    """A simulator produced numbers that are not finite, or refused to go on."""


class DisplayError(RLBenchPufferError, RuntimeError):
    """There is nothing to draw on, or it went away.

    Args:
      what: what happened, as a sentence.
      next_step: one sentence that says what to do.
      detail: the last lines of a server's log, or what was tried.
    """

    def __init__(self, what: str, next_step: str, detail: str = "") -> None:
        self.detail = detail
        text = f"{what} {next_step}"
        if detail:
            text += f" Details:\n{detail.rstrip()}"
        super().__init__(text)


class RecordingError(RLBenchPufferError, OSError):
    """A video or a file of states that could not be written or read."""


class RecordsError(RLBenchPufferError, ValueError):
    """A file of benchmark rows that cannot be used as it is."""


class CheckpointError(RLBenchPufferError, OSError):
    """A checkpoint that could not be written, or that does not fit."""


class DivergedError(RLBenchPufferError, ArithmeticError):
    """A loss or gradient that is not finite."""


class SetupError(RLBenchPufferError, RuntimeError):
    """Something that could not be downloaded, unpacked or installed.

    Args:
      what: what happened, as a sentence.
      next_step: one sentence that says what to do.
    """

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what} {next_step}")


class RankError(RLBenchPufferError, RuntimeError):
    """Another rank of a torchrun job failed, ended or hangs."""


class MissingDependencyError(RLBenchPufferError, ImportError):
    """An optional package is needed and is not installed.

    Args:
      package: the package that could not be imported.
      purpose: what needs it.
      extra: the extra of this distribution that brings it, or an empty string.
      command: what installs it where no extra does.
    """

    def __init__(
        self, package: str, purpose: str, extra: str, command: str = ""
    ) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Run `{f'uv sync --extra {extra}' if extra else command}`."
        )


def _either(names: Sequence[str]) -> str:
    """'a', 'b' or 'c'."""
    quoted = [repr(name) for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
