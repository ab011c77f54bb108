"""Makes the environment of a set of demos again, from what the set's files say."""

from typing import Any

from rlbench_puffer.camera import Camera
from rlbench_puffer.envs.env import RLBenchEnv
from rlbench_puffer.envs.make import make
from rlbench_puffer.randomization import Randomization


def make_again(
    task: str,
    *,
    cameras: dict[str, dict[str, Any]],
    randomize: dict[str, float] | None,
    render_mode: str | None = None,
    **options: Any,
) -> RLBenchEnv:
    """What Minari's ``recover_environment`` calls.

    Args:
      task: its name.
      cameras: the fields of a :class:`Camera` by the camera's name.
      randomize: the fields of a :class:`Randomization`, or None.
      render_mode: Gymnasium's.
      **options: other fields of :class:`rlbench_puffer.EnvConfig`.
    """
    return make(
        task,
        render_mode=render_mode,
        cameras={name: Camera(**fields) for name, fields in cameras.items()},
        randomize=None if randomize is None else Randomization(**randomize),
        **options,
    )
