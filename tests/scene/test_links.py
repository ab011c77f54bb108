"""Which shapes the physics moves, what holds them, and which may touch."""

import itertools

import mujoco
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttm_writer as w
from pyrep_mujoco.scene.links import Hold, carrier, is_respondable, link
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Tree
from pyrep_mujoco.ttm.read import read_model

POOL = w.box_pool((0.1, 0.1, 0.1))


def tree_of(*chunks: bytes) -> Tree:
    tree = Tree()
    tree.add(read_model(w.file(POOL, *chunks)))
    return tree


def force_sensor(head: bytes) -> bytes:
    return w.chunk(
        "FSE",
        head,
        w.chunk("Vab", b"\0"),
        w.chunk("Tri", 1.0, 1.0, 1),
        w.chunk("Siz", 0.01),
        b"EOO",
    )


CHAIN = (
    w.box("base", 1, dynamic=False),
    w.joint(w.base("hinge", 2, 1)),
    w.box("door", 3, 2),
    w.box("handle", 4, 3, dynamic=False),
    force_sensor(w.base("glue", 5, 3)),
    w.box("knob", 6, 5),
    w.dummy(w.base("frame", 7, 2)),
    w.box("loose", 8, 3),
    w.joint(w.base("passive", 9, 1), mode=0),
    w.box("free", 10, 9),
    w.box("shown", 11, 9, dynamic=False),
)


@pytest.mark.parametrize(
    ("name", "hold", "on"),
    [
        ("base", Hold.FIXED, None),
        ("door", Hold.JOINT, "base"),
        ("handle", Hold.FIXED, "door"),
        ("knob", Hold.FIXED, "door"),
        ("loose", Hold.FREE, None),
        ("free", Hold.FREE, None),
        ("shown", Hold.FIXED, "base"),
    ],
)
def test_shapes_are_held_as_coppeliasim_holds_them(
    name: str, hold: Hold, on: str | None
) -> None:
    tree = tree_of(*CHAIN)
    held = link(tree.node(name))
    assert held.hold is hold
    assert (held.carrier.name if held.carrier else None) == on


def test_what_hangs_on_a_simulated_joint_moves_with_its_shape() -> None:
    tree = tree_of(*CHAIN)
    found = carrier(tree.node("frame"))
    assert found is tree.node("door")


def test_a_model_that_is_not_dynamic_holds_all_its_shapes() -> None:
    tree = tree_of(
        w.dummy(w.base("top", 1, model_base=True, model_properties=0x20 | 0x40)),
        w.box("box", 2, 1),
    )
    assert link(tree.node("box")).hold is Hold.FIXED
    assert not is_respondable(tree.node("box"))


masks = st.integers(0, 0xFFFF)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(masks, st.booleans()), min_size=2, max_size=5))
def test_shapes_touch_when_their_masks_share_a_bit(
    kinds: list[tuple[int, bool]],
) -> None:
    """The low byte counts below one topmost object, the high byte elsewhere."""
    boxes = [
        w.box(f"box{number}", 10 + number, 1 if below else -1, masks=mask)
        for number, (mask, below) in enumerate(kinds)
    ]
    scene = Scene()
    scene.load(read_model(w.file(POOL, w.dummy(w.base("top", 1)), *boxes)))
    # All boxes are in one place: whoever may touch, does.
    touching = {
        frozenset(
            scene.model.body(int(scene.model.geom_bodyid[geom])).name
            for geom in contact.geom
        )
        for contact in scene.data.contact
    }
    for (one, (mask, below)), (two, (other, other_below)) in itertools.combinations(
        enumerate(kinds), 2
    ):
        shared = mask & other
        may = shared & 0xFF if below and other_below else shared >> 8
        assert (frozenset({f"box{one}", f"box{two}"}) in touching) == bool(may)


def test_a_jointed_shape_does_not_touch_what_its_joint_is_fixed_to() -> None:
    scene = Scene()
    scene.load(
        read_model(
            w.file(
                POOL,
                w.box("frame", 1, dynamic=False),
                w.box("rail", 2, 1, dynamic=False),
                w.joint(w.base("slide", 3, 1), kind=11),
                w.box("drawer", 4, 3),
                w.box("cup", 5),
            )
        )
    )
    names = {
        frozenset(
            scene.model.body(int(scene.model.geom_bodyid[geom])).name
            for geom in contact.geom
        )
        for contact in scene.data.contact
    }
    assert names == {
        frozenset({"cup", "drawer"}),
        frozenset({"cup", "frame"}),
        frozenset({"cup", "rail"}),
    }
    assert scene.model.jnt("slide").type[0] == mujoco.mjtJoint.mjJNT_SLIDE
