"""Whether a class is a whole task; tells all that is wrong with it at once."""

import inspect
import re

from rlbench_puffer.errors import ConfigError
from rlbench_puffer.tasks.base import Task

_STATED: dict[str, tuple[type, str]] = {
    "name": (str, "a name in snake case, such as 'reach_between_posts'"),
    "summary": (str, "one line that says what is to be done"),
    "variation_count": (int, "a whole number of at least 1"),
    "low_dim_size": (int, "a whole number of at least 1"),
    "low_dim_layout": (str, "what the numbers of task_low_dim_state are"),
    "episode_length": (int, "a whole number of at least 1"),
    "graspable": (tuple, "a tuple of body names"),
}
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def check_task_class(task_class: object) -> None:
    """Check what can be checked without a simulator.

    Raises:
      ConfigError: not a subclass of ``Task``, or something is missing or does not
        fit; the message lists all of it.
    """
    if not inspect.isclass(task_class) or not issubclass(task_class, Task):
        raise ConfigError(
            f"A task must be a subclass of rlbench_puffer.Task, not {task_class!r}. "
            "Give the class itself, not an instance."
        )
    wrong = [
        f"{method}() is not defined"
        for method in sorted(getattr(task_class, "__abstractmethods__", ()))
    ]
    for attribute, (kind, expected) in _STATED.items():
        value = getattr(task_class, attribute, None)
        if value is None:
            wrong.append(f"{attribute} is not stated: expected {expected}")
        elif not _fits(attribute, value, kind):
            wrong.append(f"{attribute} = {value!r}: expected {expected}")
    if wrong:
        raise ConfigError(
            f"The task class {task_class.__qualname__} is not whole: "
            f"{'; '.join(wrong)}."
        )


def _fits(attribute: str, value: object, kind: type) -> bool:
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    if attribute == "name":
        return bool(_SNAKE_CASE.fullmatch(str(value)))
    if isinstance(value, int):
        return value >= 1
    if isinstance(value, tuple):
        return all(isinstance(each, str) for each in value)
    return True
