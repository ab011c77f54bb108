"""Names, handles, order and places, as CoppeliaSim gives them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttm_writer as w
from pyrep_mujoco.errors import SceneError, UnknownObjectError
from pyrep_mujoco.scene.frames import (
    IDENTITY,
    Frame,
    compose,
    frame,
    inverse,
    relative,
)
from pyrep_mujoco.scene.tree import Tree
from pyrep_mujoco.ttm.dummies import Dummy
from pyrep_mujoco.ttm.joints import Joint
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor
from pyrep_mujoco.ttm.read import read_model

GRIPPER = Path(__file__).parents[1] / "data" / "ttm" / "PandaGripper.ttm"

numbers = st.floats(-1, 1)
frames = st.tuples(
    st.tuples(numbers, numbers, numbers),
    st.tuples(numbers, numbers, numbers, numbers).filter(
        lambda quat: sum(part * part for part in quat) > 1e-3
    ),
).map(lambda pair: frame(*pair))


def same(first: Frame, second: Frame) -> bool:
    """Whether two frames are one; a quaternion and its negative are."""
    dot = sum(a * b for a, b in zip(first.quat_wxyz, second.quat_wxyz, strict=True))
    return first.position == pytest.approx(second.position, abs=1e-9) and abs(
        dot
    ) == pytest.approx(1)


@settings(max_examples=100, deadline=None)
@given(frames, frames, frames)
def test_frames_are_a_group(a: Frame, b: Frame, c: Frame) -> None:
    assert same(compose(a, inverse(a)), IDENTITY)
    assert same(compose(compose(a, b), c), compose(a, compose(b, c)))
    assert same(compose(a, relative(b, a)), b)


def linked_dummies() -> bytes:
    """A base, a joint on it, and a tip that is linked to a target."""
    return w.file(
        w.dummy(w.base("target", 50, 10), linked=40, kind=5),
        w.joint(w.base("arm", 30, 10), depends=(30, 2.0, 0.5), position=0.5),
        w.dummy(w.base("tip", 40, 30, position=(1, 0, 0)), linked=50, kind=5),
        w.dummy(w.base("base", 10, position=(0, 0, 2))),
    )


def test_handles_count_up_in_the_files_order_and_references_follow() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    added = tree.add(read_model(linked_dummies()))
    assert [node.handle for node in tree] == list(range(8))
    assert [node.name for node in added] == ["target#0", "arm#0", "tip#0", "base#0"]
    target, arm, tip, base = added
    assert isinstance(target.source, Dummy)
    assert isinstance(tip.source, Dummy)
    assert isinstance(arm.source, Joint)
    assert (target.source.linked_to, tip.source.linked_to) == (tip.handle, 4)
    assert arm.source.depends_on == arm.handle
    assert (tip.parent, arm.parent, base.parent) == (arm, base, None)
    assert base.children == [target, arm]
    assert tree.node("tip").handle == 2


def test_a_third_model_gets_the_next_suffix_for_all_of_its_names() -> None:
    tree = Tree()
    for _ in range(3):
        added = tree.add(read_model(linked_dummies()))
    assert {node.name.partition("#")[2] for node in added} == {"1"}


def test_a_name_that_is_not_there_is_an_error_with_those_like_it() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    with pytest.raises(UnknownObjectError, match=r"no object 'tipp'.*\btip\b"):
        tree.node("tipp")
    with pytest.raises(UnknownObjectError, match="no object 99"):
        tree.node(99)


def test_a_joint_moves_what_hangs_on_it() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    arm, tip = tree.node("arm"), tree.node("tip")
    arm.joint_position = 3.141592653589793
    assert same(tip.frame_w, Frame((-1, 0, 2), (0, 0, 0, 1)))


@settings(max_examples=30, deadline=None)
@given(frames, st.floats(-3, 3))
def test_hanging_an_object_elsewhere_does_not_move_it(
    place: Frame, position: float
) -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    arm, tip, target = tree.node("arm"), tree.node("tip"), tree.node("target")
    tree.node("base").place(place)
    arm.joint_position = position
    for parent in (target, None, arm):
        before = tip.frame_w
        tree.hang(tip, parent)
        assert tip.parent is parent
        assert same(tip.frame_w, before)


def test_what_hangs_elsewhere_for_a_while_comes_back_to_its_place_in_order() -> None:
    """RLBench's task_low_dim_state is of a tree's objects in their order."""
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    target, arm, base = tree.node("target"), tree.node("arm"), tree.node("base")
    order = list(base.tree())
    for node in target, arm:
        tree.hang(node, None)
        tree.hang(node, base)
        assert base.children == [target, arm]
        assert list(base.tree()) == order


def test_nothing_hangs_on_what_hangs_on_it() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    with pytest.raises(SceneError, match="'base' cannot hang on 'tip'"):
        tree.hang(tree.node("base"), tree.node("tip"))


def test_children_of_what_is_removed_stay_where_they_are() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    arm, tip, base = tree.node("arm"), tree.node("tip"), tree.node("base")
    before = tip.frame_w
    tree.remove(arm)
    assert tip.parent is base
    assert same(tip.frame_w, before)
    assert arm.handle not in tree
    # Handles are never given twice.
    assert tree.add(read_model(linked_dummies()))[0].handle == 4


def test_what_a_sensor_watches_keeps_its_meaning() -> None:
    tree = Tree()
    tree.add(read_model(linked_dummies()))
    tree.add(read_model(GRIPPER.read_bytes()))
    sensor = tree.node("Panda_gripper_attachProxSensor").source
    assert isinstance(sensor, ProximitySensor)
    assert sensor.entity == -1
