"""An interactive window onto one running environment: MuJoCo's passive viewer."""

import os
import threading
import time

from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.look import Look
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import DisplayError
from rlbench_puffer.recording.policies import PolicyName, check_policy, make_policy

_WINDOW_PATIENCE_S = 5.0


def view(
    config: EnvConfig,
    *,
    policy: PolicyName = "random",
    seed: int = 0,
    seconds: float | None = None,
) -> int:
    """Show episodes in real time until the window is closed.

    Args:
      config: what to show; its cameras are not needed.
      policy: what chooses the actions.
      seed: seed of the episodes and of the actions.
      seconds: how long to show them in [s]; None: until the window is closed.

    Returns:
      How many control steps were shown.

    Raises:
      UnknownNameError: no such policy.
      DisplayError: there is no screen.
    """
    check_policy(policy)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise DisplayError(
            "The viewer needs a screen, and neither DISPLAY nor WAYLAND_DISPLAY is "
            "set.",
            "Run it on a desktop, or use `rlbench-puffer record` for a video.",
        )
    import mujoco.viewer

    env = make_batch_env(config, 1)
    assert isinstance(env.engine, BuiltinEngine)
    look = Look(env.engine.scene, env.engine.task, "fine")
    act = make_policy(policy, env, seed)
    env.reset(seed=[seed])
    look.take_all(0)
    shown = 0
    began = time.monotonic()
    others = set(threading.enumerate())
    try:
        with mujoco.viewer.launch_passive(
            look.model, look.data, show_left_ui=False, show_right_ui=False
        ) as window:
            while window.is_running():
                if seconds is not None and time.monotonic() - began >= seconds:
                    break
                env.step(act())
                with window.lock():
                    look.take_all(0)
                window.sync()
                shown += 1
                # Real time: wait for the step's end on the clock of the whole run.
                time.sleep(max(0.0, began + shown * CONTROL_DT - time.monotonic()))
    finally:
        # The window's thread must have let go of it before the process ends.
        for thread in set(threading.enumerate()) - others:
            thread.join(_WINDOW_PATIENCE_S)
        env.close()
    return shown
