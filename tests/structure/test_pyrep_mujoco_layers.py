"""The second package knows nothing of the first, and has layers of its own."""

import re
import sys
import tomllib

from structure.sources import ROOT, imports, module_name, package_files

PACKAGE = ROOT / "src" / "pyrep_mujoco"

LAYERS = ("errors", "extras", "ttm", "base_scene", "scene", "sim", "backend", "")
"""From the ground floor up; a part may import its own layer and below. On top is what
`import pyrep_mujoco` gives."""


def part(name: str) -> str:
    return name.removeprefix("pyrep_mujoco").removeprefix(".").partition(".")[0]


def test_imports_point_down_the_list_of_layers_only() -> None:
    own = [
        (path, name, line)
        for path in package_files(PACKAGE)
        for name, line, _ in imports(path)
        if name.partition(".")[0] == "pyrep_mujoco"
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path, name, line in own
        if LAYERS.index(part(name)) > LAYERS.index(part(module_name(path)))
    ]
    assert not wrong
    assert len(own) > 50


def test_it_stands_on_declared_packages_and_not_on_the_other_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]
    }
    used = {
        name.partition(".")[0]
        for path in package_files(PACKAGE)
        for name, *_ in imports(path)
    }
    assert used - set(sys.stdlib_module_names) - declared == {"pyrep_mujoco"}


def test_the_reader_of_files_needs_numpy_alone() -> None:
    used = {
        name.partition(".")[0]
        for path in package_files(PACKAGE / "ttm")
        for name, *_ in imports(path)
    }
    assert used - set(sys.stdlib_module_names) == {"pyrep_mujoco", "numpy"}
