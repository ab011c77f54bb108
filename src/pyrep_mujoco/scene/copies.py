"""Copies of a scene's objects."""

import dataclasses
from collections.abc import Sequence

from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.header import Header
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.objects import SceneObject

_NO_HEADER = Header(22, False, 0, 40100)
"""Of what was read from no file."""


def add_copies(tree: Tree, nodes: Sequence[Node]) -> dict[Node, Node]:
    """Add copies of objects as the tree has them, with their scripts.

    Collections and IK groups all of whose objects are copied are copied, too. What
    hung on an object that is copied, too, hangs on its copy; all else on nothing.

    Returns:
      each object's copy.
    """
    originals = sorted(nodes, key=lambda node: node.handle)
    handles = {node.handle for node in originals}
    model = Model(
        header=_NO_HEADER,
        objects=tuple(_loose_source(node, handles) for node in originals),
        textures=(),
        collections=tuple(
            dataclasses.replace(group, name=_plain(group.name))
            for group in tree.collections.values()
            if all(element.object in handles for element in group.elements)
        ),
        ik_groups=tuple(
            dataclasses.replace(group, name=_plain(group.name))
            for group in tree.ik_groups.values()
            if all(element.tip in handles for element in group.elements)
        ),
        scripts=tuple(
            script for script in tree.scripts.values() if script.object in handles
        ),
        box=None,
        world=None,
    )
    copies = dict(zip(originals, tree.add(model), strict=True))
    for node, twin in copies.items():
        twin.textures = node.textures
        twin.frame = node.frame
        if node.drive is not None:
            twin.drive = node.drive.copy()
    return copies


def _loose_source(node: Node, handles: set[int]) -> SceneObject:
    """What an object is, under its plain name, on a parent only among some."""
    parent = -1 if node.parent is None else node.parent.handle
    return dataclasses.replace(
        node.source,
        name=_plain(node.name),
        parent=parent if parent in handles else -1,
    )


def _plain(name: str) -> str:
    """A name without the number that tells copies apart."""
    return name.partition("#")[0]
