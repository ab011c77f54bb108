"""What is exported is exactly what is meant to be public, and it is documented."""

import ast
import inspect

import pytest

import rlbench_puffer
from structure.sources import PACKAGE

PUBLIC = [
    "Camera",
    "DemoActionScaling",
    "EnvConfig",
    "Expert",
    "Placement",
    "RLBenchEnv",
    "RLBenchPufferError",
    "Randomization",
    "Scene",
    "Simulator",
    "Task",
    "Waypoint",
    "__version__",
    "attach_mjcf",
    "load_demos",
    "make",
    "make_vec",
    "register_envs",
    "register_task",
]


def test_the_export_list_is_what_is_meant_to_be_public() -> None:
    assert rlbench_puffer.__all__ == PUBLIC
    assert dir(rlbench_puffer) == sorted(PUBLIC)


def test_the_lazy_table_and_the_type_checkers_imports_name_the_same_things() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }
    assert typed == rlbench_puffer._EXPORTS


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_can_be_had_and_is_documented(name: str) -> None:
    thing = getattr(rlbench_puffer, name)
    assert inspect.getdoc(thing)
    assert thing.__module__.startswith("rlbench_puffer.")


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'make_vek'"):
        _ = rlbench_puffer.make_vek
