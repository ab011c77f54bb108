"""A task without a shaped reward."""

from rlbench.backend.task import Task


class OpenDrawer(Task):
    """Come near the handle."""
