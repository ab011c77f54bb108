"""One display for each process: shared, claimed in time, given back."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from rlbench_puffer.display.make import lease_display
from rlbench_puffer.envs.make import make
from rlbench_puffer.errors import DisplayError, InvalidOptionError

pytestmark = pytest.mark.display


def _run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


DRAW = """
import json, sys
import rlbench_puffer as rp
camera = rp.Camera(size=(60, 80), depth=True, mask=True)
env = rp.make("open_drawer", display=DISPLAY, cameras={"front": camera})
observation, _ = env.reset(seed=3)
told = {n: observation["front_" + n].tolist() for n in ("rgb", "depth", "mask")}
env.close()
env = rp.make("open_drawer", display=DISPLAY, cameras={"front": camera})
again, _ = env.reset(seed=3)
assert (again["front_rgb"] == observation["front_rgb"]).all()
env.close()
print(json.dumps(told))
"""


def test_every_display_draws_the_same_picture() -> None:
    """GLFW under Xvfb and OSMesa against EGL; each opened twice in its process."""
    told = {}
    for display in ("egl", "osmesa", "xvfb"):
        done = _run(DRAW.replace("DISPLAY", repr(display)), LP_NUM_THREADS="0")
        assert done.returncode == 0, f"{display}: {done.stderr}"
        told[display] = json.loads(done.stdout)
    for display in ("osmesa", "xvfb"):
        rgb, depth, mask = (
            np.array(told[display][kind], float) - np.array(told["egl"][kind], float)
            for kind in ("rgb", "depth", "mask")
        )
        assert np.abs(rgb).mean() < 1.0
        # A few pixels at edges may fall to the other side.
        assert np.mean(np.abs(depth) > 0.002) < 0.01
        assert np.mean(mask != 0) < 0.01
    assert np.array(told["egl"]["rgb"]).std() > 20


def test_external_uses_the_server_that_is_there_and_leaves_it_alone() -> None:
    from rlbench_puffer.display.xvfb import Xvfb

    with Xvfb() as server:
        script = DRAW.replace("DISPLAY", repr("external"))
        done = _run(script, DISPLAY=server.display)
        assert done.returncode == 0, done.stderr
        assert server.alive


def test_external_without_a_server_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(DisplayError, match="DISPLAY is not set"):
        lease_display("external")


def test_drawing_on_no_display_is_an_error() -> None:
    env = make("reach_target", display="none", cameras={"front": (8, 8)})
    with pytest.raises(InvalidOptionError, match="auto"):
        env.reset(seed=0)
    env.close()


def test_engines_of_one_process_share_a_display_until_the_last_is_closed() -> None:
    first, second = lease_display("egl"), lease_display("auto")
    assert first.display is second.display
    with pytest.raises(DisplayError, match="already draws on EGL device"):
        lease_display("osmesa")
    first.close()
    first.close()
    third = lease_display("auto")
    assert third.display is second.display
    third.close()
    second.close()


def test_another_opengl_that_was_imported_before_is_named() -> None:
    script = """
import os
os.environ["PYOPENGL_PLATFORM"] = "osmesa"
import OpenGL.GL
import rlbench_puffer as rp
env = rp.make("reach_target", display="egl", cameras={"front": (8, 8)})
try:
    env.reset(seed=0)
except rp.RLBenchPufferError as error:
    print(error)
"""
    done = _run(script)
    assert "already imported in this process for OSMesaPlatform" in done.stdout
    assert "by OpenGL" in done.stdout


def test_auto_falls_back_where_egl_is_taken() -> None:
    script = """
import os
os.environ["PYOPENGL_PLATFORM"] = "osmesa"
from rlbench_puffer.display.make import lease_display
lease = lease_display("auto")
print(lease.display.name)
lease.close()
"""
    assert _run(script).stdout == "osmesa\n"


def test_without_cameras_no_opengl_is_loaded() -> None:
    script = """
import re, sys
import rlbench_puffer as rp
env = rp.make("reach_target")
env.reset(seed=0)
env.step(env.action_space.sample())
env.close()
loaded = open("/proc/self/maps").read()
print(sorted(n for n in sys.modules if n.startswith(("OpenGL", "mujoco.egl"))))
print(re.findall(r"lib(?:EGL|GLX|OSMesa|gallium)[^ ]*", loaded))
print("rlbench_puffer.engines.builtin.rendering" in sys.modules)
"""
    done = _run(script)
    assert done.stdout == "[]\n[]\nFalse\n", done.stderr


def test_a_killed_xvfb_is_told_by_the_next_step() -> None:
    script = """
import os, signal
import rlbench_puffer as rp
from rlbench_puffer.display.make import _shared
env = rp.make("reach_target", display="xvfb", cameras={"front": (8, 8)})
env.reset(seed=0)
server = _shared.display.server
os.kill(server.pid, signal.SIGKILL)
server._ended.wait(5)
try:
    env.step(env.action_space.sample())
except rp.RLBenchPufferError as error:
    print(error)
env.close()
"""
    done = _run(script)
    assert "was killed by SIGKILL" in done.stdout, done.stderr
    assert done.returncode == 0, done.stderr


def test_drawing_from_another_thread_is_an_error() -> None:
    from concurrent.futures import ThreadPoolExecutor

    env = make("reach_target", cameras={"front": (8, 8)})
    env.reset(seed=0)
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(DisplayError, match="one thread"),
    ):
        pool.submit(env.step, np.zeros(8, np.float32)).result()
    env.close()
