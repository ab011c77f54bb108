"""Options of `rlbench-puffer train` that the other modes have, too."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed: uv sync --extra train"
)
pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

from rlbench_puffer.cli.main import main  # noqa: E402
from rlbench_puffer.errors import InvalidOptionError  # noqa: E402
from rlbench_puffer.training.checkpoint import load_checkpoint, read_settings  # noqa: E402
from rlbench_puffer.training.logs import read_curve  # noqa: E402
from rlbench_puffer.training.observations import Seen  # noqa: E402
from rlbench_puffer.training.policy import Policy  # noqa: E402
from rlbench_puffer.training.settings import TrainSettings  # noqa: E402
from rlbench_puffer.training.trainer import CHECKPOINT, Trainer  # noqa: E402
from training.states import Impatient  # noqa: E402

TINY = [
    "train", "--num-envs", "2", "--num-workers", "1", "--num-steps", "8",
    "--max-steps", "5", "--train-hidden", "8", "--train-updates", "1",
    "--epochs", "1", "--eval-episodes", "1",
]  # fmt: skip
PICTURES = (
    "--cameras", "front", "--camera-size", "36", "40", "--frame-stack", "2",
    "--no-video",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def run(folder: Path, *options: str) -> dict[str, Any]:
    """Train by the command line; the settings that its checkpoint holds."""
    assert main([*TINY, "--output-dir", str(folder), *options]) == 0
    return read_settings(folder / CHECKPOINT)


def test_who_stops_a_run_is_told_how_it_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*TINY, "--output-dir", str(folder), "--train-updates", "9"]
    command += ["--checkpoint-interval", "2"]
    for update, said in (
        (1, "there is no checkpoint yet, for one is kept after every 2 ("),
        (3, "--resume goes on from the checkpoint of update 2."),
    ):
        monkeypatch.setattr(sys, "stdout", Impatient(update))
        assert main(command) == 130
        told = capsys.readouterr().err
        assert told.startswith(
            f"rlbench-puffer: interrupted after {update} of 9 updates; "
        )
        assert said in told
        assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("joint", "joint_velocity"),
        ("ik", "ee_pose_ik"),
        ("planning", "ee_pose_planning"),
        ("delta_ee_pose_ik", "delta_ee_pose_ik"),
    ],
)
def test_every_arm_mode_trains(folder: Path, word: str, mode: str) -> None:
    assert run(folder, "--arm-mode", word)["arm_action_mode"] == mode
    (record,) = read_curve(folder)
    assert record["env_steps"] > 0
    assert np.isfinite(record["policy_loss"])


def test_fast_wins_over_cameras_and_arm_modes(folder: Path) -> None:
    settings = run(
        folder, "--fast", "--arm-mode", "planning", "--cameras", "front",
        "--frame-stack", "4", "--display", "external",
    )  # fmt: skip
    assert settings["cameras"] == []
    assert settings["arm_action_mode"] == "joint_velocity"


def test_no_rgb_wins_over_cameras(folder: Path) -> None:
    settings = run(folder, "--no-rgb", "--cameras", "front", "--arm-mode", "ik")
    assert settings["cameras"] == []
    assert settings["arm_action_mode"] == "ee_pose_ik"


@pytest.mark.display
def test_the_command_line_trains_from_pictures_alone(folder: Path) -> None:
    settings = run(
        folder, "--cameras", "front", "wrist", "--camera-size", "36", "36",
        "--frame-stack", "2", "--observations",
    )  # fmt: skip
    assert settings["cameras"] == ["wrist", "front"]
    assert settings["observations"] == []
    state = load_checkpoint(folder / CHECKPOINT, None)["policy"]
    assert state["encoder.layers.0.weight"].shape[1] == 2 * 2 * 3


def test_chunks_are_refused_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TINY, "--output-dir", str(folder), "--action-chunk", "4"]) == 2
    told = capsys.readouterr().err
    assert "PPO chooses each action from the observation before it" in told
    assert not folder.exists()


def test_bf16_learns_in_bfloat16_and_keeps_float32_weights(folder: Path) -> None:
    settings = TrainSettings(
        task="reach_target", num_envs=2, num_steps=8, updates=1, hidden=(8,),
        eval_episodes=1, episode_length=5, precision="bf16",
    )  # fmt: skip
    with Trainer(settings, folder, out=io.StringIO()) as trainer:
        trainer.run()
        assert {w.dtype for w in trainer.policy.parameters()} == {torch.float32}
        rounded = Policy(3, 2, (8,), 0.5, precision="bf16")
        exact = Policy(3, 2, (8,), 0.5)
    exact.load_state_dict(rounded.state_dict())
    seen = Seen(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
    values = exact.values(seen)
    # Bfloat16 has 8 bits: near, and not the same.
    np.testing.assert_allclose(rounded.values(seen), values, rtol=0.05, atol=0.05)
    assert not np.array_equal(rounded.values(seen), values)


def test_a_gpu_that_is_not_there_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert main([*TINY, "--output-dir", str(folder), "--device", "cuda"]) == 2
    assert "torch finds no GPU here" in capsys.readouterr().err
    assert not folder.exists()


def test_compiling_without_a_compiler_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "a-compiler-that-is-not-here")
    settings = TrainSettings(task="reach_target", compile=True)
    with pytest.raises(InvalidOptionError, match="a-compiler-that-is-not-here"):
        Trainer(settings, folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "eyes",
    [
        pytest.param((), id="numbers"),
        pytest.param(PICTURES, id="pictures", marks=pytest.mark.display),
    ],
)
def test_a_compiled_run_is_that_of_one_that_is_not(
    eyes: tuple[str, ...], tmp_path: Path
) -> None:
    """In a process of its own: torch keeps its compiler's workers until the end."""
    curves = []
    for name, options in (("plain", []), ("compiled", ["--compile"])):
        folder = tmp_path / name
        command = [sys.executable, "-m", "rlbench_puffer", *TINY, *eyes, *options]
        done = subprocess.run(
            [*command, "--output-dir", folder],
            env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        curves += read_curve(folder)
    plain, compiled = curves
    assert compiled["env_steps"] == plain["env_steps"]
    for part in ("policy_loss", "value_loss", "entropy", "return"):
        assert compiled[part] == pytest.approx(plain[part], rel=1e-3, abs=1e-5)


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("options", [(), ("--precision", "bf16"), ("--compile",)])
def test_a_gpu_learns(folder: Path, options: tuple[str, ...]) -> None:
    """As a processor does, but for what rounding makes of it."""
    run(folder / "cpu")
    run(folder / "cuda", "--device", "cuda", *options)
    (here,), (there,) = (read_curve(folder / name) for name in ("cpu", "cuda"))
    assert there["env_steps"] == here["env_steps"]
    tolerance = 0.2 if "bf16" in options else 1e-2
    assert there["value_loss"] == pytest.approx(here["value_loss"], rel=tolerance)
    assert (folder / "cuda" / CHECKPOINT).is_file()
