"""Training runs: resumed bit for bit, stopped in time, never losing a checkpoint."""

import contextlib
import io
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import CheckpointError, DivergedError
from rlbench_puffer.training.settings import TrainSettings
from training.states import Impatient, numbers, same

torch = pytest.importorskip(
    "torch", reason="torch is not installed: uv sync --extra train"
)
pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

from rlbench_puffer.training.checkpoint import load_checkpoint, read_settings  # noqa: E402
from rlbench_puffer.training.logs import TrainingLog, read_curve  # noqa: E402
from rlbench_puffer.training.trainer import CHECKPOINT, DIVERGED, Trainer  # noqa: E402

TINY: dict[str, Any] = {
    "task": "reach_target",
    "num_envs": 4,
    "num_workers": 1,
    "episode_length": 5,
    "updates": 6,
    "num_steps": 8,
    "epochs": 2,
    "minibatch_size": 16,
    "hidden": (8,),
    "checkpoint_interval": 2,
    "eval_interval": 3,
    "eval_episodes": 3,
}


def tiny(**changes: Any) -> TrainSettings:
    return TrainSettings(**{**TINY, **changes})


def run(folder: Path, out: Any = None, **changes: Any) -> None:
    resume = changes.pop("resume", False)
    with Trainer(
        tiny(**changes), folder, resume=resume, out=out or io.StringIO()
    ) as trainer:
        trainer.run()


@pytest.mark.parametrize("backend", ["native", "serial"])
def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(
    backend: str, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(whole, backend=backend)
    with pytest.raises(KeyboardInterrupt):
        run(broken, Impatient(5), backend=backend)
    assert len(read_curve(broken)) == 5
    run(broken, backend=backend, resume=True)
    states = [load_checkpoint(folder / CHECKPOINT, None) for folder in (whole, broken)]
    for state in states:
        del state["seconds"]
    assert states[0]["update"] == 6
    assert same(*states)
    assert numbers(whole) == numbers(broken)
    assert [record["update"] for record in read_curve(broken)] == list(range(1, 7))


def test_the_same_settings_give_the_same_run_and_another_seed_another(
    tmp_path: Path,
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(tmp_path / name, updates=2, seed=seed)
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b")
    assert numbers(tmp_path / "a") != numbers(tmp_path / "c")


def test_resets_are_neither_data_nor_env_steps(tmp_path: Path) -> None:
    with Trainer(tiny(), tmp_path, out=io.StringIO()) as trainer:
        trainer._collector.begin(0)
        rollout = trainer._collector.collect()
    # Episodes of five steps: the sixth round trip is each sub-env's own reset.
    expected = np.ones((8, 4), bool)
    expected[5] = False
    assert rollout.valid.tolist() == expected.tolist()
    assert rollout.truncations[4].all()
    assert not rollout.rewards[5].any()
    assert len(rollout.episodes) == 4
    # The observation of a reset's round trip is the ended episode's last one.
    assert not np.array_equal(rollout.raw[5], rollout.raw[6])


def test_the_curve_and_the_line_tell_what_happened(tmp_path: Path) -> None:
    out = io.StringIO()
    run(tmp_path, out)
    records = read_curve(tmp_path)
    assert [r["update"] for r in records] == [1, 2, 3, 4, 5, 6]
    # A new start at updates 1, 3 and 5: 7 steps of 8 count, then 6 or 7 of 8.
    assert records[0]["env_steps"] == 28
    assert [("eval_success_once" in r) for r in records] == [
        False, False, True, False, False, True,
    ]  # fmt: skip
    assert {"return", "success", "policy_loss", "value_loss"} <= records[0].keys()
    lines = out.getvalue().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("update 1/6  28 steps  ")
    assert "eval 0.00" in lines[-1]
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_state(
    tmp_path: Path,
) -> None:
    run(tmp_path, updates=2)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with Trainer(tiny(updates=4), tmp_path, resume=True, out=io.StringIO()) as trainer:
        trainer.policy.value[-1].bias.data.fill_(float("nan"))
        with pytest.raises(DivergedError, match=r"loss is nan in update 3, epoch 1"):
            trainer.run()
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert load_checkpoint(tmp_path / DIVERGED, None)["update"] == 2


def test_a_learning_rate_that_is_too_large_diverges_by_name(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="smaller --train-lr"):
        run(tmp_path, learning_rate=1e30)


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full, to this process: no file grows beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python would cut off what it keeps of a module it imports now, and read it later.
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        sys.dont_write_bytecode = keeps


def test_a_full_disk_leaves_the_previous_checkpoint_whole(tmp_path: Path) -> None:
    run(tmp_path, updates=2)
    path = tmp_path / CHECKPOINT
    before = path.read_bytes()
    with (
        Trainer(tiny(updates=4), tmp_path, resume=True) as trainer,
        files_no_larger_than(len(before) // 2),
        pytest.raises(CheckpointError, match=r"previous one is whole.*room"),
    ):
        trainer.save(CHECKPOINT)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    run(tmp_path, updates=4, resume=True)


def test_a_full_disk_is_told_when_the_curve_meets_it_first(tmp_path: Path) -> None:
    run(tmp_path, updates=2)
    size = (tmp_path / "curve.jsonl").stat().st_size
    with (
        Trainer(tiny(updates=4), tmp_path, resume=True, out=io.StringIO()) as trainer,
        files_no_larger_than(size + 10),
        pytest.raises(CheckpointError, match=r"curve.*--resume"),
    ):
        trainer.run()
    assert [record["update"] for record in read_curve(tmp_path)][:2] == [1, 2]
    run(tmp_path, updates=4, resume=True)
    assert [record["update"] for record in read_curve(tmp_path)] == [1, 2, 3, 4]


# What its thread raises is printed by Python, too, before it is told.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_is_told_when_tensorboard_meets_it_first(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 0, io.StringIO())
    (board,) = (tmp_path / "tensorboard").iterdir()
    record = {"update": 1, "env_steps": 3, "loss": 1.0}
    # TensorBoard's file may not grow, the curve has room for a line.
    with files_no_larger_than(board.stat().st_size):
        with pytest.raises(CheckpointError, match=r"TensorBoard.*is whole.*--resume"):
            log.add(record)
        log.close()
    assert read_curve(tmp_path) == [record]


@pytest.mark.parametrize("taken", ["", "run"])
def test_a_folder_that_cannot_be_made_is_told(taken: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / taken
    with pytest.raises(CheckpointError, match=r"cannot be written to.*--output-dir"):
        run(folder)


def test_a_checkpoint_of_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    run(tmp_path, updates=2)
    assert read_settings(tmp_path / CHECKPOINT)["task"] == "reach_target"
    for changes, said in (
        ({"task": "push_button"}, "task is 'reach_target', asked for is 'push_button'"),
        ({"hidden": (9,)}, "its hidden is"),
        ({"num_envs": 8}, "its num_envs is 4"),
    ):
        with pytest.raises(CheckpointError, match=said):
            Trainer(tiny(**changes), tmp_path, resume=True)
    run(tmp_path, updates=3, num_workers=2, resume=True)


def test_what_cannot_be_resumed_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        Trainer(tiny(), tmp_path, resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="cannot be read"):
        Trainer(tiny(), tmp_path, resume=True)
    with pytest.raises(CheckpointError, match="would overwrite"):
        Trainer(tiny(), tmp_path)


def test_a_curve_cut_short_in_its_last_line_is_read(tmp_path: Path) -> None:
    run(tmp_path, updates=2)
    path = tmp_path / "curve.jsonl"
    path.write_text(path.read_text() + '{"update": 3, "env')
    assert len(read_curve(tmp_path)) == 2


def test_evaluation_runs_the_same_whole_episodes_each_time(tmp_path: Path) -> None:
    with Trainer(tiny(), tmp_path, out=io.StringIO()) as trainer:
        told = [trainer.evaluate() for _ in range(2)]
    assert told[0] == told[1]
    assert told[0].episodes == 3
    assert told[0].mean_length == 5.0
    assert told[0].success_once == told[0].success_at_end == 0.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_learns_to_come_nearer(tmp_path: Path) -> None:
    settings = TrainSettings(
        task="reach_target", updates=40, num_envs=32, eval_interval=40
    )
    with Trainer(settings, tmp_path, out=io.StringIO()) as trainer:
        before = trainer.evaluate()
        after = trainer.run()
    assert after.mean_return > before.mean_return + 2.0


def test_the_command_line_trains_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "train", "--num-envs", "4", "--num-steps", "8", "--max-steps", "5",
        "--train-hidden", "8", "--eval-episodes", "2", "--checkpoint-interval", "1",
        "--output-dir", str(tmp_path),
    ]  # fmt: skip
    for extra in (["--train-updates", "1"], ["--train-updates", "2", "--resume"]):
        assert main([*command, *extra]) == 0
        told = capsys.readouterr()
        assert told.err == ""
        assert "2 episodes: success once 0.00" in told.out
    assert main([*command, "--resume", "--seed", "1"]) == 2
    assert "its seed is 0, asked for is 1" in capsys.readouterr().err
    assert [record["update"] for record in read_curve(tmp_path)] == [1, 2]
