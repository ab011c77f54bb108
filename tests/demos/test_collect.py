"""A set of demos is the same whoever collects it, and whole whatever happens."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import minari
import numpy as np
import psutil
import pytest

import rlbench_puffer
from collecting import COUNT, collect_here, request_for
from rlbench_puffer.cli.main import main
from rlbench_puffer.demos.collect import Progress, collect
from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.demos.loading import Demos
from rlbench_puffer.demos.make import load_demos
from rlbench_puffer.demos.request import parse_randomize
from rlbench_puffer.demos.worker import SHARD_DEMOS
from rlbench_puffer.errors import (
    ConfigError,
    InvalidOptionError,
    MissingDependencyError,
    RecordingError,
    WorkerDiedError,
)
from rlbench_puffer.tasks import registry
from rlbench_puffer.tasks.reach_target import ReachTarget
from rlbench_puffer.tasks.waypoints import Waypoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that two workers collected."""
    path = tmp_path_factory.mktemp("demos")
    progress = collect(request_for(path, num_workers=2))
    assert progress.kept == COUNT
    return path


def bytes_of(demo: Demo) -> dict[str, bytes]:
    state = demo.start_state["engine"]
    return {
        "actions": demo.actions.tobytes(),
        "rewards": demo.rewards.tobytes(),
        **{
            f"seen.{name}": value.tobytes() for name, value in demo.observations.items()
        },
        **{
            f"start.{name}": np.asarray(value).tobytes()
            for name, value in state.items()
        },
    }


def test_any_number_of_workers_collects_the_same_demos(
    folder: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    collect_here(request_for(alone), [3, 1])
    found = {demo.index: demo for demo in Demos(alone)}
    assert sorted(found) == [1, 3]
    for index, demo in found.items():
        assert bytes_of(demo) == bytes_of(Demos(folder)[index])


def test_a_folder_may_be_named_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    collect_here(request_for(Path("demos")), [0])
    assert [demo.index for demo in load_demos("demos")] == [0]


def test_minaris_own_loader_reads_the_set_and_each_shard(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(folder))
    assert len(minari.list_local_datasets()) == 3
    dataset = minari.load_dataset("demos-v0")
    demos = load_demos(folder)
    assert len(dataset) == len(demos) == COUNT
    assert dataset.total_steps == sum(map(len, demos))
    for episode, demo in zip(dataset, demos, strict=True):
        np.testing.assert_array_equal(episode.actions, demo.actions)
        np.testing.assert_array_equal(episode.rewards, demo.rewards)
        np.testing.assert_array_equal(episode.infos["success"], demo.successes)
        assert isinstance(episode.observations, dict)
        for name, value in demo.observations.items():
            np.testing.assert_array_equal(episode.observations[name], value)
    facts = list(dataset.storage.get_episode_metadata(range(COUNT)))
    assert [fact["seed"] for fact in facts] == list(range(COUNT))
    assert [fact["variation"] for fact in facts] == list(range(COUNT))
    assert all(fact["success"] for fact in facts)
    assert json.loads(facts[0]["versions"])["mujoco"]
    sizes = [len(minari.load_dataset(f"shard-00000{i}-v0")) for i in range(2)]
    assert sum(sizes) == COUNT


def test_a_demos_actions_give_its_observations_again_bit_for_bit(folder: Path) -> None:
    """In the environment that Minari recovers from the file."""
    dataset = minari.MinariDataset(folder / "demos-v0" / "data")
    env = dataset.recover_environment()
    for demo in Demos(folder)[:2]:
        observation, info = env.reset(options={"demo": demo})
        assert info["descriptions"] == demo.descriptions
        assert info["variation"] == demo.variation
        seen = [observation]
        for step, action in enumerate(demo.actions):
            observation, reward, terminated, truncated, info = env.step(action)
            seen.append(observation)
            assert reward == demo.rewards[step]
            assert terminated == demo.terminations[step]
            assert truncated == demo.truncations[step]
        assert info["success"]
        assert demo.success
        for name, value in demo.observations.items():
            assert np.stack([each[name] for each in seen]).tobytes() == value.tobytes()
    env.close()


def test_a_demos_seed_begins_the_same_episode(folder: Path) -> None:
    demo = Demos(folder)[4]
    env = rlbench_puffer.make("reach_target")
    assert demo.episode_index == 0
    options = {"variation": demo.variation}
    observation, _ = env.reset(seed=demo.seed, options=options)
    for name, value in demo.observations.items():
        assert observation[name].tobytes() == value[0].tobytes()
    env.close()


def test_a_set_goes_on_where_it_was_interrupted(folder: Path, tmp_path: Path) -> None:
    request = request_for(tmp_path)
    collect_here(request, [2, 0])
    leftover = tmp_path / ".part-1"
    leftover.mkdir()
    steps: list[int] = []
    progress = collect(request, lambda told: steps.append(told.kept))
    assert steps[0] == 2
    assert progress.kept == COUNT
    assert not leftover.exists()
    demos = Demos(tmp_path)
    assert [demo.index for demo in demos] == list(range(COUNT))
    assert [bytes_of(demo) for demo in demos] == [bytes_of(d) for d in Demos(folder)]
    whole = minari.MinariDataset(tmp_path / "demos-v0" / "data")
    np.testing.assert_array_equal(whole[1].actions, demos[1].actions)
    # Nothing is missing now, so no worker starts.
    assert collect(request).steps == 0


def test_a_folder_takes_one_kind_of_demos(folder: Path) -> None:
    with pytest.raises(InvalidOptionError, match="Collect into another folder"):
        collect(request_for(folder, arm_action_mode="joint_position"))
    with pytest.raises(InvalidOptionError, match=r"randomize.*another folder"):
        collect(request_for(folder, randomize=parse_randomize(["lights=0.1"])))
    with pytest.raises(InvalidOptionError, match="indices below 20"):
        collect(request_for(folder, variations=(20,)))
    with pytest.raises(InvalidOptionError, match="episodes"):
        request_for(folder, episodes=0)


def test_two_processes_do_not_collect_into_one_folder(folder: Path) -> None:
    holder = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1])\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", holder, str(folder / ".lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RecordingError, match="Another process collects"):
            collect(request_for(folder))
        other.communicate("")


def test_failed_attempts_are_tried_again_and_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So short an episode that only near targets can be reached."""
    monkeypatch.setattr(ReachTarget, "episode_length", 40)
    messages = collect_here(request_for(tmp_path), list(range(6)))
    written = {index: attempts for kind, index, attempts, *_ in messages}
    demos = {demo.index: demo for demo in Demos(tmp_path)}
    assert {i: demo.episode_index + 1 for i, demo in demos.items()} == written
    assert max(written.values()) > 1
    assert all(demo.success and len(demo) <= 40 for demo in demos.values())
    told: list[Progress] = []
    progress = collect(request_for(tmp_path, episodes=6), told.append)
    assert progress.failures == sum(written.values()) - 6


def test_a_demo_that_no_attempt_gives_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ReachTarget, "episode_length", 3)
    assert collect_here(request_for(tmp_path), [7]) == [("given up", 7)]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_worker_is_named_and_the_others_demos_stay(tmp_path: Path) -> None:
    request = request_for(tmp_path, episodes=5000, num_workers=2)
    victims: list[psutil.Process] = []

    def kill_one(progress: Progress) -> None:
        # By then one of the two is beyond its first shard, whichever dies.
        if progress.kept > 2 * SHARD_DEMOS and not victims:
            victims.append(psutil.Process().children()[0])
            victims[0].kill()

    with pytest.raises(WorkerDiedError, match=r"Worker \d was killed by SIGKILL"):
        collect(request, kill_one)
    demos = Demos(tmp_path)
    assert 0 < len(demos) < 5000
    assert len(minari.MinariDataset(tmp_path / "demos-v0" / "data")) == len(demos)
    assert not list(tmp_path.glob(".part-*"))


def test_a_disk_that_refuses_a_worker_is_told_without_a_traceback(
    tmp_path: Path,
) -> None:
    def remove_the_folder(progress: Progress) -> None:
        shutil.rmtree(tmp_path / "demos", ignore_errors=True)

    with pytest.raises(RecordingError, match=r"\.part-\d+.* cannot be written"):
        collect(
            request_for(tmp_path / "demos", episodes=5000, num_workers=1),
            remove_the_folder,
        )


def test_ctrl_c_leaves_whole_shards_and_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rlbench_puffer", "demos", "--episodes", "5000"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(_sizes(tmp_path)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    children = psutil.Process(process.pid).children()
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    told, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert complained == ""
    assert not any(child.is_running() for child in children)
    kept = len(Demos(tmp_path))
    assert f"{kept} of 5000 demos" in told
    assert not list(tmp_path.glob(".part-*"))


def _sizes(folder: Path) -> Iterator[bool]:
    """Whether each unfinished shard holds a demo already."""
    for file in folder.glob(".part-*/data/main_data.hdf5"):
        yield file.stat().st_size > 10_000


class ReachAgain(ReachTarget):
    """A task of one's own."""

    name = "reach_again"


def test_workers_know_a_registered_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_OWN", {})
    registry.register_task(ReachAgain)
    assert collect(request_for(tmp_path, task="reach_again", episodes=1)).kept == 1
    assert Demos(tmp_path)[0].task == "reach_again"


class ReachWithoutExpert(ReachTarget):
    """A task that lays out no waypoints."""

    name = "reach_without_expert"

    def waypoints(self, env_id: int) -> tuple[Waypoint, ...]:
        return ()


def test_a_task_without_an_expert_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_OWN", {})
    registry.register_task(ReachWithoutExpert)
    with pytest.raises(ConfigError, match=r"^The task reach_without_expert has no"):
        collect(request_for(tmp_path, task="reach_without_expert", num_workers=1))


def test_the_command_tells_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demos", "--task", "push_button", "--episodes", "2", "--num-workers"]
    options = ["--variations", "4", "--out", str(tmp_path)]
    assert main([*arguments, "1", *options]) == 0
    told = capsys.readouterr()
    assert "2 of 2 demos" in told.out
    assert "0 of 2 attempts failed" in told.out
    assert told.err == ""
    assert [demo.variation for demo in Demos(tmp_path)] == [4, 4]
    assert main([*arguments, "1", "--variations", "some"]) == 2
    assert main([*arguments, "1", *options, "--reward", "shaped"]) == 2
    assert "as in the demos that" in capsys.readouterr().err


def test_without_minari_the_command_that_brings_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "rlbench_puffer.demos.minari_files")
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(MissingDependencyError, match="uv sync --extra datasets"):
        load_demos(tmp_path)


def test_an_empty_folder_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no demos"):
        load_demos(tmp_path)
