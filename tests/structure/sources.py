"""The project's own source files as the structure tests see them."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "rlbench_puffer"


def package_files(package: Path = PACKAGE) -> list[Path]:
    """Every module of a package."""
    return sorted(package.rglob("*.py"))


def module_name(path: Path) -> str:
    """Dotted name of a file under ``src``."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports(path: Path) -> tuple[tuple[str, int, bool], ...]:
    """What a file imports: dotted name, line, and whether within a function.

    ``from a import b`` gives ``a``. Imports for the type checker alone are left
    out: they are never run.
    """
    tree = ast.parse(path.read_text(), str(path))
    return tuple(_imports_in(tree, lazy=False))


def _imports_in(node: ast.AST, *, lazy: bool) -> Iterator[tuple[str, int, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield alias.name, child.lineno, lazy
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports hide the layer they reach"
            yield child.module or "", child.lineno, lazy
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports_in(child, lazy=lazy or inside)
