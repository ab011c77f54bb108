"""Entities: the objects that a handle of an object or of a collection stands for."""

from collections.abc import Iterable

from pyrep_mujoco.errors import UnknownObjectError
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.groups import Collection, CollectionElement, Extent
from pyrep_mujoco.ttm.objects import ModelProperty, SceneObject, SpecialProperty


def members(tree: Tree, collection: Collection) -> list[Node]:
    """The objects of a collection now; trees and chains are walked anew."""
    found: dict[Node, None] = {}
    for element in collection.elements:
        for node in _stands_for(tree, element):
            if element.added:
                found[node] = None
            else:
                found.pop(node, None)
    return list(found)


def objects_of(tree: Tree, entity: int) -> list[Node]:
    """The objects of an entity: one object alone, or a collection's.

    Raises:
      UnknownObjectError: there is no such object or collection.
    """
    if entity in tree:
        return [tree.node(entity)]
    if entity in tree.collections:
        return members(tree, tree.collections[entity])
    raise UnknownObjectError(entity)


def having(
    nodes: Iterable[Node],
    kinds: tuple[type[SceneObject], ...],
    wanted: SpecialProperty,
    taken: ModelProperty,
) -> list[Node]:
    """Those objects of some kinds that have a property.

    Args:
      nodes: any objects.
      kinds: what counts.
      wanted: the property; any bit of it is enough.
      taken: what a model base above takes the property away with.
    """
    return [
        node
        for node in nodes
        if isinstance(node.source, kinds)
        and node.source.special_properties & wanted
        and not node.has(taken)
    ]


def _stands_for(tree: Tree, element: CollectionElement) -> Iterable[Node]:
    if element.extent is Extent.ALL:
        return tree
    if element.object not in tree:
        # What a collection refers to may have been removed.
        return ()
    node = tree.node(element.object)
    if element.extent is Extent.ALONE:
        return (node,)
    if element.extent is Extent.TREE:
        return node.tree()
    if element.extent is Extent.TREE_WITHOUT_ROOT:
        return (below for below in node.tree() if below is not node)
    if element.extent is Extent.CHAIN:
        return (node, *node.ancestors())
    return node.ancestors()
