"""Debug runs: every episode told, videos of the right length, none when unwanted."""

from pathlib import Path

import imageio_ffmpeg
import pytest

from rlbench_puffer.cli.main import main

COMMAND = ["debug", "--task-class", "PushButton", "--max-steps", "6"]


def frames(path: Path) -> int:
    count = imageio_ffmpeg.count_frames_and_secs(str(path))[0]
    assert count is not None
    return count


@pytest.mark.parametrize("chunk", [1, 3])
def test_fast_tells_every_episode_and_draws_nothing(
    chunk: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["--num-envs", "3", "--episodes", "2", "--action-chunk", str(chunk)]
    assert main([*COMMAND, *asked, "--fast"]) == 0
    *told, last = capsys.readouterr().out.splitlines()
    assert sorted(line[:16] for line in told) == [
        f"env {env}, episode {episode}" for env in range(3) for episode in range(2)
    ]
    assert all("6 steps, return" in line for line in told)
    assert last == "Success: 0 of 6 episodes, with random actions."
    assert list(tmp_path.iterdir()) == []


def test_planned_actions_take_as_many_steps_as_they_need(
    capsys: pytest.CaptureFixture[str],
) -> None:
    planning = ["--num-envs", "2", "--arm-mode", "planning", "--no-rgb"]
    assert main([*COMMAND, *planning]) == 0
    *told, last = capsys.readouterr().out.splitlines()
    assert len(told) == 2
    assert all(", return" in line for line in told)
    assert last == "Success: 0 of 2 episodes, with random actions."


@pytest.mark.display
def test_videos_are_of_the_first_sub_env_and_of_every_second_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMAND, "--episodes", "2", "--output-dir", str(tmp_path)]) == 0
    videos = sorted(tmp_path.iterdir())
    assert [path.name for path in videos] == [
        "push_button_episode000_env00_front.mp4",
        "push_button_episode001_env00_front.mp4",
    ]
    # The start, then steps 2, 4 and 6.
    assert [frames(path) for path in videos] == [4, 4]
    out = capsys.readouterr().out
    assert all(str(path) in out for path in videos)


@pytest.mark.display
def test_video_all_films_every_sub_env_and_no_video_none(tmp_path: Path) -> None:
    few = ["--num-envs", "2", "--output-dir", str(tmp_path / "videos")]
    assert main([*COMMAND, *few, "--no-video"]) == 0
    assert not (tmp_path / "videos").exists()
    stride = ["--video-all", "--video-stride", "1", "--fps", "5"]
    assert main([*COMMAND, *few, *stride]) == 0
    assert [frames(path) for path in (tmp_path / "videos").iterdir()] == [7, 7]
