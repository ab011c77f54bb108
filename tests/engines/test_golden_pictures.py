"""Small pictures of every task, compared with kept ones.

They change when the look of a scene is meant to change. Look at the new ones, then
keep them: `uv run python tests/engines/test_golden_pictures.py`.
"""

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.config import make_config
from rlbench_puffer.envs.env import RLBenchEnv
from rlbench_puffer.tasks.registry import TASK_NAMES

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SIZE = (64, 64)
CAMERAS = ("front", "overhead")

# Drivers differ in how they treat edges: few pixels may differ much, the others must
# be near.
NEAR = 24
FAR_PIXELS = 0.03
MEAN = 4.0


def draw(task: str) -> NDArray[np.uint8]:
    """The task's first episode through two cameras, side by side: (64, 128, 3)."""
    env = RLBenchEnv(make_config(task, variation=0))
    env.reset(seed=0)
    pictures = [env.picture(camera, SIZE) for camera in CAMERAS]
    env.close()
    return np.concatenate(pictures, axis=1)


@pytest.mark.display
@pytest.mark.parametrize("task", TASK_NAMES)
def test_a_task_looks_as_it_did(task: str) -> None:
    golden = matplotlib.image.imread(GOLDEN / f"{task}.png")[..., :3] * 255
    difference = np.abs(draw(task).astype(float) - golden)
    assert difference.mean() < MEAN
    assert (difference.max(axis=-1) > NEAR).mean() < FAR_PIXELS


if __name__ == "__main__":
    for name in TASK_NAMES:
        matplotlib.image.imsave(GOLDEN / f"{name}.png", draw(name))
