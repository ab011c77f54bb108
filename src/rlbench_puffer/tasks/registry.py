"""Finds tasks by name: the built-in ones, your own, and any by its module's path."""

import copyreg
import dataclasses
import importlib
import importlib.machinery
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import cloudpickle

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.errors import ConfigError, UnknownNameError
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.task_check import check_task_class

_MODULES = {
    "reach_target": ("rlbench_puffer.tasks.reach_target", "ReachTarget"),
    "push_button": ("rlbench_puffer.tasks.push_button", "PushButton"),
    "open_drawer": ("rlbench_puffer.tasks.open_drawer", "OpenDrawer"),
    "slide_block_to_target": (
        "rlbench_puffer.tasks.slide_block_to_target",
        "SlideBlockToTarget",
    ),
    "pick_and_lift": ("rlbench_puffer.tasks.pick_and_lift", "PickAndLift"),
    "take_lid_off_saucepan": (
        "rlbench_puffer.tasks.take_lid_off_saucepan",
        "TakeLidOffSaucepan",
    ),
    "turn_tap": ("rlbench_puffer.tasks.turn_tap", "TurnTap"),
    "sweep_to_dustpan": ("rlbench_puffer.tasks.sweep_to_dustpan", "SweepToDustpan"),
}

TASK_NAMES: tuple[str, ...] = tuple(_MODULES)
"""The built-in tasks, easiest first."""

TaskClass = TypeVar("TaskClass", bound=type[Task])

_OWN: dict[str, type[Task]] = {}


def find_task(name: str) -> type[Task]:
    """The class of a task; imports the module it stands in.

    Args:
      name: of a built-in task, or of one given to :func:`register_task`, or
        ``"package.module:Class"``, which any process finds by itself.

    Raises:
      UnknownNameError: there is none of that name; the message lists close ones.
      ConfigError: the class found by its path is no whole task.
    """
    if name in _MODULES:
        module, attribute = _MODULES[name]
        return getattr(importlib.import_module(module), attribute)
    if name in _OWN:
        return _OWN[name]
    if ":" in name:
        return _by_path(name)
    raise UnknownNameError("task", name, task_names())


def task_name(given: str) -> str:
    """A task's name from its own or from its class's, as ``"OpenDrawer"``.

    What is neither is returned as it is; :func:`find_task` says what is wrong with it.
    """
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", given).lower()
    return snake if ":" not in given and snake in task_names() else given


def task_names() -> tuple[str, ...]:
    """The built-in tasks, then the registered ones."""
    return (*TASK_NAMES, *_OWN)


def register_task(task_class: TaskClass) -> TaskClass:
    """Make a task of your own known by its name; may be used as a decorator.

    ``rlbench_puffer.make`` and ``make_vec`` then find it. It travels to the workers
    of every backend inside the configuration: by its module's name where a fresh
    process can import that, else whole (as a script's or a notebook's classes do), so
    a worker needs no registration of its own.

    Registering a class again, or a new version of it under the same module and class
    name, replaces it.

    Args:
      task_class: a subclass of :class:`rlbench_puffer.Task` with everything stated.

    Returns:
      The class.

    Raises:
      ConfigError: something is missing or does not fit, or the name is taken; the
        message lists what.
    """
    check_task_class(task_class)
    name = task_class.name
    if name in _MODULES:
        raise ConfigError(
            f"The name {name!r} of {task_class.__qualname__} is a built-in task's. "
            "Give it another name."
        )
    known = _OWN.get(name)
    if known is not None and _place(known) != _place(task_class):
        raise ConfigError(
            f"The task name {name!r} is taken by {'.'.join(_place(known))}; "
            f"{'.'.join(_place(task_class))} cannot have it, too. Rename one of them."
        )
    _OWN[name] = task_class
    # From now on a pickled configuration takes its task along.
    copyreg.pickle(EnvConfig, _reduce_config)
    return task_class


def _by_path(name: str) -> type[Task]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The task {name!r} was not found: {error}. Expected "
            "'package.module:Class', importable from the folder this runs in."
        ) from error
    check_task_class(found)
    return found


def _place(task_class: type[Task]) -> tuple[str, str]:
    return task_class.__module__, task_class.__qualname__


def _reduce_config(
    config: EnvConfig,
) -> tuple[Callable[..., EnvConfig], tuple[bytes | None, dict[str, Any]]]:
    fields = {
        field.name: getattr(config, field.name) for field in dataclasses.fields(config)
    }
    task_class = _OWN.get(config.task)
    return _restore_config, (task_class and _pickled(task_class), fields)


def _restore_config(pickled: bytes | None, fields: dict[str, Any]) -> EnvConfig:
    if pickled is not None:
        register_task(cloudpickle.loads(pickled))
    return EnvConfig(**fields)


def _pickled(task_class: type[Task]) -> bytes:
    module = sys.modules[task_class.__module__]
    if module.__name__ == "__main__" or _is_importable(module):
        # cloudpickle itself takes classes of `__main__` whole.
        return cloudpickle.dumps(task_class)
    cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(task_class)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _is_importable(module: ModuleType) -> bool:
    """Whether a process with the same ``sys.path`` can import a module."""
    package, *rest = module.__name__.split(".")
    spec = importlib.machinery.PathFinder.find_spec(package)
    if spec is None or module.__file__ is None:
        return False
    if not rest:
        return spec.origin == module.__file__
    # Another package of the same name may stand before the one it is from.
    inside = [
        Path(place).joinpath(*rest) for place in spec.submodule_search_locations or ()
    ]
    places = [
        place
        for base in inside
        for place in (base.with_suffix(".py"), base / "__init__.py")
    ]
    return Path(module.__file__) in places
