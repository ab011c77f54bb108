"""One running simulator with one task in it: started in order, ended for certain."""

import contextlib
import importlib
import os
from collections.abc import Callable
from typing import Any

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.rlbench.deadline import deadline
from rlbench_puffer.engines.rlbench.foundation import Foundation
from rlbench_puffer.engines.rlbench.make import make_foundation
from rlbench_puffer.engines.rlbench.messages import explained
from rlbench_puffer.engines.rlbench.surroundings import kept_surroundings
from rlbench_puffer.engines.rlbench.task_names import find_task_name
from rlbench_puffer.errors import (
    ClosedError,
    MissingDependencyError,
    RLBenchPufferError,
    SimulationError,
)
from rlbench_puffer.simulator import Simulator

_API = "rlbench_puffer.engines.rlbench.api"
_SHUTDOWN_S = 10.0


class _Process:
    """Whether this process has a simulator; a second one would hang for ever."""

    holder_pid: int | None = None


class Session:
    """RLBench's environment, launched, with one task loaded.

    Args:
      config: what to run.

    Attributes:
      api: the module through which RLBench is reached.
      task: RLBench's ``TaskEnvironment``.
      without_misc: a context in which it observes without ``misc``.
      rules: the task itself; ``rules.last_success`` is what it last said.
      broken_off: whether something of RLBench's was left before its end, by an error
        or by Ctrl-C: the scene may be in any state until :meth:`restart`.
      launches: how often the simulator was started.
      display: what is drawn on.

    Raises:
      SimulationError: the simulator did not start, or this process has one.
      DisplayError: there is nothing to draw on.
      MissingDependencyError: RLBench or PyRep is not installed.
    """

    def __init__(self, config: EnvConfig) -> None:
        self._config = config
        self._options = config.simulator or Simulator()
        self._name = find_task_name(config.task)
        self._environment: Any = None
        self.rules: Any = None
        self.broken_off = False
        self.launches = 0
        self._take_process()
        draws = bool(config.camera_pairs)
        try:
            foundation = make_foundation(config.engine)
            self.display = foundation.open_display(config.display, draws=draws)
        except BaseException:
            _Process.holder_pid = None
            raise
        try:
            self.api = _import_api(foundation)
            self._launch()
        except BaseException:
            # What went wrong counts, and not that PyRep has nothing to shut down.
            with contextlib.suppress(Exception):
                self.close()
            raise

    def call(self, doing: str, method: Callable[..., Any], *args: Any) -> Any:
        """Call something of RLBench's; its errors are explained.

        Its InvalidActionError and TaskEnvironmentError pass, for they are answers.

        Raises:
          SimulationError: anything else that it raised.
          ClosedError: after :meth:`close`; the simulator would crash.
        """
        self._check_here(doing)
        before, self.broken_off = self.broken_off, True
        try:
            result = method(*args)
        except (self.api.InvalidActionError, self.api.TaskEnvironmentError):
            self.broken_off = before
            raise
        except RLBenchPufferError:
            raise
        except Exception as error:
            raise explained(error, doing) from error
        self.broken_off = before
        return result

    def restart(self) -> None:
        """Shut the simulator down and start it afresh."""
        self._check_here("restart")
        self._shut_down()
        self._launch()
        self.broken_off = False

    def mend(self) -> None:
        """Start the simulator afresh if something was broken off in it."""
        if self.broken_off:
            self.restart()

    def put_back_control(self) -> None:
        """Go on after a demo that failed, which is an answer, too."""
        self.api.put_back_control(self.task)
        self.broken_off = False

    def close(self) -> None:
        """Shut down, and end the display. Twice is fine.

        Raises:
          SimulationError: it did not shut down in time; end the process.
        """
        if _Process.holder_pid != os.getpid():
            return
        try:
            self._shut_down()
        finally:
            self.display.close()
            _Process.holder_pid = None

    def _take_process(self) -> None:
        if _Process.holder_pid == os.getpid():
            raise SimulationError(
                "This process already runs a simulator, and PyRep can run one "
                "only: a second would hang for ever. Close the other environment "
                'first, or use make_vec(backend="shm").'
            )
        if _Process.holder_pid is not None:
            raise _forked("start a simulator")
        _Process.holder_pid = os.getpid()

    def _check_here(self, doing: str) -> None:
        if _Process.holder_pid != os.getpid():
            if _Process.holder_pid is not None:
                raise _forked(doing)
            raise ClosedError("simulator", doing)
        self.display.check()

    def _launch(self) -> None:
        self.launches += 1

        def created(rules: Any) -> None:
            self.rules = rules

        limit = self._options.launch_timeout_s
        with kept_surroundings(), deadline(limit, "Launching the simulator"):
            try:
                environment = self.api.make_environment(self._config, self._options)
                self._environment = environment
                environment.launch()
                task_class = self.api.recorded_task_class(self._name, created)
                self.task = environment.get_task(task_class)
                self.api.prepare(self.task)
                self.without_misc = self.api.StepsWithoutMisc(self.task)
            except RLBenchPufferError:
                raise
            except Exception as error:
                raise explained(error, "launching") from error

    def _shut_down(self) -> None:
        environment, self._environment = self._environment, None
        if environment is None:
            return
        with (
            kept_surroundings(),
            deadline(_SHUTDOWN_S, "Shutting the simulator down"),
        ):
            environment.shutdown()


def _import_api(foundation: Foundation) -> Any:
    """Make the simulator ready, then import RLBench."""
    with kept_surroundings():
        foundation.load()
        try:
            return importlib.import_module(_API)
        except ModuleNotFoundError as error:
            package = (error.name or "rlbench").partition(".")[0]
            extra = "" if package in ("rlbench", "pyrep") else foundation.extra
            raise MissingDependencyError(
                package, "One of RLBench's tasks", extra, "rlbench-puffer setup rlbench"
            ) from error
        except (ImportError, OSError) as error:
            raise explained(error, "importing RLBench and PyRep") from error


def _forked(doing: str) -> SimulationError:
    return SimulationError(
        f"{doing}: this process was forked from one that runs a simulator, where a "
        "call would hang for ever. Start processes by spawning, before the simulator."
    )
