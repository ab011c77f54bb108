"""Cells and sweeps of the engines that hold one simulator in a process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlbench_puffer.benchmark.plan import SweepRequest, make_cell, plan_sweep
from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from simulators import standin_machine, write_facts


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with standin_machine(tmp_path, monkeypatch):
        write_facts("reach_target", "open_drawer")
        yield


def test_a_cell_has_a_worker_for_each_sub_env_and_rlbenchs_name() -> None:
    cell = make_cell(
        "OpenDrawer",
        engine="mujoco",
        backend="shm",
        num_envs=3,
        num_workers=None,
        chunk_len=1,
        seconds=1.0,
        seed=0,
    )
    assert (cell.task, cell.num_workers) == ("open_drawer", 3)


def test_a_sweep_leaves_out_what_the_engine_cannot_do() -> None:
    plan = plan_sweep(SweepRequest(engine="mujoco", num_envs=(1, 3)))
    assert {(c.backend, c.num_envs, c.num_workers) for c in plan.cells} == {
        (backend, count, count)
        for backend in ("gym", "puffer", "shm")
        for count in (1, 3)
    }
    assert plan.remarks == ("Left out: native has no engine mujoco.",)
    with pytest.raises(InvalidOptionError, match="native"):
        plan_sweep(SweepRequest(engine="mujoco", backends=("native",)))
    with pytest.raises(InvalidOptionError, match="one simulator"):
        plan_sweep(SweepRequest(engine="coppeliasim", num_workers=(2,)))
    with pytest.raises(UnknownNameError, match="reach_target"):
        plan_sweep(SweepRequest(engine="mujoco", tasks=("reach_targt",)))


def test_bench_measures_rlbenchs_tasks_on_mujoco(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["bench", "--engine", "mujoco", "--num-envs", "1", "--seconds", "0.1"]
    assert main([*words, "--repeats", "1", "--json"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (row["engine"], row["task"]) == ("mujoco", "reach_target")
    assert row["steps_per_second"] > 0
    assert main([*words, "--backend", "native"]) == 2
    assert 'backend "native"' in capsys.readouterr().err
