"""RLBench's tasks as Gymnasium environments, vectorised at the machine's limit."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlbench_puffer.camera import Camera as Camera
    from rlbench_puffer.config import EnvConfig as EnvConfig
    from rlbench_puffer.demos.make import load_demos as load_demos
    from rlbench_puffer.demos.scaling import DemoActionScaling as DemoActionScaling
    from rlbench_puffer.engines.builtin.scene import Placement as Placement
    from rlbench_puffer.engines.builtin.scene import Scene as Scene
    from rlbench_puffer.envs.env import RLBenchEnv as RLBenchEnv
    from rlbench_puffer.envs.make import make as make
    from rlbench_puffer.envs.registration import register_envs as register_envs
    from rlbench_puffer.errors import RLBenchPufferError as RLBenchPufferError
    from rlbench_puffer.experts.expert import Expert as Expert
    from rlbench_puffer.randomization import Randomization as Randomization
    from rlbench_puffer.simulator import Simulator as Simulator
    from rlbench_puffer.tasks.base import Task as Task
    from rlbench_puffer.tasks.mjcf import attach_mjcf as attach_mjcf
    from rlbench_puffer.tasks.registry import register_task as register_task
    from rlbench_puffer.tasks.waypoints import Waypoint as Waypoint
    from rlbench_puffer.vector.make import make_vec as make_vec

__version__ = "0.1.0"

# Looked up on first use, so that importing the package is quick and silent.
_EXPORTS = {
    "Camera": "rlbench_puffer.camera",
    "DemoActionScaling": "rlbench_puffer.demos.scaling",
    "EnvConfig": "rlbench_puffer.config",
    "Expert": "rlbench_puffer.experts.expert",
    "Placement": "rlbench_puffer.engines.builtin.scene",
    "RLBenchEnv": "rlbench_puffer.envs.env",
    "RLBenchPufferError": "rlbench_puffer.errors",
    "Randomization": "rlbench_puffer.randomization",
    "Scene": "rlbench_puffer.engines.builtin.scene",
    "Simulator": "rlbench_puffer.simulator",
    "Task": "rlbench_puffer.tasks.base",
    "Waypoint": "rlbench_puffer.tasks.waypoints",
    "attach_mjcf": "rlbench_puffer.tasks.mjcf",
    "load_demos": "rlbench_puffer.demos.make",
    "make": "rlbench_puffer.envs.make",
    "make_vec": "rlbench_puffer.vector.make",
    "register_envs": "rlbench_puffer.envs.registration",
    "register_task": "rlbench_puffer.tasks.registry",
}

__all__ = [
    "Camera",
    "DemoActionScaling",
    "EnvConfig",
    "Expert",
    "Placement",
    "RLBenchEnv",
    "RLBenchPufferError",
    "Randomization",
    "Scene",
    "Simulator",
    "Task",
    "Waypoint",
    "__version__",
    "attach_mjcf",
    "load_demos",
    "make",
    "make_vec",
    "register_envs",
    "register_task",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
