"""RLBench's own demos as datasets: a stand-in's, and real ones on MuJoCo."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pytest

import rlbench_puffer as rp
from collecting import collect_here, request_for
from rlbench_models import needs_rlbench
from rlbench_puffer.cli.main import main
from rlbench_puffer.demos import live_attempts
from rlbench_puffer.demos.collect import collect
from rlbench_puffer.demos.loading import Demos
from rlbench_puffer.demos.worker import STOP, Collector
from rlbench_puffer.errors import InvalidOptionError
from simulators import standin_machine, write_facts

FAULTY = "standin_faults:Faulty"


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "machine").mkdir()
    with standin_machine(tmp_path / "machine", monkeypatch):
        write_facts("reach_target", "open_drawer", FAULTY)
        yield tmp_path / "demos"


def live(folder: Path, **options: Any) -> Any:
    return request_for(folder, **{"engine": "coppeliasim", "seed": 3, **options})


def test_an_experts_episode_is_kept_as_the_environment_would_have_told_it(
    standin: Path,
) -> None:
    told = collect_here(live(standin), [0, 1])
    assert [message[:3] for message in told] == [("demo", 0, 1), ("demo", 1, 1)]
    (data,) = standin.glob("shard-*/data")
    dataset = minari.MinariDataset(data)
    env = dataset.recover_environment()
    assert isinstance(env.unwrapped, rp.RLBenchEnv)
    assert env.unwrapped.config == live(standin).config
    for demo in Demos(standin):
        assert demo.variation == demo.index
        assert demo.versions["rlbench"] == "1.2.0"
        # It first succeeded with the last step but one, or the gripper's.
        assert demo.successes.tolist() == [False] * len(demo) + [True]
        assert demo.rewards.tolist() == demo.successes[1:].tolist()
        assert demo.terminations.tolist() == demo.successes[1:].tolist()
        observation, info = env.reset(options={"demo": demo})
        assert info["descriptions"] == demo.descriptions
        seen = [observation]
        for action in demo.actions:
            observation, reward, terminated, truncated, info = env.step(action)
            seen.append(observation)
        assert reward == 1.0
        assert terminated
        assert not truncated
        for name, value in demo.observations.items():
            again = np.stack([each[name] for each in seen])
            np.testing.assert_allclose(again, value, atol=1e-6)
        # It is episode 0 of its seed as well.
        again, _ = env.reset(seed=demo.seed, options={"variation": demo.variation})
        goal = demo.observations["task_low_dim_state"][0]
        assert (again["task_low_dim_state"] == goal).all()
    env.close()


@pytest.mark.display
def test_demos_hold_pictures_and_shaped_rewards_where_asked_for(standin: Path) -> None:
    request = live(
        standin, cameras=("front",), camera_size=(4, 6), depth=True, reward="shaped"
    )
    collect_here(request, [0])
    (demo,) = Demos(standin)
    assert demo.observations["front_rgb"].shape == (len(demo) + 1, 4, 6, 3)
    assert demo.observations["front_depth"].shape == (len(demo) + 1, 4, 6)
    # Its distance, which shrinks.
    assert (np.diff(demo.rewards) > 0).all()
    assert -0.05 < demo.rewards[-1] <= 0


@pytest.mark.parametrize(
    "fault", ["step:refused:3", "reset:unplaceable:1", "step:wait:2"]
)
def test_a_demo_that_fails_is_tried_with_the_next_seed_and_never_hangs(
    fault: str, standin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAULT", f"{fault}:{tmp_path / 'flag'}")
    monkeypatch.setattr(live_attempts, "DEMO_SECONDS", 0.5)
    start = time.monotonic()
    told = collect_here(live(standin, task=FAULTY), [0])
    assert time.monotonic() - start < 20.0
    assert [message[:3] for message in told] == [("demo", 0, 2)]
    (demo,) = Demos(standin)
    assert demo.episode_index == 1


def test_a_demo_that_always_fails_is_given_up(standin: Path) -> None:
    class Hopeless(live_attempts.LiveAttempts):
        def run(self, attempts: Any, interrupted: Any) -> Any:
            return [None] * len(attempts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlbench_puffer.demos.worker.LiveAttempts", Hopeless)
        assert collect_here(live(standin), [1]) == [("given up", 1)]
    assert not list(standin.glob("shard-*"))


def test_a_worker_that_is_told_to_stop_keeps_what_it_has(standin: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    standin.mkdir()
    collector = Collector(theirs, live(standin))
    ours.send(STOP)
    collector.collect([0, 1])
    assert not list(standin.iterdir())
    assert not ours.poll()
    for conn in (ours, theirs):
        conn.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"arm_action_mode": "joint_velocity"}, "sends target positions"),
        ({"gripper_action_mode": "joint_position"}, "opens and closes"),
        ({"on_invalid": "raise"}, "nothing that RLBench's expert sends"),
        ({"randomize": rp.Randomization(mass=0.1)}, "RLBench changes textures only"),
    ],
)
def test_options_that_make_no_sense_of_rlbenchs_demos_are_refused(
    options: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidOptionError, match=says):
        live(tmp_path, **options)


def test_a_shaped_reward_that_there_is_not_is_refused(standin: Path) -> None:
    with pytest.raises(InvalidOptionError, match="no shaped reward"):
        collect(live(standin, task="open_drawer", reward="shaped"))
    assert not standin.exists()


@pytest.mark.slow
def test_workers_share_the_work(standin: Path) -> None:
    progress = collect(live(standin, episodes=5, num_workers=2))
    assert progress.kept == 5
    assert [demo.index for demo in Demos(standin)] == list(range(5))
    assert len(list(standin.glob("shard-*"))) == 2
    assert collect(live(standin, episodes=6)).kept == 6


@needs_rlbench
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_real_demos_repeat_themselves_within_rounding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["demos", "--engine", "mujoco", "--task", "reach_target"]
    command += ["--episodes", "4", "--num-workers", "2", "--out", str(tmp_path)]
    assert main([*command, "--reward", "shaped"]) == 0
    assert "4 of 4 demos" in capsys.readouterr().out
    # In a process of its own: this one must not hold a simulator.
    done = subprocess.run(
        [sys.executable, "-c", _REPEAT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


_REPEAT = """
import sys
from pathlib import Path
import minari
import numpy as np
from rlbench_puffer.demos.loading import Demos

folder = Path(sys.argv[1])
dataset = minari.MinariDataset(folder / "demos-v0" / "data")
env = dataset.recover_environment()
reached = 0
for demo in Demos(folder):
    assert (np.diff(demo.rewards)[-5:] > 0).all()
    observation, info = env.reset(options={"demo": demo})
    goal = demo.observations["task_low_dim_state"][0]
    np.testing.assert_allclose(observation["task_low_dim_state"], goal, atol=1e-5)
    for step, action in enumerate(demo.actions):
        observation, _, terminated, _, info = env.step(action)
        joints = demo.observations["joint_positions"][step + 1]
        np.testing.assert_allclose(observation["joint_positions"], joints, atol=0.02)
        if terminated:
            break
    reached += info["success"]
env.close()
assert reached >= 3
"""
