"""What this machine has for simulating and drawing, each thing tried for real."""

import ctypes.util
import dataclasses
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import psutil

from rlbench_puffer.config import DisplayName
from rlbench_puffer.display import drawing, egl, xvfb
from rlbench_puffer.setup.sources import sources_folder

_TRY_TIMEOUT_S = 60.0

_TRY_ENGINE = """
import mujoco, mujoco.batch
batch = mujoco.batch.Batch(mujoco.MjModel.from_xml_string(
    '<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>'
), 2, 1)
batch.step()
print(f"mujoco {mujoco.__version__}, steps")
"""

_TRY_DRAWING = """
import sys
from rlbench_puffer.display.make import lease_display
lease = lease_display(sys.argv[1])
context = lease.display.make_context(32, 32)
import mujoco, numpy
model = mujoco.MjModel.from_xml_string(
    '<mujoco><worldbody><light pos="0 0 4"/><geom size="1"/></worldbody></mujoco>'
)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
scene, picture = mujoco.MjvScene(model, 10), numpy.zeros((32, 32, 3), numpy.uint8)
mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(),
                       mujoco.mjtCatBit.mjCAT_ALL.value, scene)
renderer = mujoco.MjrContext(model, 50)
mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, renderer)
view = mujoco.MjrRect(0, 0, 32, 32)
mujoco.mjr_render(view, scene, renderer)
mujoco.mjr_readPixels(picture, None, view, renderer)
if picture.max() == picture.min():
    raise SystemExit("drew an empty picture")
print(f"{lease.display.description}: drew a picture")
renderer.free()
context.free()
lease.close()
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at."""

    name: str
    """What."""

    state: Literal["ok", "missing", "broken"]
    """``broken`` stands in the way of the default engine; ``missing`` does not."""

    found: str
    """What was found."""

    mend: str = ""
    """The one command that mends it, or nothing."""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return dataclasses.asdict(self)


def examine() -> list[Finding]:
    """Look at everything; takes a few seconds."""
    checks: Sequence[Callable[[], Finding]] = (
        _python,
        _cores,
        _memory,
        _shared_memory,
        _engine,
        _gl_libraries,
        _egl_devices,
        *(_display_check(name) for name in ("egl", "osmesa", "xvfb")),
        _screen,
        _ffmpeg,
        _gpu,
        _package("torch", "training", "uv sync --extra train"),
        _package("rlbench", "RLBench's own tasks", "rlbench-puffer setup rlbench"),
        _package("pyrep", "RLBench's own tasks", "rlbench-puffer setup rlbench"),
    )
    return [check() for check in checks]


def can_run(findings: Sequence[Finding]) -> bool:
    """Whether nothing stands in the way of the default engine."""
    return all(finding.state != "broken" for finding in findings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding(
        name="Python",
        state="ok" if fits else "broken",
        found=version,
        mend="" if fits else "uv python install 3.12",
    )


def _cores() -> Finding:
    usable, all_cores = len(os.sched_getaffinity(0)), os.cpu_count()
    return Finding(name="cores", state="ok", found=f"{usable} usable of {all_cores}")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    gib = 2**30
    return Finding(
        name="memory",
        state="ok",
        found=f"{memory.available / gib:.1f} of {memory.total / gib:.1f} GiB free",
    )


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding(
            name="/dev/shm",
            state="missing",
            found="not there or not writable; only the backend gym needs it",
            mend="mount -t tmpfs shm /dev/shm",
        )
    free = shutil.disk_usage(folder).free / 2**20
    return Finding(name="/dev/shm", state="ok", found=f"{free:,.0f} MiB free")


def _engine() -> Finding:
    worked, said = _try(_TRY_ENGINE)
    return Finding(
        name="engine builtin",
        state="ok" if worked else "broken",
        found=said,
        mend="" if worked else "uv sync --reinstall-package mujoco",
    )


def _gl_libraries() -> Finding:
    names = ("EGL", "GL", "OpenGL", "OSMesa", "glfw")
    there = [name for name in names if ctypes.util.find_library(name)]
    lacking = [name for name in ("EGL", "GL") if name not in there]
    return Finding(
        name="GL libraries",
        state="missing" if lacking else "ok",
        found=", ".join(there) or "none",
        mend="apt-get install libegl1 libgl1 libgl1-mesa-dri" if lacking else "",
    )


def _egl_devices() -> Finding:
    devices = egl.egl_devices()
    told = [
        f"{device.description}: {egl.renderer_of(device) or 'makes no context'}"
        for device in devices
    ]
    return Finding(
        name="EGL devices",
        state="ok" if devices else "missing",
        found="; ".join(told) or "none",
        mend="" if devices else drawing.EGL_INSTALL,
    )


def _display_check(name: DisplayName) -> Callable[[], Finding]:
    mend = {
        "egl": drawing.EGL_INSTALL,
        "osmesa": drawing.OSMESA_INSTALL,
        "xvfb": f"{xvfb.INSTALL} libgl1 libgl1-mesa-dri",
    }[name]

    def check() -> Finding:
        worked, said = _try(_TRY_DRAWING, name)
        return Finding(
            name=f"display {name}",
            state="ok" if worked else "missing",
            found=said,
            mend="" if worked else mend,
        )

    return check


def _screen() -> Finding:
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    found = screen or "none: `view` and display external are not to be had"
    return Finding(name="screen", state="ok" if screen else "missing", found=found)


def _ffmpeg() -> Finding:
    # Asked for in another process: finding it may search the whole PATH.
    worked, said = _try("import imageio_ffmpeg as f; print(f.get_ffmpeg_version())")
    return Finding(
        name="ffmpeg",
        state="ok" if worked else "missing",
        found=said,
        mend="" if worked else "uv sync --reinstall-package imageio-ffmpeg",
    )


def _gpu() -> Finding:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding(name="GPU", state="missing", found="no NVIDIA driver")
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(
            query, capture_output=True, text=True, check=True, timeout=_TRY_TIMEOUT_S
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name="GPU", state="missing", found=f"nvidia-smi fails: {error}")
    return Finding(name="GPU", state="ok", found="; ".join(told.strip().splitlines()))


def _package(name: str, purpose: str, mend: str) -> Callable[[], Finding]:
    def check() -> Finding:
        if importlib.util.find_spec(name) is None:
            # Where `setup rlbench` keeps what is not installed.
            if (sources_folder() / name / "__init__.py").exists():
                found = f"in {sources_folder()}, for engine mujoco"
                return Finding(name=name, state="ok", found=found)
            return Finding(
                name=name,
                state="missing",
                found=f"not installed; for {purpose}",
                mend=mend,
            )
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = "unknown version"
        return Finding(name=name, state="ok", found=version)

    return check


def _try(script: str, *arguments: str) -> tuple[bool, str]:
    """Run a script in a process of its own; whether it worked, and its last line."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRY_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False, f"did not answer within {_TRY_TIMEOUT_S:g} s"
    if done.returncode == 0:
        return True, done.stdout.strip().splitlines()[-1]
    if done.returncode < 0:
        return False, f"ended by signal {-done.returncode}"
    lines = [line for line in done.stderr.splitlines() if "Error: " in line]
    return False, (lines or done.stderr.strip().splitlines() or ["no answer"])[-1]
