"""RLBench's tasks are tried one by one; what fails is a row and never the end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import RecordsError
from rlbench_puffer.trials.rows import (
    TaskTrial,
    append_trial,
    latest,
    read_trials,
)
from rlbench_puffer.trials.run import FILE, TrialRequest, run_trials
from rlbench_puffer.trials.table import read_reference, totals
from simulators import standin_machine

FAULTY = "standin_faults:Faulty"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with standin_machine(tmp_path, monkeypatch) as folder:
        yield folder


@pytest.fixture
def fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def plan(when: str, how: str, at: int) -> None:
        told = f"{when}:{how}:{at}:{tmp_path / 'flag'}"
        monkeypatch.setenv("STANDIN_FAULT", told)

    return plan


def request(seeds: int = 1, demos: int = 1, timeout_s: float = 60.0) -> TrialRequest:
    return TrialRequest(
        engine="coppeliasim", seeds=seeds, demos=demos, timeout_s=timeout_s
    )


def test_tasks_are_tried_side_by_side_and_not_again(tmp_path: Path) -> None:
    seen: list[str] = []
    tasks, asked = ["reach_target", "open_drawer"], request(seeds=2)

    def run(**options: Any) -> list[TaskTrial]:
        return run_trials(
            asked,
            tasks,
            tmp_path / "out",
            num_workers=2,
            told=lambda trial: seen.append(trial.task),
            **options,
        )

    trials = {trial.task: trial for trial in run()}
    assert sorted(seen) == sorted(tasks)
    for trial in trials.values():
        assert trial.problem is None
        assert [walk.steps for walk in trial.walks] == [50, 50]
        assert trial.good_walks == 2
        # The start, six steps to the target, and the closed gripper.
        assert [attempt.steps for attempt in trial.attempts] == [8]
    assert trials["open_drawer"].walks[0].reset_seconds > 0
    assert {trial.task for trial in run()} == set(tasks)
    assert len(seen) == 2
    assert read_trials(tmp_path / "out" / FILE)[0].work == trials[seen[0]].work


@pytest.mark.parametrize(
    ("how", "when", "says", "walks", "good"),
    [
        ("segfault", "step", "ended with code 1 after 0 of 2 resets", 0, 0),
        ("hang", "step", "not done within 1 s, after 0 of 2 resets", 0, 0),
        ("fly", "step", "target is at 0, 1e+03, 0 m", 2, 1),
        pytest.param(
            "refused",
            "step",
            "step 4: RuntimeError: The call failed",
            2,
            1,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "unplaceable",
            "reset",
            "reset: TaskEnvironmentError",
            2,
            1,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "nan",
            "step",
            "task_low_dim_state is not finite",
            2,
            0,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_task_that_fails_is_a_row(
    how: str,
    when: str,
    says: str,
    walks: int,
    good: int,
    fault: Any,
    tmp_path: Path,
) -> None:
    fault(when, how, 1 if when == "reset" else 5)
    seconds = 1.0 if how == "hang" else 60.0
    (trial,) = run_trials(
        request(2, timeout_s=seconds), [FAULTY], tmp_path, num_workers=1
    )
    assert says in (trial.problem or "")
    assert len(trial.walks) == walks
    assert trial.good_walks == good
    assert trial.successes == (1 if walks else 0)


def test_what_cannot_be_launched_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COPPELIASIM_ROOT")
    (trial,) = run_trials(request(), ["reach_target"], tmp_path, num_workers=1)
    assert "COPPELIASIM_ROOT is not set" in (trial.error or "")
    assert trial.walks == ()


def test_the_command_writes_a_table_beside_coppeliasims(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = {"tasks": {"reach_target": {"succeeded": [True, False]}}}
    (tmp_path / "demos_coppeliasim.json").write_text(json.dumps(reference))
    command = ["tasks", "--engine", "coppeliasim", "--tasks", "ReachTarget"]
    options = ["--check", "--seeds", "1", "--demos", "1", "--out", str(tmp_path)]
    assert main([*command, *options, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["task"] == "reach_target"
    assert main([*command, *options]) == 0
    shown = capsys.readouterr().out
    assert "1 of 1 tasks reached success" in shown
    page = (tmp_path / "coppeliasim.md").read_text()
    assert "| reach_target | 1/1 |" in page
    assert "| 1/1 | 1/2 |  |" in page
    assert main([*command, "--check", "--seeds", "0"]) == 2
    assert main([*command, "--check", "--timeout", "0"]) == 2
    assert main(["tasks", "--engine", "mujoco", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["task"]: row["model"] for row in listed} == {
        "open_drawer": False,
        "reach_target": False,
    }


def trial_of(task: str, demos: tuple[bool, ...] = (), **fields: Any) -> TaskTrial:
    from rlbench_puffer.trials.rows import DemoAttempt

    attempts = tuple(
        DemoAttempt(seed=i, variation=0, succeeded=done, seconds=1.0)
        for i, done in enumerate(demos)
    )
    told: dict[str, Any] = {
        "engine": "mujoco",
        "time": "now",
        "host": {},
        "commit": "c0ffee",
        "versions": {},
        "seeds": 1,
        "demos": len(demos),
        "attempts": attempts,
        **fields,
    }
    return TaskTrial(task=task, **told)


def test_rows_survive_a_killed_run(tmp_path: Path) -> None:
    file = tmp_path / FILE
    append_trial(file, trial_of("reach_target", (True,)))
    with file.open("a") as opened:
        opened.write('{"task": "open_dra')
    append_trial(file, trial_of("reach_target", (False,)))
    first, second = read_trials(file)
    assert (first.successes, second.successes) == (1, 0)
    assert latest([first, second]) == [second]
    file.write_text('{"task": "reach_target"}\n')
    with pytest.raises(RecordsError, match="line 1 is no trial"):
        read_trials(file)


def test_only_tasks_that_both_have_are_compared(tmp_path: Path) -> None:
    file = tmp_path / "demos.json"
    file.write_text(
        json.dumps(
            {
                "tasks": {
                    "a": {"succeeded": [True, True]},
                    "b": {"succeeded": [True, False]},
                    "c": {"succeeded": [False, False]},
                    "d": {"timeout_s": 75},
                }
            }
        )
    )
    reference = read_reference(file)
    assert reference == {"a": (2, 2), "b": (1, 2), "c": (0, 2)}
    trials = [
        trial_of("a", (True, True)),
        trial_of("b", (False, False)),
        trial_of("c", (False, True)),
        trial_of("d", (True, True)),
    ]
    counted = totals(trials, reference)
    assert (counted.demo_tasks, counted.shared_tasks) == (3, 3)
    assert (counted.shared_successes, counted.shared_attempts) == (3, 6)
    assert (counted.reference_tasks, counted.lost_tasks) == (2, ("b",))
    assert "50.0%" in " ".join(counted.sentences())
    assert read_reference(tmp_path / "none") == {}
    file.write_text("[]")
    with pytest.raises(RecordsError, match="no recorded demos"):
        read_reference(file)
