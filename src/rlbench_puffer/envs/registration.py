"""Registers the built-in tasks and your own with Gymnasium, when asked to."""

import gymnasium

from rlbench_puffer.envs.make import make
from rlbench_puffer.tasks.registry import task_names

NAMESPACE = "rlbench_puffer"


def register_envs() -> tuple[str, ...]:
    """Make ``gymnasium.make("rlbench_puffer/open_drawer-v0")`` and the like work.

    Calling it again is fine. The episode limit is the environment's own, so that no
    ``TimeLimit`` wrapper is added.

    Returns:
      The ids of the registered environments.
    """
    ids = []
    for name in task_names():
        env_id = f"{NAMESPACE}/{name}-v0"
        if env_id not in gymnasium.registry:
            gymnasium.register(
                id=env_id,
                entry_point=f"{make.__module__}:make",
                kwargs={"task": name},
                disable_env_checker=False,
            )
        ids.append(env_id)
    return tuple(ids)
