"""Imports point down the list of layers only, and heavy packages have one door."""

import re
import sys
import tomllib
from pathlib import Path

from structure.sources import ROOT, imports, module_name, package_files

LAYERS = (
    (
        "errors",
        "poses",
        "camera",
        "randomization",
        "simulator",
        "config",
        "timing",
    ),
    ("distributed",),
    ("display", "setup"),
    ("engines",),
    ("tasks",),
    ("envs",),
    ("experts",),
    ("vector",),
    ("recording",),
    ("benchmark",),
    ("trials",),
    ("training",),
    ("demos",),
    ("cli", "__main__"),
)
"""The house from the ground floor up; a part may import its own layer and below."""

DOORS = {
    "pufferlib": {"envs/puffer_env.py", "vector/puffer.py"},
    "matplotlib": {"benchmark/plots.py"},
    "ompl": {"engines/builtin/rrt_connect.py"},
    "minari": {"demos/minari_files.py"},
    "h5py": {"demos/minari_files.py"},
    "torch": {
        "distributed/torch_group.py",
        "training/checkpoint.py",
        "training/device.py",
        "training/encoder.py",
        "training/policy.py",
        "training/ppo.py",
        "training/trainer.py",
    },
    "tensorboard": {"training/logs.py"},
    "torchrl": set[str](),
    "pyrep": {"engines/rlbench/api.py"},
    "rlbench": {"engines/rlbench/api.py"},
    "pyrep_mujoco": {"engines/rlbench/mujoco.py"},
}
"""The only files that may import each of these packages."""

LAZY = ("cli/", "make.py", "__main__.py")
"""Who may import parts of this package within a function."""


def level(name: str) -> int:
    part = name.removeprefix("rlbench_puffer").removeprefix(".").partition(".")[0]
    for index, parts in enumerate(LAYERS):
        if part in parts:
            return index
    raise AssertionError(f"{name} is in no layer: give {part!r} a place in LAYERS")


def own_imports() -> list[tuple[Path, str, int, bool]]:
    return [
        (path, name, line, lazy)
        for path in package_files()
        for name, line, lazy in imports(path)
        if name.partition(".")[0] == "rlbench_puffer"
    ]


def test_imports_point_down_the_list_of_layers_only() -> None:
    found = own_imports()
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path, name, line, _ in found
        # The bare package is its version and its lazy exports: a floor of its own.
        if name != "rlbench_puffer" and level(name) > level(module_name(path))
    ]
    assert not wrong
    assert len(found) > 50


def test_the_package_itself_imports_nothing_of_its_own() -> None:
    (top,) = [
        path
        for path in package_files()
        if path.parent.name == "rlbench_puffer" and path.name == "__init__.py"
    ]
    assert [name for name, *_ in imports(top)] == ["importlib", "typing"]


def test_only_make_modules_and_the_command_line_import_lazily() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name} within a function"
        for path, name, line, lazy in own_imports()
        if lazy and not any(word in path.as_posix() for word in LAZY)
    ]
    assert not wrong


def test_heavy_packages_are_imported_through_their_door_only() -> None:
    seen: dict[str, set[str]] = {name: set() for name in DOORS}
    for path in package_files():
        for name, *_ in imports(path):
            package = name.partition(".")[0]
            if package in seen:
                place = path.relative_to(ROOT / "src" / "rlbench_puffer").as_posix()
                seen[package].add(place)
    assert seen == DOORS


def test_every_import_is_of_the_standard_library_or_a_declared_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    # A requirement begins with its name; here every module is named like it.
    declared = {
        re.split(r"[<>=]", requirement)[0].replace("-", "_")
        for requirements in (project["dependencies"], *extras)
        for requirement in requirements
    } | {"rlbench_puffer", "pyrep_mujoco"}
    used = {
        name.partition(".")[0] for path in package_files() for name, *_ in imports(path)
    }
    assert used - set(sys.stdlib_module_names) - declared == set()
