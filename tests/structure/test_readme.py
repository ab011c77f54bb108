"""The README's links lead somewhere, its commands parse, and its snippets run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench_puffer.cli.main import main
from structure.sources import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SNIPPETS = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    line.partition("#")[0].strip()
    for language, code in BLOCKS
    if language == "bash"
    for line in code.splitlines()
]


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:16])
    assert "uv run rlbench-puffer sweep" in first_screen
    assert "uv run pytest" in first_screen
    assert "pip install uv" in first_screen


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")],
    ids=lambda page: page.name,
)
def test_relative_links_lead_to_files_that_are_there(page: Path) -> None:
    text = page.read_text()
    links = [
        link
        for link in re.findall(r"\]\(([^)#]+)\)", text)
        if not link.startswith("https://")
    ]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if "rlbench-puffer" in line]
)
def test_every_command_of_ours_parses(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command)
    assert words[:3] == ["uv", "run", "rlbench-puffer"]
    # A subcommand's help exists, and it names every option that is used.
    with pytest.raises(SystemExit) as ended:
        main([*words[3:], "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for option in [word for word in words if word.startswith("--")]:
        assert option in told


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, marks=[pytest.mark.display] if "cameras=" in code else [])
        for code in SNIPPETS
    ],
    ids=range(len(SNIPPETS)),
)
def test_every_snippet_runs_as_a_script(code: str, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_task_table_says_what_the_tasks_say() -> None:
    from rlbench_puffer.tasks.registry import TASK_NAMES, find_task

    for name in TASK_NAMES:
        (row,) = [line for line in README.splitlines() if f"| `{name}` |" in line]
        task = find_task(name)
        assert row.endswith(f"| {task.variation_count} | {task.episode_length} |")
