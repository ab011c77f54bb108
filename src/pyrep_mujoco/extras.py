"""Packages that only some functions need; imported when the first of them is called."""

import importlib
from typing import Any

from pyrep_mujoco.errors import MissingDependencyError


def package(module: str, purpose: str, extra: str = "planning") -> Any:
    """A module of an optional package; its type says nothing, for it may be missing.

    Args:
      module: the module's full name.
      purpose: what needs it, as the beginning of "... needs the package".
      extra: the extra of this distribution that brings it.

    Raises:
      MissingDependencyError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        name = module.partition(".")[0]
        if error.name != name:
            raise
        raise MissingDependencyError(name, purpose, extra) from error
