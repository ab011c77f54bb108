"""A sweep's plan holds what was asked for, in groups, and refuses what cannot be."""

import pytest

from rlbench_puffer.benchmark import plan
from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.plan import SweepRequest, make_cell, plan_sweep
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError
from rlbench_puffer.vector.make import default_num_workers


def test_a_group_holds_all_that_do_the_same_work() -> None:
    planned = plan_sweep(
        SweepRequest(
            tasks=("reach_target",),
            backends=("serial", "gym", "puffer", "shm", "native"),
            num_envs=(2, 4),
            num_workers=(1, 2),
            action_chunk=(1, 16),
        )
    )
    told = [
        [(cell.backend, cell.num_envs, cell.num_workers, cell.chunk_len) for cell in g]
        for g in planned.groups
    ]
    assert told == [
        [
            ("serial", n, 0, k),
            ("gym", n, n, k),
            ("puffer", n, 1, k),
            ("puffer", n, 2, k),
            ("shm", n, 1, k),
            ("shm", n, 2, k),
            ("native", n, 1, k),
            ("native", n, 2, k),
        ]
        for k in (1, 16)
        for n in (2, 4)
    ]
    assert planned.remarks == ()


def test_values_asked_for_twice_are_measured_once() -> None:
    planned = plan_sweep(SweepRequest(num_envs=(2, 2), backends=("gym", "gym")))
    assert len(planned.cells) == 1


def test_a_worker_count_that_does_not_fit_is_left_out_with_a_remark() -> None:
    planned = plan_sweep(
        SweepRequest(backends=("gym", "shm"), num_envs=(2, 4), num_workers=(2, 4))
    )
    assert [
        (cell.backend, cell.num_envs, cell.num_workers) for cell in planned.cells
    ] == [
        ("gym", 2, 2),
        ("shm", 2, 2),
        ("gym", 4, 4),
        ("shm", 4, 2),
        ("shm", 4, 4),
    ]
    assert planned.remarks == (
        "Left out: 2 sub-envs cannot be shared out among 4 workers.",
    )


@pytest.mark.parametrize(
    ("num_envs", "num_workers", "message"),
    [
        ((3,), (2,), "num_workers=2 .*multiples"),
        ((3, 4), (2,), "num_envs=3 .*a multiple of"),
        ((2, 4), (2, 3), "num_workers=3 .*a divisor of"),
    ],
)
def test_what_was_asked_for_and_fits_nowhere_is_an_error(
    num_envs: tuple[int, ...], num_workers: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        plan_sweep(SweepRequest(num_envs=num_envs, num_workers=num_workers))


@pytest.mark.parametrize(
    ("cores", "counts"), [(1, (1,)), (2, (2,)), (6, (2, 4)), (16, (2, 16))]
)
def test_default_worker_counts_divide_powers_of_two(
    monkeypatch: pytest.MonkeyPatch, cores: int, counts: tuple[int, ...]
) -> None:
    monkeypatch.setattr(plan, "available_cores", lambda: cores)
    assert plan.default_worker_counts() == counts


def test_a_cells_default_workers_are_those_of_make_vec() -> None:
    assert one_cell(num_envs=12).num_workers == default_num_workers(12)


@pytest.mark.parametrize(
    ("request_fields", "error", "message"),
    [
        ({"tasks": ("open_draw",)}, UnknownNameError, "Did you mean 'open_drawer'"),
        ({"backends": ("pufer",)}, UnknownNameError, "Did you mean 'puffer'"),
        ({"engine": "bultin"}, UnknownNameError, "Did you mean 'builtin'"),
        ({"action_chunk": (101,)}, InvalidOptionError, "at most 100, the length of"),
        ({"num_envs": (0,)}, InvalidOptionError, "num_envs=0 does not fit"),
        ({"num_workers": (0,)}, InvalidOptionError, "num_workers=0 does not fit"),
        ({"seconds": 0.0}, InvalidOptionError, "a number above 0"),
        ({"repeats": 0}, InvalidOptionError, "repeats=0"),
        ({"seed": -1}, InvalidOptionError, "seed=-1"),
        ({"tasks": ()}, InvalidOptionError, "tasks=.* at least one value"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    request_fields: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        plan_sweep(SweepRequest(**request_fields))


def test_one_cell_names_the_nearest_worker_counts_that_fit() -> None:
    with pytest.raises(InvalidOptionError, match=r"divisor of num_envs=12.*3, 4, 6\."):
        one_cell(num_envs=12, num_workers=5)


def test_a_partial_batch_and_chunks_exclude_each_other() -> None:
    with pytest.raises(InvalidOptionError, match="batch_size=2"):
        one_cell(num_envs=4, num_workers=2, batch_size=2, chunk_len=16)


def test_native_takes_all_cores_once_and_no_thread_without_a_sub_env(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "available_cores", lambda: 16)
    planned = plan_sweep(SweepRequest(backends=("native",), num_envs=(8, 32)))
    assert [cell.num_workers for cell in planned.cells] == [8, 16]


def one_cell(
    num_envs: int,
    num_workers: int | None = None,
    batch_size: int | None = None,
    chunk_len: int = 1,
) -> Cell:
    return make_cell(
        "reach_target",
        engine="builtin",
        backend="shm",
        num_envs=num_envs,
        num_workers=num_workers,
        batch_size=batch_size,
        chunk_len=chunk_len,
        seconds=2.0,
        seed=0,
    )
