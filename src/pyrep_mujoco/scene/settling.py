"""Whether a compiled scene can be held as its objects ask for now, and how."""

from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.holds import Holds
from pyrep_mujoco.scene.links import Hold, Link, carrier, is_respondable, link
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.shapes import Shape


def settle(tree: Tree, compiled: Compiled, holds: Holds) -> bool:
    """Hold all bodies as the objects say now.

    Returns:
      whether that went; if not, the scene has to be compiled anew.
    """
    shapes = [node for node in tree if isinstance(node.source, Shape)]
    wanted = {node: link(node) for node in shapes}
    if not all(_fits(compiled, node, want) for node, want in wanted.items()):
        return False
    for node, want in wanted.items():
        _hold(compiled, holds, node, want)
        if node in compiled.respondable:
            holds.let_touch(node, respondable=is_respondable(node))
    return True


def links_to_compile(tree: Tree, before: Compiled | None) -> dict[Node, Link]:
    """How to compile each shape's body.

    What could move once keeps its joint, though it should be held now: letting go of
    it needs no other compilation.
    """
    links = {node: link(node) for node in tree if isinstance(node.source, Shape)}
    if before is not None:
        for node, want in links.items():
            have = before.links.get(node)
            if have is None or want.hold is not Hold.FIXED:
                continue
            keeps = have.hold is Hold.FREE or _stands_on_its_joint(node, have)
            if keeps:
                links[node] = have
    return links


def _fits(compiled: Compiled, node: Node, want: Link) -> bool:
    """Whether a shape can be held as wanted with the joint that it has."""
    have = compiled.links.get(node)
    if have is None or node not in compiled.bodies:
        return False
    if is_respondable(node) and node not in compiled.respondable:
        return False
    if have.hold is Hold.FREE:
        if want.hold is Hold.FIXED:
            return want.carrier is None or want.carrier in compiled.bodies
        return want.hold is Hold.FREE
    if have.hold is Hold.JOINT:
        if want.hold is Hold.JOINT:
            return want == have
        return want.hold is Hold.FIXED and _stands_on_its_joint(node, have)
    if want.hold is not Hold.FIXED:
        return False
    return want.carrier is have.carrier or (
        compiled.is_fixed(have.carrier) and never_moves(want.carrier)
    )


def _stands_on_its_joint(node: Node, have: Link) -> bool:
    """Whether a shape is where its joint has it, though the joint should not move."""
    return (
        have.hold is Hold.JOINT
        and node.parent is have.joint
        and carrier(node) is have.carrier
    )


def _hold(compiled: Compiled, holds: Holds, node: Node, want: Link) -> None:
    have = compiled.links[node]
    if have.hold is Hold.FREE:
        if want.hold is Hold.FREE:
            holds.thaw(node, node)
            holds.unweld(node)
        elif want.carrier is None or never_moves(want.carrier):
            holds.unweld(node)
            holds.freeze(node, node)
        else:
            holds.thaw(node, node)
            holds.weld(node, want.carrier)
    elif have.joint is not None:
        if want.hold is Hold.JOINT:
            holds.thaw(node, have.joint)
        else:
            holds.freeze(node, have.joint)


def never_moves(node: Node | None) -> bool:
    """Whether the physics does not move a shape, as the objects say now."""
    while node is not None:
        held = link(node)
        if held.hold is not Hold.FIXED:
            return False
        node = held.carrier
    return True
