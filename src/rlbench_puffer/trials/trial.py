"""What the process does that tries one task: one simulator, told as it goes."""

import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rlbench_puffer.config import OBSERVATION_NAMES, EnvConfig
from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.errors import RLBenchPufferError

WALK_STEPS = 50
"""Random actions after each reset."""

ROOM = 5.0
"""How far from the origin a thing of the task may be, along each axis, in [m]. The
walls stand 2.5 m away, and the roof is 3 m high."""

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Entry of ``python -c``; the arguments are those of ``run.command``."""
    write_fd, parent = int(sys.argv[1]), int(sys.argv[2])
    asked: dict[str, Any] = json.loads(sys.argv[3])
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)

    def tell(kind: str, fields: dict[str, Any]) -> None:
        os.write(write_fd, (json.dumps({kind: fields}) + "\n").encode())

    try:
        try_task(tell=tell, **asked)
        tell("finished", {})
    except RLBenchPufferError as error:
        tell("error", {"error": str(error)})
    # What was told counts, and not how the simulator's libraries end.
    os._exit(0)


def try_task(
    task: str,
    engine: Any,
    seeds: int,
    demos: int,
    tell: Callable[[str, dict[str, Any]], None],
) -> None:
    """Reset and walk with each seed, then let the scripted expert try.

    Args:
      task: RLBench's name of it.
      engine: ``"mujoco"`` or ``"coppeliasim"``.
      seeds: resets, from seed 0 on.
      demos: attempts at a demo, from seed 0 on; attempt i has variation i modulo
        their number.
      tell: given each ``"walk"`` and each ``"attempt"`` as soon as it is over.
    """
    config = EnvConfig(task=task, engine=engine, observations=OBSERVATION_NAMES)
    session = Session(config)
    count = int(session.task.variation_count())
    speed = np.array(session.api.robot_limits("panda")["velocity"])
    for seed in range(seeds):
        tell("walk", _walk(session, seed, seed % count, speed))
    for seed in range(demos):
        tell("attempt", _attempt(session, seed, seed % count))
    session.close()


def _walk(session: Session, seed: int, variation: int, speed: Any) -> dict[str, Any]:
    np.random.seed(seed)  # noqa: NPY002 - RLBench draws from it
    rng = np.random.default_rng(seed)
    told: dict[str, Any] = {"seed": seed}
    start = time.perf_counter()
    try:
        session.task.set_variation(variation)
        _, observation = session.task.reset()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was found
        return {
            **told,
            "reset_seconds": time.perf_counter() - start,
            "problem": f"reset: {_named(error)}",
        }
    told["reset_seconds"] = time.perf_counter() - start
    start = time.perf_counter()
    problem = _strange(observation)
    steps = 0
    while steps < WALK_STEPS and problem is None:
        action = np.append(rng.uniform(-speed, speed), float(rng.uniform() > 0.5))
        try:
            observation, _, terminate = session.task.step(action)
        except Exception as error:  # noqa: BLE001 - as above
            problem = f"step {steps}: {_named(error)}"
            break
        steps += 1
        problem = _strange(observation)
        if terminate:
            break
    seconds = time.perf_counter() - start
    if problem is None:
        problem = _flown(session)
    return {
        **told,
        "steps": steps,
        "steps_per_second": round(steps / seconds, 1),
        "problem": problem,
    }


def _attempt(session: Session, seed: int, variation: int) -> dict[str, Any]:
    np.random.seed(seed)  # noqa: NPY002 - RLBench draws from it
    told: dict[str, Any] = {"seed": seed, "variation": variation, "succeeded": False}
    start = time.perf_counter()
    with _said() as said:
        try:
            session.task.set_variation(variation)
            (demo,) = session.task.get_demos(1, live_demos=True, max_attempts=1)
        except Exception as error:  # noqa: BLE001 - as above
            # RLBench swallows the cause and logs it.
            told["problem"] = said[-1] if said else _named(error)
        else:
            told |= {"succeeded": True, "steps": len(demo)}
    return {**told, "seconds": time.perf_counter() - start}


@contextlib.contextmanager
def _said() -> Iterator[list[str]]:
    """What RLBench logs meanwhile."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage().removeprefix("Bad demo. "))

    root, listener = logging.getLogger(), Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(listener)
        root.setLevel(level)


def _strange(observation: Any) -> str | None:
    for name in OBSERVATION_NAMES:
        value = getattr(observation, name)
        if value is not None and not np.isfinite(np.asarray(value, float)).all():
            return f"{name} is not finite"
    return None


def _flown(session: Session) -> str | None:
    """The first thing of the task that is not in the room any more."""
    for name, position in session.api.positions_of(session.rules).items():
        if not np.all(np.abs(position) < ROOM):
            place = ", ".join(f"{number:.3g}" for number in position)
            return f"{name} is at {place} m"
    return None


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
