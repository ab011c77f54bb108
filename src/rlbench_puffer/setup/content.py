"""One number for all that a folder holds: what git calls the id of a tree."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_Tree = dict[str, Any]


def files_of(folder: Path) -> list[Path]:
    """All files below a folder, but those that Python makes of others."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def tree_id(folder: Path, files: Iterable[Path]) -> str:
    """Git's id of a tree of these files, each as if it could not be executed.

    Args:
      folder: the root.
      files: some or all that are below it.

    Returns:
      40 hexadecimal digits: equal for equal names and bytes.
    """
    root: _Tree = {}
    for file in files:
        *folders, name = file.relative_to(folder).parts
        tree = root
        for part in folders:
            tree = tree.setdefault(part, {})
        tree[name] = _object("blob", file.read_bytes())
    return _tree_object(root).hex()


def _tree_object(tree: _Tree) -> bytes:
    rows: list[tuple[bytes, bytes]] = []
    for name, entry in tree.items():
        inner = isinstance(entry, dict)
        mode, key = (b"40000", f"{name}/") if inner else (b"100644", name)
        identity = _tree_object(entry) if inner else entry
        rows.append((key.encode(), mode + b" " + name.encode() + b"\0" + identity))
    return _object("tree", b"".join(row for _, row in sorted(rows)))


def _object(kind: str, data: bytes) -> bytes:
    # Git's own choice; it tells mistakes, and nobody signs anything with it.
    head = f"{kind} {len(data)}\0".encode()
    return hashlib.sha1(head + data, usedforsecurity=False).digest()
