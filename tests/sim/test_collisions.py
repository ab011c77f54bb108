"""Collisions and distances, by triangles, of objects, collections and everything."""

from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import UnknownObjectError
from pyrep_mujoco.scene.frames import frame
from pyrep_mujoco.sim.collisions import (
    CollisionChecks,
    simCheckCollision,
    simCheckDistance,
)
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.sim.sizes import simScaleObject
from sim.launched import launched

ALL = -2
SIZES = ((0.1, 0.1, 0.1), (0.4, 0.4, 0.4), (1.0, 0.02, 0.02))
POOL = w.box_pool(*SIZES)
NEITHER = 0x3F3 & ~0x3
"""Special properties without those of collision and measuring."""


def still(name: str, handle: int, parent: int = -1, **of_box: Any) -> bytes:
    index = of_box.pop("index", 0)
    return w.box(
        name, handle, parent, index=index, size=SIZES[index], dynamic=False, **of_box
    )


def handle(simulation: Simulation, name: str) -> int:
    return simulation.scene.tree.node(name).handle


def move(simulation: Simulation, name: str, *position: float) -> None:
    node = simulation.scene.tree.node(name)
    simulation.scene.place(node, frame(position, (1, 0, 0, 0)))


def test_boxes_collide_where_their_surfaces_meet_and_not_one_within_another() -> None:
    with launched(POOL, still("small", 1), still("big", 2, index=1)) as simulation:
        small, big = handle(simulation, "small"), handle(simulation, "big")
        # Wholly inside: CoppeliaSim tests surfaces, too.
        assert simCheckCollision(small, big) == 0
        move(simulation, "small", 0.2, 0, 0)
        assert simCheckCollision(small, big) == simCheckCollision(big, small) == 1
        move(simulation, "small", 0.2501, 0, 0)
        assert simCheckCollision(small, big) == 0


def test_a_pair_is_looked_at_anew_when_one_moves_turns_or_grows() -> None:
    """What was worked out for a pair before holds only while it stays as it was."""
    with launched(POOL, still("box", 1), still("beam", 2, index=2)) as simulation:
        box, beam = handle(simulation, "box"), handle(simulation, "beam")
        move(simulation, "box", 0.0, 0.4, 0.0)
        assert simCheckCollision(box, beam) == 0
        node = simulation.scene.tree.node("beam")
        half = np.sqrt(0.5)
        simulation.scene.place(node, frame((0, 0, 0), (half, 0, 0, half)))
        assert simCheckCollision(box, beam) == 1
        simulation.scene.place(node, frame((0, 0, 0), (1, 0, 0, 0)))
        assert simCheckCollision(box, beam) == 0
        simScaleObject(beam, 1.0, 40.0, 1.0)
        assert simCheckCollision(box, beam) == 1
        move(simulation, "box", 0.0, 0.5, 0.0)
        assert simCheckCollision(box, beam) == 0


def test_a_hull_is_not_a_shape() -> None:
    """The corner between two boxes of one compound is free."""
    part = [
        w.mesh("Geo", 2, SIZES[2], position=(0, 0, 0)),
        w.mesh("Geo", 0, SIZES[0], position=(0.45, 0.5, 0)),
    ]
    cup = w.shape(w.base("cup", 1), w.compound("Gsg", *part), dynamic=False)
    thing = still("thing", 2, position=(0, 0.15, 0))
    with launched(POOL, cup, thing) as simulation:
        assert simCheckCollision(handle(simulation, "cup"), ALL) == 0
        move(simulation, "thing", 0.45, 0.43, 0)
        assert simCheckCollision(handle(simulation, "cup"), ALL) == 1


def test_flags_count_in_collections_and_for_all_but_not_for_named_objects() -> None:
    with launched(
        POOL,
        still("one", 1),
        still("other", 2, position=(0.05, 0.01, 0), special=NEITHER),
        w.collection("others", 2_000_001, (2, 0, True)),
    ) as simulation:
        one, other = handle(simulation, "one"), handle(simulation, "other")
        (others,) = simulation.scene.tree.collections
        assert simCheckCollision(one, other) == 1
        assert simCheckCollision(one, ALL) == 0
        assert simCheckCollision(other, ALL) == 1
        assert simCheckCollision(one, others) == 0


def test_a_model_takes_collisions_from_what_hangs_below_it() -> None:
    with launched(
        POOL,
        still("one", 1),
        still("base", 2, position=(2, 0, 0), model_base=True, model_properties=0x1),
        still("below", 3, 2, position=(-1.95, 0.01, 0)),
    ) as simulation:
        assert simCheckCollision(handle(simulation, "one"), ALL) == 0
        assert simCheckDistance(handle(simulation, "one"), ALL, -1)[6] == 0


def test_all_means_all_that_is_not_in_the_collection() -> None:
    with launched(
        POOL,
        still("base", 1),
        still("below", 2, 1, position=(0.05, 0, 0)),
        still("grasped", 3, position=(0.08, 0.01, 0)),
        w.collection("arm", 2_000_001, (1, 1, True)),
    ) as simulation:
        (arm,) = simulation.scene.tree.collections
        assert simCheckCollision(arm, ALL) == 1
        tree = simulation.scene.tree
        simulation.scene.hang(tree.node("grasped"), tree.node("base"))
        assert simCheckCollision(arm, ALL) == 0


def test_asking_compiles_nothing() -> None:
    """RLBench makes dozens of shapes and looks after each where it has room."""
    with launched(POOL, still("one", 1), still("other", 2)) as simulation:
        scene = simulation.scene
        before = scene.compiled
        twin = scene.create(scene.tree.node("one").source)
        assert simCheckCollision(twin.handle, ALL) == 1
        scene.place(twin, frame((0, 3, 0), (1, 0, 0, 0)))
        assert simCheckCollision(twin.handle, ALL) == 0
        assert simCheckDistance(twin.handle, ALL, -1)[6] == pytest.approx(2.9)
        assert scene.compiled_last is before
        assert scene.compiled is not before


def test_collections_add_and_take_objects_trees_and_chains() -> None:
    with launched(
        POOL,
        still("base", 1, position=(5, 0, 0)),
        still("middle", 2, 1, position=(-5, 0, 0)),
        still("tip", 3, 2, position=(3, 0, 0)),
        still("thing", 4, position=(0.05, 0.01, 0)),
        w.collection("tree without tip", 2_000_001, (1, 1, True), (3, 0, False)),
        w.collection("below middle", 2_000_002, (2, 2, True)),
        w.collection("chain of tip", 2_000_003, (3, 4, True)),
    ) as simulation:
        thing = handle(simulation, "thing")
        found = {
            group.name: simCheckCollision(group.handle, thing)
            for group in simulation.scene.tree.collections.values()
        }
        assert found == {"tree without tip": 1, "below middle": 0, "chain of tip": 1}


def test_the_distance_is_the_length_of_the_line_between_surfaces() -> None:
    with launched(
        POOL,
        still("one", 1),
        still("far", 2, index=1, position=(9, 0, 0)),
        still("near", 3, index=1, position=(0.5, 0.1, 0)),
        still("unmeasured", 4, position=(0.12, 0, 0), special=NEITHER),
    ) as simulation:
        one, near = handle(simulation, "one"), handle(simulation, "near")
        line = simCheckDistance(one, near, -1)
        assert line[6] == pytest.approx(0.25)
        assert line[0] == pytest.approx(0.05)
        assert line[3] == pytest.approx(0.3)
        ends = np.reshape(line[:6], (2, 3))
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(0.25)
        assert simCheckDistance(one, ALL, 0)[6] == pytest.approx(0.25)
        # Nothing is that near.
        assert simCheckDistance(one, ALL, 0.2) == [0.0] * 7
        move(simulation, "one", 0.3, 0.1, 0)
        assert simCheckDistance(one, near, -1)[6] == 0


def test_a_dummy_is_a_point_that_is_measured_and_collides_with_nothing() -> None:
    dummy = w.dummy(w.base("point", 2, position=(0.05, 0.15, 0)))
    with launched(POOL, still("one", 1), dummy) as simulation:
        one, point = handle(simulation, "one"), handle(simulation, "point")
        assert simCheckDistance(point, one, -1)[6] == pytest.approx(0.1, abs=1e-6)
        assert simCheckDistance(one, ALL, -1)[6] == pytest.approx(0.1, abs=1e-6)
        move(simulation, "point", 0.05, 0, 0)
        assert simCheckCollision(point, one) == simCheckCollision(one, ALL) == 0


def test_an_entity_that_is_not_there_is_named() -> None:
    with launched(POOL, still("one", 1)) as simulation:
        with pytest.raises(UnknownObjectError, match="4711"):
            simCheckCollision(handle(simulation, "one"), 4711)
        with pytest.raises(UnknownObjectError, match="4711"):
            simCheckDistance(4711, ALL, 0)


def lever(*more: bytes) -> tuple[bytes, ...]:
    """A bar of 1 m that turns about z, on a slide along x."""
    along_x = (np.sqrt(0.5), 0, np.sqrt(0.5), 0)
    back = (np.sqrt(0.5), 0, -np.sqrt(0.5), 0)
    return (
        POOL,
        still("post", 1, position=(0, 0, -1)),
        w.joint(w.base("slide", 2, 1, quat_wxyz=along_x), kind=11, mode=0),
        w.joint(
            w.base("hinge", 3, 2, quat_wxyz=back, position=(-1, 0, 0)),
            mode=0,
            position=0.3,
        ),
        still("bar", 4, 3, index=2, position=(0.5, 0, 0)),
        w.collection("arm", 2_000_001, (1, 1, True)),
        *more,
    )


def test_an_arm_is_checked_where_its_joints_would_stand() -> None:
    thing = still("thing", 9, position=(0, 0.9, 0))
    with launched(*lever(thing)) as simulation:
        (arm,) = simulation.scene.tree.collections
        joints = [handle(simulation, name) for name in ("slide", "hinge")]
        check = simulation.part(CollisionChecks).of_arm(joints, [(arm, ALL)])
        asked = np.array([(0, 0), (0, np.pi / 2), (0.3, np.pi / 2), (0, 1.4), (3, 1)])
        expected = [False, True, False, False, False]
        np.testing.assert_array_equal(check.check_all(asked), expected)
        assert [check.check(one) for one in asked] == expected
        # The scene itself agrees once its joints stand there.
        for configuration, collides in zip(asked, expected, strict=True):
            for name, position in zip(("slide", "hinge"), configuration, strict=True):
                node = simulation.scene.tree.node(name)
                simulation.scene.set_joint_position(node, position)
            assert simCheckCollision(arm, ALL) == collides


def test_what_is_grasped_moves_with_the_arm() -> None:
    things = (
        still("grasped", 9, position=(1.05, 0.1, 0)),
        still("wall", 10, position=(0, 1.1, 0.07)),
    )
    with launched(*lever(*things)) as simulation:
        tree, scene = simulation.scene.tree, simulation.scene
        scene.set_joint_position(tree.node("hinge"), 0.0)
        (arm,) = tree.collections
        joints = [handle(simulation, "hinge")]
        checks = simulation.part(CollisionChecks)
        assert not checks.of_arm(joints, [(arm, ALL)]).check([np.pi / 2])
        scene.hang(tree.node("grasped"), tree.node("bar"))
        check = checks.of_arm(joints, [(arm, ALL)])
        assert check.check([np.pi / 2])
        assert not check.check([0.0])


def test_an_arm_that_stands_in_something_collides_wherever_its_joints_are() -> None:
    thing = still("thing", 9, position=(0.05, 0.01, -1))
    with launched(*lever(thing)) as simulation:
        (arm,) = simulation.scene.tree.collections
        joints = [handle(simulation, "hinge")]
        check = simulation.part(CollisionChecks).of_arm(joints, [(arm, ALL)])
        assert check.check([0.0])
        assert check.check([1.0])
