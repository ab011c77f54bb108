"""RLBench's demos on MuJoCo: stored in its own layout, begun where they began."""

import subprocess
import sys
from pathlib import Path

import pytest

from rlbench_models import needs_rlbench

pytestmark = [needs_rlbench, pytest.mark.slow, pytest.mark.timeout(300)]


def run_script(text: str) -> str:
    """In a process of its own, which holds its one simulator; what it printed last."""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1] if done.stdout else ""


def test_a_stored_demo_is_begun_where_it_began_in_every_process(tmp_path: Path) -> None:
    root = tmp_path / "stored"
    told = tmp_path / "demos.pkl"
    run_script(
        f"""
import pickle
import rlbench_puffer as rp
env = rp.make("open_drawer", engine="mujoco")
env.reset(seed=0)
demos = env.engine.get_demos(2, variation=1, seed=4)
pickle.dump([demo.demo for demo in demos], open({str(told)!r}, "wb"))
"""
    )
    names = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")
    sys_path = [entry for entry in sys.path if entry]
    lengths = run_script(
        f"""
import os, pickle, sys
sys.path[:] = {sys_path!r}
from rlbench_puffer.engines.rlbench.mujoco import Mujoco
Mujoco().load()
demos = pickle.load(open({str(told)!r}, "rb"))
for number, demo in enumerate(demos):
    folder = os.path.join(
        {str(root)!r}, "open_drawer", "variation1", "episodes", f"episode{{number}}"
    )
    # RLBench counts the pictures of every camera, looked at or not.
    for name in {names!r}:
        for kind in ("rgb", "depth", "mask"):
            pictures = os.path.join(folder, f"{{name}}_{{kind}}")
            os.makedirs(pictures)
            for step in range(len(demo)):
                open(os.path.join(pictures, f"{{step}}.png"), "wb").close()
    pickle.dump(demo, open(os.path.join(folder, "low_dim_obs.pkl"), "wb"))
print([len(demo) for demo in demos])
"""
    )
    starts = [
        run_script(
            f"""
import rlbench_puffer as rp
from rlbench_puffer.errors import SimulationError
env = rp.make(
    "open_drawer",
    engine="mujoco",
    simulator=rp.Simulator(dataset_root={str(root)!r}),
)
env.reset(seed={seed})
demos = env.engine.get_demos(2, variation=1, live=False, seed=0)
told = []
for demo in (*demos, demos[0]):
    observation, info = env.reset(options={{"demo": demo}})
    assert info["variation"] == 1, info
    recorded = demo.demo[0].task_low_dim_state
    off = abs(observation["task_low_dim_state"] - recorded).max()
    assert off < 5e-3, off
    told.append(observation["task_low_dim_state"].round(5).tolist())
assert told[0] == told[2] != told[1]
try:
    env.engine.get_demos(3, variation=1, live=False)
except SimulationError as error:
    assert "only 2 were available" in str(error), error
else:
    raise AssertionError("there are two only")
print(sorted(len(demo) for demo in demos), told)
"""
        )
        for seed in (5, 6)
    ]
    assert starts[0] == starts[1]
    assert starts[0].startswith(str(sorted(eval(lengths))))


def test_velocities_move_the_arm_after_a_demo_that_failed() -> None:
    run_script(
        """
import numpy as np
import rlbench_puffer as rp
from rlbench_puffer.errors import SimulationError
env = rp.make("reach_target", engine="mujoco")
env.reset(seed=0)

def moved():
    start = env.reset(seed=0)[0]["joint_positions"]
    action = np.zeros(8, np.float32)
    action[[0, 7]] = 0.5, 1.0
    for _ in range(5):
        after = env.step(action)[0]["joint_positions"]
    return (after - start)[0]

before = moved()
try:
    env.engine.get_demos(1, max_attempts=0)
except SimulationError:
    pass
else:
    raise AssertionError("no attempt gave a demo")
assert abs(before) > 0.1, before
assert abs(moved() - before) < 1e-3, (before, moved())
"""
    )
