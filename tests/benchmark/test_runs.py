"""Which rows belong together, and what a sweep goes on with."""

import dataclasses

import pytest

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.records import Row
from rlbench_puffer.benchmark.runs import (
    Provenance,
    choose_run,
    comparable_rows,
    new_provenance,
    resume_mode,
)
from rlbench_puffer.errors import InvalidOptionError

CELLS = [
    Cell(task="reach_target", backend="shm", num_envs=n, num_workers=2, batch_size=n)
    for n in (2, 4)
]


def here(row: Row) -> Provenance:
    """A new run on the machine and with the code of a row."""
    return Provenance("20270101T000000Z-ffff", row.host, row.commit, row.versions)


def test_a_row_and_its_cell_have_the_same_identity(make_row) -> None:
    assert make_row(num_envs=2).cell == CELLS[0].identity


def test_an_unfinished_run_is_gone_on_with(make_row) -> None:
    row = make_row(num_envs=2)
    run, finished = choose_run([row], CELLS, 3, "unfinished", here(row))
    assert run.run == row.run
    assert finished == [row]


def test_a_complete_run_is_left_alone_unless_it_was_asked_for(make_row) -> None:
    rows = [make_row(num_envs=2), make_row(num_envs=4)]
    assert choose_run(rows, CELLS, 3, "unfinished", here(rows[0])) == (
        here(rows[0]),
        [],
    )
    run, finished = choose_run(rows, CELLS, 3, "always", here(rows[0]))
    assert (run.run, finished) == (rows[0].run, rows)


def test_a_failed_cell_is_measured_again(make_row) -> None:
    rows = [make_row(num_envs=2), make_row(num_envs=4, error="stuck")]
    run, finished = choose_run(rows, CELLS, 3, "unfinished", here(rows[0]))
    assert (run.run, finished) == (rows[0].run, rows[:1])


def test_a_cell_with_too_few_samples_is_measured_again(make_row) -> None:
    rows = [make_row(num_envs=2), make_row(num_envs=4, samples=(900.0, 1000.0))]
    run, finished = choose_run(rows, CELLS, 3, "always", here(rows[0]))
    assert (run.run, finished) == (rows[0].run, rows[:1])


def test_a_new_run_is_begun_where_it_was_asked_for(make_row) -> None:
    row = make_row(num_envs=2)
    assert choose_run([row], CELLS, 3, "never", here(row)) == (here(row), [])


@pytest.mark.parametrize(
    "change",
    [{"host": {"cpu": "another"}}, {"commit": "fedcba"}, {"versions": {"mujoco": "9"}}],
)
def test_another_machine_or_code_begins_a_new_run(make_row, change) -> None:
    row = make_row(num_envs=2)
    other = dataclasses.replace(here(row), **change)
    assert choose_run([row], CELLS, 3, "always", other) == (other, [])


def test_a_run_of_other_cells_is_not_gone_on_with_by_itself(make_row) -> None:
    rows = [make_row(num_envs=2), make_row(num_envs=64)]
    assert choose_run(rows, CELLS, 3, "unfinished", here(rows[0])) == (
        here(rows[0]),
        [],
    )
    run, finished = choose_run(rows, CELLS, 3, "always", here(rows[0]))
    assert (run.run, finished) == (rows[0].run, rows[:1])


def test_earlier_rows_stand_beside_the_newest_run_if_they_are_comparable(
    make_row,
) -> None:
    old = {"run": "20260101T000000Z-0000", "time": "2026-01-01T00:00:00+00:00"}
    same = make_row(num_envs=8, **old)
    replaced = make_row(num_envs=4, **old)
    other_machine = make_row(num_envs=16, host={"cpu": "another"}, **old)
    other_task = make_row(task="open_drawer", host={"cpu": "another"}, **old)
    new = make_row(num_envs=4)
    rows, left_out = comparable_rows([new, same, replaced, other_machine, other_task])
    assert {row.num_envs: row for row in rows if row.task == "reach_target"} == {
        4: new,
        8: same,
    }
    assert other_task in rows
    assert left_out == 1


def test_a_cell_measured_again_in_its_run_counts_once(make_row) -> None:
    failed = make_row(error="stuck")
    again = make_row(time="2026-11-21T00:05:00+00:00")
    assert comparable_rows([again, failed]) == ([again], 0)


def test_this_machine_and_code_are_described_without_naming_it() -> None:
    made = new_provenance()
    assert made.host["cores"] >= 1
    assert set(made.host) == {"cpu", "cores", "memory_gib", "system"}
    assert {"python", "rlbench-puffer", "mujoco", "pufferlib"} <= set(made.versions)
    assert made.run != new_provenance().run


def test_the_two_flags_exclude_each_other() -> None:
    assert resume_mode(resume=False, no_resume=False) == "unfinished"
    assert resume_mode(resume=True, no_resume=False) == "always"
    assert resume_mode(resume=False, no_resume=True) == "never"
    with pytest.raises(InvalidOptionError, match="--no-resume"):
        resume_mode(resume=True, no_resume=True)
