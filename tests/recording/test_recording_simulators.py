"""Videos of RLBench's own tasks: a stand-in's, and real ones on MuJoCo."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from rlbench_models import needs_rlbench
from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.recording.record import RecordRequest
from simulators import standin_machine, write_facts

pytestmark = [pytest.mark.display, pytest.mark.timeout(300)]


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "machine").mkdir()
    with standin_machine(tmp_path / "machine", monkeypatch):
        write_facts("reach_target")
        yield tmp_path / "videos"


def record(engine: str, folder: Path, *options: str) -> list[str]:
    command = ["record", "--engine", engine, "--task", "reach_target"]
    command += ["--size", "48", "64", "--output-dir", str(folder), *options]
    assert main(command) == 0
    return sorted(path.name for path in folder.iterdir())


def frames(path: Path) -> int:
    return imageio_ffmpeg.count_frames_and_secs(path)[0] or 0


def test_rlbenchs_expert_is_filmed_where_it_succeeds(standin: Path) -> None:
    names = record(
        "coppeliasim", standin, "--policy", "expert", "--episodes", "2",
        "--video-stride", "3",
    )  # fmt: skip
    assert names == [f"reach_target_episode00{i}_env00_front.mp4" for i in range(2)]
    # Observations 0, 3 and the last; an episode has five to seven steps.
    assert all(3 <= frames(standin / name) <= 4 for name in names)


def test_states_of_a_simulator_are_kept_and_drawn_again(standin: Path) -> None:
    options = ["--episode-length", "3", "--save-states"]
    names = record("coppeliasim", standin, *options)
    assert names == [
        "reach_target_episode000_env00_front.mp4",
        "reach_target_episode000_env00_states.npz",
    ]
    again = standin.parent / "again"
    (name,) = record("coppeliasim", again, "--states", str(standin / names[1]))
    assert frames(again / name) == frames(standin / names[0]) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_envs": 2}, "a process can hold one simulator"),
        ({"policy": "expert", "save_states": True}, "does not act by them"),
    ],
)
def test_what_a_simulator_cannot_do_is_refused(
    options: dict[str, object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidOptionError, match=says):
        RecordRequest(
            task="reach_target",
            engine="mujoco",
            output_dir=tmp_path,
            **options,  # pyright: ignore[reportArgumentType]
        )


@needs_rlbench
@pytest.mark.slow
def test_real_demos_are_filmed(tmp_path: Path) -> None:
    # In a process of its own: this one must not hold a simulator.
    command = ["record", "--engine", "mujoco", "--task", "reach_target"]
    command += ["--size", "48", "64", "--output-dir", str(tmp_path)]
    command += ["--policy", "expert", "--cameras", "wrist"]
    done = subprocess.run(
        [sys.executable, "-m", "rlbench_puffer", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (film,) = tmp_path.iterdir()
    assert film.name == "reach_target_episode000_env00_wrist.mp4"
    assert frames(film) > 10
