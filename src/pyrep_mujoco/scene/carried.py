"""Where objects are in the frame of the body that carries them."""

from collections.abc import Callable

from pyrep_mujoco.scene.frames import IDENTITY, Frame, compose, relative
from pyrep_mujoco.scene.links import Link
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.joints import Joint, JointKind


def moved_by(node: Node) -> Frame:
    """What an object's children are in, seen from it, as the tree has it."""
    return node.moved


def seen_from(
    base: Node | None, node: Node, moved: Callable[[Node], Frame] = moved_by
) -> Frame:
    """An object's place in the frame of a shape, from the frames between them alone.

    By way of the world, rounding would let it hang on where all of them stand, and a
    scene that is put back would not be bit for bit what it was.

    Args:
      base: the shape; None for the world.
      node: the object.
      moved: what the children of an object are in, seen from it.
    """
    above = set() if base is None else {base, *base.ancestors()}
    place, common = node.frame, node.parent
    while common is not None and common not in above:
        place = compose(compose(common.frame, moved(common)), place)
        common = common.parent
    if base is None or common is base:
        return place
    # Both hang on the same object, as do a shape that a joint moves and what else it
    # carries.
    of_base = base.frame
    for between in base.ancestors():
        if between is common:
            break
        of_base = compose(compose(between.frame, moved(between)), of_base)
    return relative(place, of_base)


def moved_at_compilation(joint: Node) -> Frame:
    """What a joint's children's frames are in, seen from it, where models have it.

    As in its file, not as it is now: else a model, and what MuJoCo reckons from it
    once, would hang on where joints stood when it was compiled.
    """
    assert isinstance(joint.source, Joint)
    if joint.source.kind is JointKind.SPHERICAL:
        return IDENTITY
    return joint.moved_at(joint.source.position)


def place_on_carrier(node: Node, held: Link) -> Frame:
    """Where a shape's body stands on its carrier in a model.

    Args:
      node: the shape.
      held: how it is held.
    """
    joint = held.joint
    if joint is None:
        return seen_from(held.carrier, node)
    on_carrier = seen_from(held.carrier, joint)
    return compose(compose(on_carrier, moved_at_compilation(joint)), node.frame)
