"""Finds RLBench's tasks by their files; imports neither RLBench nor a simulator."""

import dataclasses
import hashlib
import importlib.util
import re
from pathlib import Path

from rlbench_puffer.errors import (
    ConfigError,
    MissingDependencyError,
    UnknownNameError,
)
from rlbench_puffer.setup.sources import sources_folder


@dataclasses.dataclass(frozen=True)
class TaskName:
    """Where a task's class is."""

    name: str
    """RLBench's name in snake case, or ``module:Class`` of a user's own task."""

    module: str
    """The module to import."""

    class_name: str
    """The class in it."""

    source: Path
    """The module's file."""

    def key(self) -> str:
        """What stays the same while the task's code does, fit for a file name."""
        digest = hashlib.sha256(self.source.read_bytes()).hexdigest()[:12]
        return f"{re.sub(r'[^a-zA-Z0-9_]+', '-', self.name)}-{digest}"


def rlbench_folder() -> Path:
    """The folder of the package ``rlbench``: installed, else that of ``setup``.

    Raises:
      MissingDependencyError: there is none.
    """
    spec = importlib.util.find_spec("rlbench")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    folder = sources_folder() / "rlbench"
    if not (folder / "__init__.py").exists():
        raise MissingDependencyError(
            "rlbench", "One of RLBench's tasks", "", "rlbench-puffer setup rlbench"
        )
    return folder


def rlbench_version() -> str:
    """The version that the installed RLBench says of itself."""
    text = (rlbench_folder() / "__init__.py").read_text()
    found = re.search(r"""^__version__ = ["']([^"']+)["']""", text, re.MULTILINE)
    return found[1] if found else "unknown"


def rlbench_task_names() -> tuple[str, ...]:
    """RLBench's tasks in snake case, sorted; one is a file of ``rlbench/tasks``."""
    files = (rlbench_folder() / "tasks").glob("*.py")
    return tuple(sorted(file.stem for file in files if file.stem != "__init__"))


def find_task_name(name: str) -> TaskName:
    """The task that a user means.

    Args:
      name: ``open_drawer``, ``OpenDrawer``, or ``module.path:Class``.

    Raises:
      UnknownNameError: RLBench has no such task; the message lists close ones.
      ConfigError: no such module.
      MissingDependencyError: RLBench is not installed.
    """
    if ":" in name:
        return _own_task(name)
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    names = rlbench_task_names()
    if snake not in names:
        raise UnknownNameError("task", name, names)
    return TaskName(
        name=snake,
        module=f"rlbench.tasks.{snake}",
        class_name="".join(word[0].upper() + word[1:] for word in snake.split("_")),
        source=rlbench_folder() / "tasks" / f"{snake}.py",
    )


def _own_task(name: str) -> TaskName:
    module, _, class_name = name.partition(":")
    source = _source_of(module)
    if source is None or not class_name.isidentifier():
        raise ConfigError(
            f"Task {name!r} cannot be found: expected module.path:Class with a module "
            "that Python can import. Check the spelling and PYTHONPATH."
        )
    return TaskName(name=name, module=module, class_name=class_name, source=source)


def _source_of(module: str) -> Path | None:
    """A module's file; finding one of RLBench's must not import RLBench."""
    package, *rest = module.split(".")
    if package == "rlbench" and rest:
        file = rlbench_folder().joinpath(*rest).with_suffix(".py")
        return file if file.exists() else None
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None
