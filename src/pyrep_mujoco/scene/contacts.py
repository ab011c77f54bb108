"""Which pairs of shapes must not touch."""

from collections.abc import Iterator

from pyrep_mujoco.scene.links import Hold, is_dynamic, is_respondable, link
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.shapes import Shape


def excluded_pairs(tree: Tree) -> Iterator[tuple[Node, Node]]:
    """Pairs of respondable shapes that make no contact though MuJoCo would see one."""
    shapes = [node for node in tree if is_respondable(node)]
    tops = {node: _top(node) for node in shapes}
    groups = {node: _rigid_group(node) for node in tree if _is_shape(node)}
    # A jointed shape and all that its joint is fixed to: Bullet makes no friction
    # where two shapes just touch, MuJoCo does, and drawers would stick.
    jointed = {
        node: groups[held.carrier]
        for node in shapes
        if (held := link(node)).hold is Hold.JOINT and held.carrier is not None
    }
    # MuJoCo makes no contacts between bodies that cannot move.
    still = {
        node for node in shapes if not is_dynamic(node) and link(node).carrier is None
    }
    for place, first in enumerate(shapes):
        for second in shapes[place + 1 :]:
            if first in still and second in still:
                continue
            if (
                not _masks_allow(first, second, tops[first] is tops[second])
                or groups[first] is groups[second]
                or jointed.get(groups[first]) is groups[second]
                or jointed.get(groups[second]) is groups[first]
            ):
                yield first, second


def _is_shape(node: Node) -> bool:
    return isinstance(node.source, Shape)


def _masks_allow(first: Node, second: Node, same_top: bool) -> bool:
    """Whether the masks of two shapes let them touch."""
    one, other = first.source, second.source
    assert isinstance(one, Shape)
    assert isinstance(other, Shape)
    if same_top:
        return bool(one.local_mask & other.local_mask)
    return bool(one.global_mask & other.global_mask)


def _top(node: Node) -> Node:
    """The topmost ancestor, or the object itself."""
    return next(reversed([node, *node.ancestors()]))


def _rigid_group(node: Node) -> Node:
    """The shape that stands for all shapes that are fixed to this one."""
    held = link(node)
    while held.hold is Hold.FIXED and held.carrier is not None:
        node = held.carrier
        held = link(node)
    return node
