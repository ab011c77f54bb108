"""Files are small, named for one concept, and say what they are for."""

import ast
from pathlib import Path

import pytest

from structure.sources import ROOT

MOST_LINES = 350
"""A longer file holds more than one concept."""

NO_CONCEPT = {"utils", "util", "common", "helpers", "helper", "misc"}
"""Names of modules that would hold whatever found no better place."""

MEANT = {
    ("src/pyrep_mujoco/sim/api.py", "NotImplemented" + "Error"),
    ("src/pyrep_mujoco/sim/scripts.py", "NotImplemented" + "Error"),
    ("tests/sim/test_api.py", "NotImplemented" + "Error"),
    ("tests/sim/test_planning.py", "NotImplemented" + "Error"),
}
"""The API answers with it for functions of CoppeliaSim's, and for functions of scripts,
that it lacks."""

FILES = [
    path
    for folder in ("src", "tests", "benchmarks", "scripts")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_named_and_introduced(path: Path) -> None:
    text = path.read_text()
    lines = len(text.splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: split it by concept"
    assert path.stem not in NO_CONCEPT
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "no module docstring"
    assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?"))


def test_no_file_promises_work_instead_of_doing_it() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in FILES
        for word in words
        if word in path.read_text() and (str(path.relative_to(ROOT)), word) not in MEANT
    ]
    assert not found
