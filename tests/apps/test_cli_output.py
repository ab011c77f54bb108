"""What the command line prints: help by the line, pipes that close, full disks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench_puffer.cli.main import main

MODULE = [sys.executable, "-m", "rlbench_puffer"]


def test_help_of_an_option_fills_its_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line breaks of docstrings used to break lines of the help in the middle."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    lines = [line.strip("│ ") for line in capsys.readouterr().out.splitlines()]
    assert (
        "Task to measure, as open_drawer or OpenDrawer; `rlbench-puffer tasks` lists "
        "them. (default: reach_target)"
    ) in lines


def test_output_that_nobody_reads_ends_the_command_without_a_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*MODULE, "tasks", "--json"],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "--repeats", "0"], "repeats=0 does not fit"),
        (["bench", "--output-dir", "file/in"], "Choose another one with --output-dir."),
        (["record", "--states", "file"], "file is no file of states"),
        (["record", "--states", "broken.npz"], "broken.npz is no file of states"),
        (["setup", "coppeliasim", "--prefix", "file/in"], "file/in cannot be made"),
    ],
)
def test_files_in_the_way_are_one_message_and_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    # As a zip file begins.
    Path("broken.npz").write_bytes(b"PK\x03\x04 and no more")
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_row_that_a_full_disk_refuses_is_shown_all_the_same(tmp_path: Path) -> None:
    few = ["--backend", "serial", "--num-envs", "1", "--seconds", "0.05", "--json"]
    command = [*MODULE, "bench", *few, "--repeats", "1", "--output-dir", str(tmp_path)]
    done = subprocess.run(
        # Files may have one block of 1024 bytes, which is less than a row.
        ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *command],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith('{"schema"')
    assert done.stderr.startswith("rlbench-puffer: The row could not be added to ")
    assert len(done.stderr.splitlines()) == 1
