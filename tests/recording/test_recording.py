"""Videos hold every frame; a failing disk is told and spares what is finished."""

import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from gymnasium.wrappers import RecordVideo

from rlbench_puffer.cli.main import main
from rlbench_puffer.envs.make import make
from rlbench_puffer.errors import (
    CallOrderError,
    InvalidOptionError,
    RecordingError,
    UnknownNameError,
)
from rlbench_puffer.recording.record import RecordRequest, record, render_states
from rlbench_puffer.recording.states import load_states
from rlbench_puffer.recording.video import QUEUE_FRAMES, VideoWriter


def _frames(path: Path) -> np.ndarray:
    """Every frame of a video, (count, height, width, 3) uint8."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [
        program,
        "-loglevel",
        "error",
        "-i",
        str(path),
        "-fps_mode",
        "passthrough",
    ]
    command += ["-f", "image2pipe", "-vcodec", "ppm", "-"]
    stream = subprocess.run(command, capture_output=True, check=True).stdout
    # Each picture begins with "P6", its width and height, and 255, in lines.
    width, height = map(int, stream.split(b"\n", 2)[1].split())
    header = len(f"P6\n{width} {height}\n255\n")
    pictures = np.frombuffer(stream, np.uint8).reshape(-1, header + 3 * width * height)
    return pictures[:, header:].reshape(-1, height, width, 3)


def _request(folder: Path, **options: object) -> RecordRequest:
    known = {
        "task": "open_drawer",
        "size": (48, 64),
        "episode_length": 8,
        "quality": "fast",
        "output_dir": folder,
    }
    return RecordRequest(**(known | options))  # pyright: ignore[reportArgumentType]


def test_every_frame_that_was_added_is_in_the_file(tmp_path: Path) -> None:
    """More frames than the queue holds; each has a brightness of its own."""
    path = tmp_path / "count.mp4"
    writer = VideoWriter(path, (32, 48), 20)
    count = 3 * QUEUE_FRAMES
    frame = np.zeros((32, 48, 3), np.uint8)
    for i in range(count):
        frame[:] = i % 200 + 20
        writer.add(frame)
    assert not path.exists()
    writer.close()
    frames = _frames(path)
    assert len(frames) == count == writer.frames
    means = frames.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, np.arange(count) % 200 + 20, atol=4)
    assert list(tmp_path.iterdir()) == [path]


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (32, 48), 20)
    with pytest.raises(InvalidOptionError, match=r"\(32, 48, 3\)"):
        writer.add(np.zeros((48, 32, 3), np.uint8))
    writer.abandon()
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_ends_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (64, 64), 20)
    writer._process.kill()
    writer._process.wait()
    frame = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(RecordingError, match=r"a\.mp4 could not be written"):  # noqa: PT012
        for _ in range(10 * QUEUE_FRAMES):
            writer.add(frame)
        writer.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.display
def test_a_full_disk_is_told_and_the_finished_files_are_intact(tmp_path: Path) -> None:
    """A file system of its own, too small for the second episode."""
    folder = tmp_path / "small"
    folder.mkdir()
    script = (
        f"mount -t tmpfs -o size=24k none {folder} && {sys.executable} -m "
        f"rlbench_puffer record --size 128 128 --episode-length 40 --episodes 4 "
        f"--quality fast --output-dir {folder}; echo code $?; cp {folder}/* {tmp_path}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    assert "code 2" in done.stdout, done.stderr
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    finished = sorted(tmp_path.glob("*.mp4"))
    assert finished
    assert not list(tmp_path.glob("*.part"))
    assert all(len(_frames(path)) == 41 for path in finished)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="cannot be made"):
        record(_request(tmp_path / "file" / "videos"))


@pytest.mark.display
def test_an_episode_becomes_one_video_for_each_camera(tmp_path: Path) -> None:
    written = record(_request(tmp_path, cameras=("front", "wrist"), episodes=2))
    assert sorted(written) == sorted(tmp_path.iterdir())
    assert sorted(path.name for path in written) == [
        f"open_drawer_episode{episode:03d}_env00_{camera}.mp4"
        for episode in range(2)
        for camera in ("front", "wrist")
    ]
    for path in written:
        frames = _frames(path)
        assert frames.shape == (9, 48, 64, 3)  # The start, and 8 steps.
        assert frames[0].std() > 5
        assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.2


@pytest.mark.display
def test_the_expert_is_recorded_until_it_succeeds(tmp_path: Path) -> None:
    (video,) = record(
        _request(tmp_path, task="reach_target", policy="expert", episode_length=90)
    )
    frames = _frames(video)
    # The arm needs some steps, and the episode ends before its limit.
    assert 20 < len(frames) < 91
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1
    with pytest.raises(UnknownNameError, match="Did you mean 'expert'"):
        _request(tmp_path, policy="expret")


@pytest.mark.display
def test_a_stride_leaves_frames_out_and_all_sub_envs_can_be_recorded(
    tmp_path: Path,
) -> None:
    request = _request(
        tmp_path, num_envs=3, video_all=True, video_stride=3, task="reach_target"
    )
    written = record(request)
    assert len(written) == 3
    # The start, steps 3 and 6, and the end.
    assert [len(_frames(path)) for path in written] == [4, 4, 4]


@pytest.mark.display
def test_saved_states_are_drawn_again_with_another_camera_and_size(
    tmp_path: Path,
) -> None:
    video, states = record(_request(tmp_path, save_states=True))
    assert len(load_states(states)[1]) == 9
    again = tmp_path / "again"
    (same,) = render_states(states, _request(again))
    np.testing.assert_array_equal(_frames(same), _frames(video))
    (other,) = render_states(
        states, _request(again, cameras=("overhead",), size=(80, 60), quality="fine")
    )
    assert _frames(other).shape == (9, 80, 60, 3)
    with pytest.raises(RecordingError, match="--task open_drawer"):
        render_states(states, _request(again, task="reach_target"))


def test_a_file_that_holds_no_states_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(RecordingError, match="is no file of states"):
        load_states(path)
    path.write_bytes(b"nothing")
    with pytest.raises(RecordingError, match="is no file of states"):
        load_states(path)
    with pytest.raises(RecordingError, match="is no file of states"):
        load_states(tmp_path / "missing.npz")


@pytest.mark.display
def test_render_gives_a_picture_and_gymnasium_records_it(tmp_path: Path) -> None:
    env = make("reach_target", render_mode="rgb_array", episode_length=4)
    with pytest.raises(CallOrderError, match="reset"):
        env.render()
    recorded = RecordVideo(env, str(tmp_path / "videos"), disable_logger=True)
    recorded.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert picture.shape == (480, 480, 3)
    assert picture.std() > 10
    for _ in range(4):
        recorded.step(env.action_space.sample())
    recorded.close()
    (video,) = tmp_path.glob("videos/*.mp4")
    frames = _frames(video)
    assert frames.shape == (5, 480, 480, 3)
    assert np.abs(frames[0].astype(float) - picture).mean() < 10
    assert make("reach_target").render() is None


@pytest.mark.display
def test_the_gallery_is_a_png_with_a_row_for_each_task(tmp_path: Path) -> None:
    import matplotlib.image

    out = tmp_path / "deep" / "sheet.png"
    arguments = ["gallery", "--tasks", "push_button", "reach_target", "--cameras"]
    arguments += ["front", "wrist", "--size", "40", "60", "--quality", "fast"]
    assert main([*arguments, "--out", str(out)]) == 0
    picture = matplotlib.image.imread(out)
    assert picture.shape == (2 * (40 + 2 * 20 + 12), 2 * 66 + 6, 3)
    # Labels are black on white, pictures are neither.
    assert np.mean(picture == 1.0) > 0.2
    assert np.any(picture == 0.0)


def test_the_viewer_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["view"]) == 2
    assert "needs a screen" in capsys.readouterr().err


@pytest.mark.display
@pytest.mark.slow
def test_the_viewer_shows_a_task_on_an_x_server() -> None:
    from rlbench_puffer.display.xvfb import Xvfb

    with Xvfb() as server:
        done = subprocess.run(
            [sys.executable, "-m", "rlbench_puffer", "view", "--seconds", "2"],
            env=os.environ | {"DISPLAY": server.display},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
    assert done.returncode == 0, done.stderr
