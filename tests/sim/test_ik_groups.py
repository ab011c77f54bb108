"""IK groups: what they solve, within which limits, and what they refuse."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pyrep_mujoco.scene.frames import Frame, compose, frame, matrix, multiply, relative
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.ik_groups import (
    simCheckIkGroup,
    simComputeJacobian,
    simGetIkGroupHandle,
    simGetIkGroupMatrix,
    simHandleIkGroup,
    simSetIkElementProperties,
    simSetIkGroupProperties,
)
from pyrep_mujoco.sim.simulation import Simulation
from sim.arms import lift_arm, panda, panda_model

RECORDED = Path(__file__).parents[1] / "data" / "delta_ee_ik.npz"

OUT_OF_REACH = [1, 2, 4, 10]
"""Rows of ``delta_ee_ik.npz`` whose goals no arm of these lengths can take, as
tests/engines/test_inverse_kinematics.py shows. CoppeliaSim fails on these and on 6."""


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    simulation.end()


def put(launched: Simulation, handles: list[int], positions: np.ndarray) -> None:
    for handle, position in zip(handles, positions, strict=True):
        launched.scene.set_joint_position(launched.node(handle), float(position))


def where(launched: Simulation, name: str) -> Frame:
    return launched.scene.frame_w(launched.scene.tree.node(name))


def place(launched: Simulation, name: str, frame_w: Frame) -> None:
    launched.scene.place(launched.scene.tree.node(name), frame_w)


def test_recorded_moves_that_can_be_done_are_done() -> None:
    launched, joints = panda()
    group = simGetIkGroupHandle("Panda_ik")
    results = []
    for row in np.load(RECORDED)["rows"]:
        put(launched, joints, row[:7])
        # The recorded robot stood elsewhere: only where the goal is from its tip.
        (x, y, z, w), (i, j, k, r) = row[10:14], row[17:21]
        before = frame(row[7:10], (w, x, y, z))
        turned = multiply((r, i, j, k), before.quat_wxyz)
        asked = relative(frame(row[7:10] + row[14:17], turned), before)
        goal = compose(where(launched, "Panda_tip"), asked)
        place(launched, "Panda_target", goal)
        result, found = simCheckIkGroup(group, joints)
        results.append(result)
        put(launched, joints, np.array(found))
        if result == 1:
            reached = where(launched, "Panda_tip").position
            np.testing.assert_allclose(reached, goal.position, atol=5e-4)
    failed = [row for row, result in enumerate(results) if result != 1]
    assert failed == OUT_OF_REACH


def test_solving_moves_nothing() -> None:
    launched, joints = panda()
    before = where(launched, "Panda_tip")
    moved = compose(before, frame((0, 0, 0.05), (1, 0, 0, 0)))
    place(launched, "Panda_target", moved)
    result, found = simCheckIkGroup(simGetIkGroupHandle("Panda_ik"), joints)
    assert result == 1
    assert where(launched, "Panda_tip") == before
    put(launched, joints, np.array(found))
    np.testing.assert_allclose(
        where(launched, "Panda_tip").position, moved.position, atol=5e-4
    )


def test_joints_that_are_not_given_stand_still() -> None:
    launched, joints = panda()
    tip = where(launched, "Panda_tip")
    place(launched, "Panda_target", compose(tip, frame((0.02, 0, 0), (1, 0, 0, 0))))
    given = joints[:2] + joints[3:]
    result, found = simCheckIkGroup(simGetIkGroupHandle("Panda_ik"), given)
    assert result == 1
    assert len(found) == 6
    put(launched, given, np.array(found))
    np.testing.assert_allclose(
        where(launched, "Panda_tip").position,
        where(launched, "Panda_target").position,
        atol=5e-4,
    )


def test_a_lift_and_two_hinges_reach_a_point_within_the_limits() -> None:
    launched = lift_arm()
    group = simGetIkGroupHandle("arm_ik")
    assert simHandleIkGroup(group) == 1
    np.testing.assert_allclose(
        where(launched, "tip").position, (0.6, 0.3, 0.1), atol=5e-4
    )
    # The lift's limit is at 0.3 m.
    place(launched, "target", frame((0.6, 0.3, 0.4), (1, 0, 0, 0)))
    before = where(launched, "tip")
    assert simHandleIkGroup(group) == 2
    assert where(launched, "tip") == before
    result, (lift, _, _) = simCheckIkGroup(group, [1, 3, 5])
    assert result == 2
    assert 0 <= lift <= np.float32(0.3)


def test_what_is_not_constrained_does_not_matter() -> None:
    launched = lift_arm()
    group = simGetIkGroupHandle("arm_ik")
    place(launched, "target", frame((0.6, 0.3, 9.0), (1, 0, 0, 0)))
    assert simCheckIkGroup(group, [1, 3, 5])[0] == 2
    simSetIkElementProperties(group, 6, 3)
    result, (lift, _, _) = simCheckIkGroup(group, [1, 3, 5])
    assert result == 1
    assert lift == 0.0
    # Nor by how far a goal is missed, if so little is asked for.
    simSetIkElementProperties(group, 6, 7, precision=[10.0, 1.0])
    assert simCheckIkGroup(group, [1, 3, 5])[0] == 1


def test_a_target_that_is_not_linked_is_not_gone_for() -> None:
    lift_arm(linked=-1)
    group = simGetIkGroupHandle("arm_ik")
    assert simCheckIkGroup(group, [1, 3, 5]) == (0, [0.0, 0.0, 0.0])


def test_the_jacobian_tells_how_the_tip_moves() -> None:
    launched, joints = panda()
    group = simGetIkGroupHandle("Panda_ik")
    simSetIkGroupProperties(group, 1, 10, 0.2)
    place(launched, "Panda_target", where(launched, "Panda_tip"))
    simCheckIkGroup(group, joints)
    flat, (columns, rows) = simGetIkGroupMatrix(group, 0)
    assert (columns, rows) == (7, 6)
    jacobian = np.reshape(flat, (rows, columns))
    before = np.array(where(launched, "Panda_tip").position)
    node = launched.node(joints[1])
    step = 1e-5
    launched.scene.set_joint_position(node, launched.scene.joint_position(node) + step)
    moved = np.array(where(launched, "Panda_tip").position) - before
    # In the axes of the base; joint 2 is the last but one from the tip.
    seen = matrix(where(launched, "Panda")).T @ moved
    np.testing.assert_allclose(jacobian[:3, -2], seen / step, atol=1e-4)


def test_the_jacobian_of_joints_in_mode_ik_needs_no_solving() -> None:
    lift_arm()
    group = simGetIkGroupHandle("arm_ik")
    with pytest.raises(RuntimeError, match="no Jacobian yet"):
        simGetIkGroupMatrix(group, 0)
    simComputeJacobian(group, 0)
    flat, size = simGetIkGroupMatrix(group, 0)
    assert size == [3, 3]
    # Elbow, shoulder, lift; stretched along x.
    expected = [[0, 0, 0], [0.5, 1.0, 0], [0, 0, 1]]
    np.testing.assert_allclose(np.reshape(flat, (3, 3)), expected, atol=1e-6)


def test_what_is_not_there_is_named() -> None:
    lift_arm()
    group = simGetIkGroupHandle("arm_ik")
    with pytest.raises(RuntimeError, match=r"no IK group 'leg_ik'.*arm_ik"):
        simGetIkGroupHandle("leg_ik")
    with pytest.raises(RuntimeError, match="no IK group 77"):
        simCheckIkGroup(77, [1])
    with pytest.raises(RuntimeError, match="'column' is no revolute"):
        simCheckIkGroup(group, [2])
    with pytest.raises(RuntimeError, match="no object 77"):
        simCheckIkGroup(group, [77])
    with pytest.raises(RuntimeError, match="no element with the tip 7"):
        simSetIkElementProperties(group, 7, 31)


def test_a_group_goes_with_its_tip_and_a_second_one_has_its_own_name() -> None:
    launched, _ = panda()
    second = launched.scene.load(panda_model())
    first = simGetIkGroupHandle("Panda_ik")
    assert simGetIkGroupHandle("Panda_ik#0") != first
    launched.scene.remove([node for node in second if node.name == "Panda_tip#0"])
    with pytest.raises(RuntimeError, match="'Panda_ik#0'"):
        simGetIkGroupHandle("Panda_ik#0")
    assert simGetIkGroupHandle("Panda_ik") == first


def test_a_copied_arm_has_a_group_and_a_collection_of_its_own() -> None:
    launched, _ = panda()
    scene, tree = launched.scene, launched.scene.tree
    copies = scene.copy(list(tree.node("Panda").tree()))
    group = simGetIkGroupHandle("Panda_ik#0")
    (element,) = tree.ik_groups[group].elements
    assert element.tip == copies[tree.node("Panda_tip")].handle
    assert {one.name for one in tree.collections.values()} == {
        "Panda_arm",
        "Panda_arm#0",
    }
    joints = [tree.node(f"Panda_joint{n}#0").handle for n in range(1, 8)]
    moved = compose(where(launched, "Panda_tip#0"), frame((0, 0, 0.02), (1, 0, 0, 0)))
    place(launched, "Panda_target#0", moved)
    assert simCheckIkGroup(group, joints)[0] == 1
