"""The command line on RLBench's own tasks: a stand-in, and the real on MuJoCo."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlbench_models import needs_rlbench
from rlbench_puffer.cli.main import main
from simulators import STANDIN, standin_machine, write_facts

pytestmark = [pytest.mark.timeout(300)]

SLOW = pytest.mark.slow

TRAIN = [
    "train", "--num-envs", "2", "--num-steps", "8", "--max-steps", "6",
    "--train-hidden", "8", "--epochs", "1", "--eval-interval", "1",
    "--eval-episodes", "3", "--checkpoint-interval", "1",
]  # fmt: skip


@pytest.fixture(
    params=["coppeliasim", pytest.param("mujoco", marks=needs_rlbench)],
)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "mujoco":
        yield "mujoco"
        return
    with standin_machine(tmp_path, monkeypatch):
        write_facts("reach_target", "open_drawer")
        # The cells of a sweep are commands.
        monkeypatch.setenv("PYTHONPATH", str(STANDIN))
        yield "coppeliasim"


@SLOW
@pytest.mark.parametrize("backend", ["shm", "puffer", "gym"])
def test_training_learns_evaluates_keeps_and_goes_on(
    engine: str, backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs uv sync --extra train")
    pytest.importorskip("tensorboard", reason="needs uv sync --extra train")
    from rlbench_puffer.training.checkpoint import read_settings

    folder = tmp_path / "run"
    command = [*TRAIN, "--engine", engine, "--backend", backend]
    command += ["--output-dir", str(folder)]
    assert main([*command, "--train-updates", "2"]) == 0
    assert main([*command, "--train-updates", "3", "--resume"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    # Three episodes on two simulators: two rounds.
    assert told.out.count("3 episodes: success once") == 2
    lines = (folder / "curve.jsonl").read_text().splitlines()
    assert [json.loads(line)["update"] for line in lines] == [1, 2, 3]
    assert read_settings(folder / "checkpoint.pt")["engine"] == engine


@pytest.mark.display
@SLOW
def test_training_looks_through_cameras_and_is_filmed(
    engine: str, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs uv sync --extra train")
    pytest.importorskip("tensorboard", reason="needs uv sync --extra train")
    command = [*TRAIN, "--engine", engine, "--train-updates", "1", "--video-all"]
    command += ["--cameras", "front", "--camera-size", "36", "36"]
    assert main([*command, "--output-dir", str(tmp_path / "run")]) == 0
    videos = sorted(path.name for path in (tmp_path / "run" / "videos").iterdir())
    assert videos == [f"update00001_env0{i}_front.mp4" for i in range(3)]


def test_what_cannot_be_trained_is_refused_before_a_simulator_starts(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs uv sync --extra train")
    command = [*TRAIN, "--engine", engine, "--output-dir", str(tmp_path / "run")]
    for options, says in (
        (["--backend", "serial"], "evaluations need a simulator of their own"),
        (["--backend", "native"], 'backend "native"'),
        (["--task", "open_drawer"], "no shaped reward for open_drawer"),
    ):
        assert main([*command, *options]) == 2
        assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@SLOW
def test_bench_measures_it(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "--engine", engine, "--seconds", "0.3", "--repeats", "1"]
    assert main([*command, "--num-envs", "1", "--json"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert row["engine"] == engine
    assert row["steps_per_second"] > 0


@pytest.mark.display
@SLOW
def test_debug_tells_and_films_it(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["debug", "--engine", engine, "--max-steps", "4"]
    assert main([*command, "--output-dir", str(tmp_path / "videos")]) == 0
    assert "env 1, episode 0: 4 steps" in capsys.readouterr().out
    assert len(list((tmp_path / "videos").glob("*.mp4"))) == 1


@SLOW
def test_a_sweep_leaves_out_what_the_engine_has_not(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sweep", "--engine", engine, "--num-envs", "1", "--seconds", "0.3"]
    command += ["--repeats", "1", "--out", str(tmp_path / "rows")]
    assert main([*command, "--backends", "shm", "native"]) == 0
    assert "native has no engine" in capsys.readouterr().out
    (file,) = (tmp_path / "rows").glob("*.jsonl")
    assert json.loads(file.read_text())["error"] is None
