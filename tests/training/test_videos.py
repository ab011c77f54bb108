"""Videos of evaluations: of the right length, none when unwanted, no number changed."""

from pathlib import Path

import imageio_ffmpeg
import pytest

from training.states import numbers

pytest.importorskip("torch", reason="torch is not installed: uv sync --extra train")

from rlbench_puffer.cli.main import main

pytestmark = pytest.mark.display

COMMAND = [
    "train", "--num-envs", "2", "--num-workers", "1", "--num-steps", "8",
    "--max-steps", "5", "--train-hidden", "8", "--train-updates", "2",
    "--epochs", "1", "--eval-episodes", "2", "--eval-interval", "1",
    "--camera-size", "36", "40",
]  # fmt: skip


def run(folder: Path, *options: str) -> dict[str, tuple[int, float]]:
    """Train; the frames and the seconds of each video."""
    assert main([*COMMAND, "--output-dir", str(folder), *options]) == 0
    told = {}
    for path in sorted((folder / "videos").glob("*")):
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
        assert frames is not None
        assert seconds is not None
        told[path.name] = (frames, seconds)
    return told


def test_the_first_episode_is_filmed_through_the_policys_cameras(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path, "--cameras", "front", "--profile-timing")
    assert list(told) == [
        "update00001_env00_front.mp4",
        "update00002_env00_front.mp4",
    ]
    # Observations 0, 2 and 4 of an episode of five steps, and its last; ten a second.
    assert {frames for frames, _ in told.values()} == {4}
    assert told["update00001_env00_front.mp4"][1] == pytest.approx(0.4)
    phases = {
        line.split()[1].rstrip(":"): float(line.split()[2])
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("phase ")
    }
    for name in ("policy", "step", "learn", "evaluate", "video", "checkpoint"):
        assert phases[name] > 0, name
    assert phases["render"] > 0


def test_a_policy_without_cameras_is_filmed_and_learns_the_same(
    tmp_path: Path,
) -> None:
    told = run(
        tmp_path / "filmed", "--video-cameras", "overhead", "--video-all",
        "--video-stride", "5", "--fps", "4",
    )  # fmt: skip
    assert list(told) == [
        f"update0000{update}_env0{env_id}_overhead.mp4"
        for update in (1, 2)
        for env_id in (0, 1)
    ]
    assert {told[name] for name in told} == {(2, 0.5)}
    assert run(tmp_path / "not") == {}
    assert numbers(tmp_path / "filmed") == numbers(tmp_path / "not")


@pytest.mark.parametrize("option", ["--no-video", "--no-rgb", "--fast"])
def test_nothing_is_filmed_where_nothing_shall_be(option: str, tmp_path: Path) -> None:
    assert run(tmp_path, option, "--cameras", "front") == {}
    assert not (tmp_path / "videos").exists()


def test_what_cannot_be_filmed_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    for options, said in (
        (["--video-cameras", "fron"], "Did you mean 'front'"),
        (["--video-stride", "0"], "video_stride=0"),
        (["--fps", "-1"], "fps=-1.0"),
    ):
        assert main([*COMMAND, "--output-dir", str(folder), *options]) == 2
        assert said in capsys.readouterr().err
    assert not folder.exists()
