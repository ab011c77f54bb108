"""Every task's expert succeeds; the command tells where one does not."""

import json

import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.experts.check import ASKED_RATE, check_task, run_episodes
from rlbench_puffer.experts.expert import Expert
from rlbench_puffer.tasks.reach_target import ReachTarget
from rlbench_puffer.tasks.registry import TASK_NAMES, find_task

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("task", TASK_NAMES)
def test_the_expert_solves_every_class_of_variations(task: str) -> None:
    rows = list(check_task(task, seeds=3))
    assert [row.variation for row in rows] == [*find_task(task).variation_names] or [
        "all"
    ]
    for row in rows:
        assert row.success_rate == 1.0, row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "seeds"),
    [
        ("joint_velocity", 10),
        ("joint_position", 10),
        ("ee_pose_ik", 40),
        ("delta_ee_pose_ik", 10),
        ("ee_pose_planning", 5),
    ],
)
@pytest.mark.parametrize("task", TASK_NAMES)
def test_the_expert_solves_the_first_seeds_of_every_class(
    task: str, mode: str, seeds: int
) -> None:
    for row in check_task(task, seeds, mode):  # pyright: ignore[reportArgumentType]
        assert row.success_rate >= ASKED_RATE, row


def test_a_block_pushed_from_pose_to_pose_does_not_slip_away() -> None:
    """In leaps of 5 cm the arm became so quick that it hit the block of seed 7 away."""
    env = make_batch_env(
        make_config("slide_block_to_target", arm_action_mode="ee_pose_ik"), 1
    )
    success, _ = run_episodes(env, Expert(env), [7])
    assert success.all()
    env.close()


def test_variation_names_are_none_or_one_for_each_variation() -> None:
    for name in TASK_NAMES:
        task = find_task(name)
        assert len(task.variation_names) in (0, task.variation_count)


def test_the_command_prints_rows_as_json(capsys: Capture) -> None:
    arguments = ["tasks", "--check", "--seeds", "2", "--json"]
    assert main([*arguments, "--tasks", "reach_target", "open_drawer"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["task"], row["variation"]) for row in rows] == [
        ("reach_target", "all"),
        ("open_drawer", "bottom"),
        ("open_drawer", "middle"),
        ("open_drawer", "top"),
    ]
    assert all(row["success_rate"] == 1.0 and row["seeds"] == 2 for row in rows)


def test_an_expert_that_fails_is_shown_with_its_seeds(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Five control steps are too few to reach anything."""
    monkeypatch.setattr(ReachTarget, "episode_length", 5)
    assert main(["tasks", "--check", "--seeds", "3", "--tasks", "reach_target"]) == 1
    told = capsys.readouterr().out
    assert "0.0%" in told
    assert "0 1 2" in told


def test_the_list_of_tasks_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["tasks"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in TASK_NAMES)
    assert main(["tasks", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["task"] for row in rows] == list(TASK_NAMES)
