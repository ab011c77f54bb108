"""Rows survive their file, and a file survives a killed run."""

import json
import warnings
from pathlib import Path

import pytest

from rlbench_puffer.benchmark.records import (
    RecordsWarning,
    append_row,
    file_name,
    quartiles,
    read_rows,
    row_to_json,
)
from rlbench_puffer.errors import RecordsError


def test_rows_come_back_as_they_were_written(tmp_path: Path, make_row) -> None:
    rows = [
        make_row(),
        make_row(num_envs=8, cameras=("front",), commit=None, seconds=2),
        make_row(
            samples=(),
            steps_per_second=None,
            spread=None,
            latency_ms=None,
            startup_seconds=None,
            peak_rss_bytes=None,
            error="the drawer is stuck\nin line 2",
        ),
    ]
    path = tmp_path / "throughput_shm_num_w_2.jsonl"
    for row in rows:
        append_row(path, row)
    assert read_rows(path) == rows
    assert len(path.read_text().splitlines()) == 3


def test_a_folder_gives_the_rows_of_all_its_files(tmp_path: Path, make_row) -> None:
    append_row(tmp_path / file_name("gym", 4), make_row(backend="gym"))
    append_row(tmp_path / file_name("shm", 2), make_row())
    (tmp_path / "notes.jsonl").write_text("not ours\n")
    assert [row.backend for row in read_rows(tmp_path)] == ["gym", "shm"]


def test_file_names_carry_the_worker_count_where_it_is_a_choice() -> None:
    assert file_name("shm", 2) == "throughput_shm_num_w_2.jsonl"
    assert file_name("puffer", 16) == "throughput_puffer_num_w_16.jsonl"
    assert file_name("gym", 4) == "throughput_gym.jsonl"
    assert file_name("serial", 0) == "throughput_serial.jsonl"


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_broken_last_line_is_left_out_with_a_warning(
    tmp_path: Path, make_row, end: str
) -> None:
    path = tmp_path / "throughput_shm_num_w_2.jsonl"
    append_row(path, make_row())
    with path.open("a") as file:
        file.write(row_to_json(make_row(num_envs=8))[:50] + end)
    with pytest.warns(RecordsWarning, match=r"num_w_2\.jsonl:2: the last line"):
        assert read_rows(path) == [make_row()]


@pytest.mark.parametrize("end", ["", "\n"])
def test_appending_replaces_a_broken_last_line(
    tmp_path: Path, make_row, end: str
) -> None:
    path = tmp_path / "throughput_shm_num_w_2.jsonl"
    append_row(path, make_row())
    with path.open("a") as file:
        file.write('{"schema": 1, "ti' + end)
    with pytest.warns(RecordsWarning, match="2: the last line"):
        append_row(path, make_row(num_envs=16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_rows(path) == [make_row(), make_row(num_envs=16)]


def test_a_file_of_nothing_but_a_broken_line_is_mended(
    tmp_path: Path, make_row
) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    path.write_text('{"sche')
    with pytest.warns(RecordsWarning, match=":1: the last line"):
        append_row(path, make_row())
    assert read_rows(path) == [make_row()]


def test_a_whole_last_line_without_its_end_is_kept(tmp_path: Path, make_row) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    path.write_text(row_to_json(make_row()))
    append_row(path, make_row(num_envs=8))
    assert [row.num_envs for row in read_rows(path)] == [4, 8]


def test_a_broken_line_in_the_middle_is_an_error_with_its_place(
    tmp_path: Path, make_row
) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    line = row_to_json(make_row())
    path.write_text(f"{line}\n{line[:30]}\n{line}\n")
    with pytest.raises(RecordsError, match=r"throughput_gym\.jsonl:2: .* no JSON"):
        read_rows(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "schema 99, expected 1"),
        ({"num_envs": "four"}, "num_envs='four'"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_a_line_that_is_no_row_says_why(
    tmp_path: Path, make_row, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    fields = json.loads(row_to_json(make_row())) | change
    path.write_text(json.dumps(fields) + "\n")
    with pytest.raises(RecordsError, match=message):
        read_rows(path)


def test_a_missing_field_is_named(tmp_path: Path, make_row) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    fields = json.loads(row_to_json(make_row()))
    del fields["commit"]
    path.write_text(json.dumps(fields) + "\n")
    with pytest.raises(RecordsError, match=r":1: .*no field 'commit'"):
        read_rows(path)


def test_rows_from_before_ranks_were_told_are_of_one(tmp_path: Path, make_row) -> None:
    path = tmp_path / "throughput_gym.jsonl"
    fields = json.loads(row_to_json(make_row()))
    for name in ("ranks", "max_steps", "episodes", "success_rate"):
        del fields[name]
    path.write_text(json.dumps(fields) + "\n")
    assert read_rows(path) == [make_row()]


def test_a_folder_without_rows_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="run `rlbench-puffer sweep` first"):
        read_rows(tmp_path)
    with pytest.raises(RecordsError, match="cannot be read: No such file"):
        read_rows(tmp_path / "throughput_gym.jsonl")


def test_quartiles_enclose_the_median() -> None:
    assert quartiles([5.0]) == (5.0, 5.0, 5.0)
    assert quartiles([1.0, 3.0]) == (1.5, 2.0, 2.5)
    assert quartiles([4.0, 1.0, 2.0, 3.0, 5.0]) == (2.0, 3.0, 4.0)
