"""All functions in one module, as PyRep wants them; what is not there says so."""

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

TOPICS = tuple(
    importlib.import_module(f"pyrep_mujoco.sim.{topic}")
    for topic in (
        "collisions",
        "colors",
        "configurations",
        "contacts",
        "drawing_objects",
        "force_sensors",
        "forces",
        "form_parameters",
        "global_parameters",
        "groups",
        "ik_groups",
        "ik_paths",
        "joints",
        "lifecycle",
        "lights",
        "matrices",
        "mesh_editing",
        "mesh_files",
        "models",
        "motion_profiles",
        "new_objects",
        "object_parameters",
        "objects",
        "octrees",
        "paths",
        "poses",
        "proximity_sensors",
        "scripts",
        "shape_parameters",
        "shapes",
        "signals",
        "sizes",
        "textures",
        "tip_configurations",
        "vision_sensors",
    )
)
"""The modules whose functions ``sim...`` make up the API; PyRep has one of them under
the name ``generateIkPath``."""


def functions() -> dict[str, Callable[..., Any]]:
    """All functions of the API by name."""
    return {
        name: value
        for topic in TOPICS
        for name, value in vars(topic).items()
        if name.startswith(("sim", "generate")) and callable(value)
    }


def api_module(name: str, constants: Mapping[str, Any]) -> ModuleType:
    """A module of all functions and of the API's constants.

    A function of CoppeliaSim's that it lacks raises NotImplementedError when it is
    called; the error names the function and its caller.
    """
    module = ModuleType(name, "CoppeliaSim's API, answered by MuJoCo.")
    vars(module).update(constants)
    vars(module).update(functions())
    module.__getattr__ = _missing
    return module


def _missing(name: str) -> Callable[..., Any]:
    if not name.startswith("sim") or name.startswith("sim_"):
        raise AttributeError(f"CoppeliaSim's API has no {name!r} here.")

    def refuse(*_: Any, **__: Any) -> Any:
        caller = sys._getframe(1)
        code = caller.f_code
        raise NotImplementedError(
            f"{name} is not answered by pyrep_mujoco; it was called by "
            f"{code.co_qualname} ({code.co_filename}:{caller.f_lineno}). "
            'Use engine="coppeliasim" for what needs it.'
        )

    refuse.__name__ = name
    return refuse
