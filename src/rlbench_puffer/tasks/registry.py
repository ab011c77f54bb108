"""Finds a built-in task by name; imports only the module it stands in."""

import importlib

from rlbench_puffer.errors import UnknownNameError
from rlbench_puffer.tasks.base import Task

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


def find_task(name: str) -> type[Task]:
    """The class of a built-in task.

    Raises:
      UnknownNameError: there is none of that name; the message lists close ones.
    """
    if name not in _MODULES:
        raise UnknownNameError("task", name, TASK_NAMES)
    module, attribute = _MODULES[name]
    return getattr(importlib.import_module(module), attribute)
