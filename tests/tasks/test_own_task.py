"""A task of one's own: the README's example on every backend, and what is refused."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import rlbench_puffer as rp
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import ConfigError, UnknownNameError
from rlbench_puffer.tasks import registry
from rlbench_puffer.tasks.reach_target import ReachTarget
from structure.sources import ROOT

NAME = "reach_between_posts"
BACKENDS: dict[str, dict[str, Any]] = {
    "gym": {},
    "puffer": {"num_workers": 2},
    "shm": {"num_workers": 2},
    "native": {},
}


def _example() -> str:
    """The README's example, without what it does as a script."""
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (code,) = [block for block in blocks if "register_task" in block]
    return code


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a module that only this test can import."""
    monkeypatch.setattr(registry, "_OWN", {})
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_tasks.py").write_text(_example())
    monkeypatch.delitem(sys.modules, "my_tasks", raising=False)
    return importlib.import_module("my_tasks")


def _trajectory(name: str, backend: str, **options: Any) -> list[bytes]:
    vec = rp.make_vec(name, 2, backend=backend, episode_length=4, **options)  # pyright: ignore[reportArgumentType]
    with vec:
        observations, _ = vec.reset(seed=3)
        rows = [observations.tobytes()]
        rng = np.random.default_rng(0)
        for _ in range(7):
            action = rng.uniform(-1, 1, vec.action_space.shape).astype(np.float32)
            observations, rewards, *_ = vec.step(action)
            rows += [observations.tobytes(), rewards.tobytes()]
    return rows


def test_the_example_fits_on_a_screen() -> None:
    assert len(_example().splitlines()) <= 60


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_finds_a_registered_task(
    backend: str, module: ModuleType
) -> None:
    assert module.ReachBetweenPosts.name == NAME
    serial = _trajectory(NAME, "serial", reward="shaped")
    assert _trajectory(NAME, backend, reward="shaped", **BACKENDS[backend]) == serial


@pytest.mark.usefixtures("module")
def test_a_class_that_workers_cannot_import_travels_whole(tmp_path: Path) -> None:
    serial = _trajectory(NAME, "serial")
    (tmp_path / "my_tasks.py").unlink()
    importlib.invalidate_caches()
    assert _trajectory(NAME, "shm", num_workers=1) == serial


@pytest.mark.usefixtures("module")
def test_a_path_names_a_task_without_registration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serial = _trajectory(NAME, "serial")
    monkeypatch.setattr(registry, "_OWN", {})
    path = "my_tasks:ReachBetweenPosts"
    assert _trajectory(path, "shm", num_workers=1) == serial


@pytest.mark.usefixtures("module")
def test_the_command_line_takes_a_path(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("rlbench-puffer"))
    done = subprocess.run(
        [program, "tasks", "--tasks", "my_tasks:ReachBetweenPosts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "my_tasks:ReachBetweenPosts" in done.stdout


@pytest.mark.usefixtures("module")
def test_gymnasium_makes_a_registered_task() -> None:
    import gymnasium

    assert f"rlbench_puffer/{NAME}-v0" in rp.register_envs()
    env = gymnasium.make(f"rlbench_puffer/{NAME}-v0")
    observation, _ = env.reset(seed=0)
    assert observation["task_low_dim_state"].shape == (3,)
    env.close()
    del gymnasium.registry[f"rlbench_puffer/{NAME}-v0"]


def test_a_class_can_be_registered_again_and_changed(module: ModuleType) -> None:
    first = module.ReachBetweenPosts
    assert rp.register_task(first) is first
    second = importlib.reload(module).ReachBetweenPosts
    assert second is not first
    assert registry.find_task(NAME) is second


def test_a_taken_name_is_refused(module: ModuleType) -> None:
    class Other(module.ReachBetweenPosts):
        """Another task of the same name."""

    with pytest.raises(ConfigError, match=r"taken by my_tasks\.ReachBetweenPosts"):
        rp.register_task(Other)

    class Mine(ReachTarget):
        """A task with a built-in task's name."""

    with pytest.raises(ConfigError, match="is a built-in task's"):
        rp.register_task(Mine)


def test_everything_that_is_missing_is_told_at_once(module: ModuleType) -> None:
    class Partial(rp.Task):
        """Most of it is missing."""

        name = "Bad Name"
        variation_count = 0

    with pytest.raises(ConfigError) as caught:
        rp.register_task(Partial)
    for part in (
        "name = 'Bad Name': expected a name in snake case",
        "variation_count = 0",
        "episode_length is not stated",
        "success() is not defined",
        "low_dim_state() is not defined",
    ):
        assert part in str(caught.value)
    with pytest.raises(ConfigError, match="Give the class itself"):
        rp.register_task(module.ReachBetweenPosts())


@pytest.mark.usefixtures("module")
def test_names_that_lead_nowhere_say_so() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'reach_between_posts'"):
        registry.find_task("reach_between_post")
    with pytest.raises(ConfigError, match=r"Expected 'package\.module:Class'"):
        registry.find_task("no_such_module:Task")
    with pytest.raises(ConfigError, match="Empty module name"):
        registry.find_task(":Task")
    with pytest.raises(ConfigError, match="no attribute 'Nothing'"):
        registry.find_task("my_tasks:Nothing")
    with pytest.raises(ConfigError, match="must be a subclass"):
        registry.find_task("my_tasks:np")


MJCF = """
<mujoco>
  <compiler angle="degree" meshdir="meshes"/>
  <option timestep="0.02" gravity="0 0 -1"/>
  <size memory="20M"/>
  <asset><mesh name="wedge" file="wedge.obj"/></asset>
  <worldbody>
    <light pos="0 0 1"/>
    <body name="gate" pos="0 0 0.1">
      <joint name="hinge" axis="0 0 1" range="-90 90" limited="true"/>
      <geom type="mesh" mesh="wedge" rgba="1 0 0 1"/>
    </body>
  </worldbody>
</mujoco>
"""
WEDGE = "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


def test_a_task_may_bring_an_mjcf_file(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "wedge.obj").write_text(WEDGE)
    (tmp_path / "gate.xml").write_text(MJCF)

    class WithFile(module.ReachBetweenPosts):
        """The example with an MJCF file beside the posts."""

        name = "with_file"

        def build(self, spec: Any) -> None:
            super().build(spec)
            rp.attach_mjcf(spec, tmp_path / "gate.xml", prefix="my_")

    rp.register_task(WithFile)
    env = make_batch_env(make_config("with_file"), 1)
    env.reset(seed=0)
    scene: Any = env.engine
    model = scene.scene.model
    np.testing.assert_allclose(model.joint("my_hinge").range, [-np.pi / 2, np.pi / 2])
    assert model.opt.timestep == 0.005
    np.testing.assert_allclose(model.body("my_gate").pos, [0.25, 0.0, 0.852])


def test_an_mjcf_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    import mujoco

    with pytest.raises(ConfigError, match="There is no MJCF file"):
        rp.attach_mjcf(mujoco.MjSpec(), tmp_path / "absent.xml")
    (tmp_path / "bad.xml").write_text("<mujoco><boddy/></mujoco>")
    with pytest.raises(ConfigError, match="MuJoCo cannot read"):
        rp.attach_mjcf(mujoco.MjSpec(), tmp_path / "bad.xml")
