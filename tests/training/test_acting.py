"""A checkpoint's policy acts outside of training as it did within."""

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: uv sync --extra train")
pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

from rlbench_puffer.cli.main import main
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import CheckpointError
from rlbench_puffer.training.acting import TrainedPolicy
from rlbench_puffer.training.settings import TrainSettings
from rlbench_puffer.training.trainer import CHECKPOINT, Trainer

SETTINGS = TrainSettings(
    task="reach_target",
    arm_action_mode="joint_position",
    num_envs=4,
    num_steps=8,
    updates=1,
    hidden=(8,),
    eval_episodes=2,
    episode_length=5,
)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of one update; its policy knows little, but its own normalisation."""
    with Trainer(SETTINGS, tmp_path / "run", out=io.StringIO()) as trainer:
        trainer.run()
    return tmp_path / "run" / CHECKPOINT


def test_it_does_what_the_trainers_own_policy_does(checkpoint: Path) -> None:
    trained = TrainedPolicy(checkpoint)
    assert (trained.task, trained.arm_action_mode) == ("reach_target", "joint_position")
    env = make_batch_env(make_config("reach_target"), 3)
    observations, _ = env.reset(seed=0)
    folder = checkpoint.parent
    with Trainer(SETTINGS, folder, resume=True, out=io.StringIO()) as trainer:
        expected = trainer._policy_for(3, trainer._reader)(
            observations, np.ones(3, bool)
        )
    np.testing.assert_array_equal(trained.actions(env), expected)
    env.close()
    other = make_batch_env(make_config("open_drawer"), 1)
    other.reset(seed=0)
    with pytest.raises(CheckpointError, match="Use its own task, reach_target"):
        trained.actions(other)
    other.close()


@pytest.mark.display
def test_the_command_line_records_a_checkpoint(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "videos"
    command = ["record", "--policy", str(checkpoint), "--size", "32", "32"]
    command += ["--episode-length", "4", "--quality", "fast", "--output-dir", str(out)]
    assert main([*command, "--task", "reach_target"]) == 0
    (video,) = out.iterdir()
    assert str(video) in capsys.readouterr().out
    assert main([*command, "--task", "push_button"]) == 2
    assert "Use `--task reach_target`" in capsys.readouterr().err
