"""Places of objects, seen from the world, parents, other objects and joints."""

import math

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.sim import joints, matrices, models, objects, poses
from pyrep_mujoco.sim.configurations import (
    simGetConfigurationTree,
    simSetConfigurationTree,
)
from sim.launched import launched

WORLD, PARENT, BASE_FRAME = -1, -11, 4194304
POOL = w.box_pool((0.1, 0.1, 0.1))
QUARTER = (math.sqrt(0.5), 0, 0, math.sqrt(0.5))
CHAIN = (
    POOL,
    w.box("base", 1, dynamic=False, position=(1, 0, 0), quat_wxyz=QUARTER),
    w.joint(w.base("joint", 2, 1), mode=0, position=math.pi / 2, minimum=-2, reach=4),
    w.dummy(w.base("tip", 3, 2, position=(1, 0, 0))),
)


def test_places_are_told_in_the_frame_asked_for() -> None:
    with launched(*CHAIN):
        base, joint, tip = map(objects.simGetObjectHandle, ("base", "joint", "tip"))
        told = poses.simGetObjectPosition
        assert told(tip, WORLD) == pytest.approx([0, 0, 0], abs=1e-7)
        assert told(tip, PARENT) == pytest.approx([1, 0, 0])
        assert told(tip, joint) == pytest.approx([1, 0, 0])
        assert told(tip, joint + BASE_FRAME) == pytest.approx([0, 1, 0], abs=1e-7)
        assert told(tip, base) == pytest.approx([0, 1, 0], abs=1e-7)
        turned = poses.simGetObjectOrientation(tip, base)
        assert turned == pytest.approx([0, 0, math.pi / 2], abs=1e-6)
        half = poses.simGetObjectQuaternion(tip, base)
        assert half == pytest.approx([0, 0, QUARTER[3], QUARTER[0]], abs=1e-7)


def test_what_is_set_is_told() -> None:
    with launched(*CHAIN):
        base, tip = map(objects.simGetObjectHandle, ("base", "tip"))
        poses.simSetObjectPosition(tip, base, [0.1, 0.2, 0.3])
        assert poses.simGetObjectPosition(tip, base) == pytest.approx([0.1, 0.2, 0.3])
        poses.simSetObjectOrientation(tip, base, [0.1, 0.2, 0.3])
        told = poses.simGetObjectOrientation(tip, base)
        assert told == pytest.approx([0.1, 0.2, 0.3])
        poses.simSetObjectQuaternion(tip, WORLD, [1, 0, 0, 0])
        told = poses.simGetObjectQuaternion(tip, WORLD)
        assert np.abs(told) == pytest.approx([1, 0, 0, 0], abs=1e-9)
        matrix = poses.simGetObjectMatrix(tip, WORLD)
        poses.simSetObjectMatrix(base, WORLD, matrix)
        assert poses.simGetObjectMatrix(base, WORLD) == pytest.approx(matrix)


def test_no_place_is_told_that_was_true_before_a_change() -> None:
    """Frames are kept until something moves: a joint, a dummy, what holds it, time."""
    loose = w.box("falls", 4, dynamic=True, position=(0, 0, 5))
    beside = w.dummy(w.base("beside", 5, 3, position=(1, 0, 0)))
    with launched(*CHAIN, loose, beside) as simulation:
        tree = simulation.scene.tree
        base, joint, tip, falls, last = (
            tree.node(name).handle
            for name in ("base", "joint", "tip", "falls", "beside")
        )

        def told(handle: int) -> list[float]:
            return poses.simGetObjectPosition(handle, WORLD)

        assert told(last) == pytest.approx([-1, 0, 0], abs=1e-7)
        joints.simSetJointPosition(joint, 0.0)
        assert told(last) == pytest.approx([1, 2, 0], abs=1e-7)
        poses.simSetObjectPosition(tip, WORLD, [0, 0, 3])
        assert told(last) == pytest.approx([0, 1, 3], abs=1e-7)
        poses.simSetObjectPosition(base, WORLD, [1, 0, 1])
        assert told(last) == pytest.approx([0, 1, 4], abs=1e-7)
        objects.simSetObjectParent(last, falls, keepInPlace=False)
        assert told(last) == pytest.approx([1, 0, 5], abs=1e-7)
        simulation.step()
        assert told(last)[2] == told(falls)[2] < 5
        for above in (tip, base):
            # What stands still as time goes on is moved all the same.
            assert told(tip) == told(tip)
            simulation.step()
            poses.simSetObjectPosition(above, WORLD, [3, 2, 1])
            assert told(above) == pytest.approx([3, 2, 1], abs=1e-7)
            simulation.step()
            assert told(above) == pytest.approx([3, 2, 1], abs=1e-7)


@pytest.mark.parametrize("beta", [0.4, math.pi / 2, -math.pi / 2])
def test_angles_are_turns_about_x_then_y_then_z_of_the_moving_frame(
    beta: float,
) -> None:
    def about(axis: int, angle: float) -> np.ndarray:
        first, second = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[second, first] = math.sin(angle)
        turn[first, second] = -math.sin(angle)
        return turn

    whole = about(0, 0.3) @ about(1, beta) @ about(2, -0.7)
    numbers = np.column_stack([whole, (1, 2, 3)]).reshape(-1)
    angles = matrices.simGetEulerAnglesFromMatrix(numbers.tolist())
    again = about(0, angles[0]) @ about(1, angles[1]) @ about(2, angles[2])
    np.testing.assert_allclose(again, whole, atol=1e-6)


def test_a_place_that_is_none_is_refused() -> None:
    with launched(*CHAIN):
        base = objects.simGetObjectHandle("base")
        before = poses.simGetObjectMatrix(base, WORLD)
        with pytest.raises(SceneError, match=r"'base' cannot be put at .*nan"):
            poses.simSetObjectPosition(base, WORLD, [0, float("nan"), 0])
        with pytest.raises(SceneError, match="a quaternion of some length"):
            poses.simSetObjectQuaternion(base, WORLD, [0, 0, 0, 0])
        assert poses.simGetObjectMatrix(base, WORLD) == before


def test_matrices_are_multiplied_inverted_and_turned() -> None:
    matrix = [0, -1, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3]
    back = matrices.simInvertMatrix(matrix)
    eye = matrices.simMultiplyMatrices(matrix, back)
    assert eye == pytest.approx([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], abs=1e-12)
    # A quarter about the vertical through (1, 0, 0) leads the origin to (1, -1, 0).
    start = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    turned = matrices.simRotateAroundAxis(start, [0, 0, 2], [1, 0, 0], math.pi / 2)
    assert turned == pytest.approx([0, -1, 0, 1, 1, 0, 0, -1, 0, 0, 1, 0], abs=1e-12)
    with pytest.raises(RuntimeError, match="no direction"):
        matrices.simRotateAroundAxis(start, [0, 0, 0], [1, 0, 0], 1.0)


def test_a_falling_shape_has_a_velocity_and_rests_when_it_is_reset() -> None:
    with launched(POOL, w.box("box", 1, position=(0, 0, 5))) as simulation:
        box = objects.simGetObjectHandle("box")
        simulation.scene.step(20)
        linear, angular = poses.simGetObjectVelocity(box)
        assert linear == pytest.approx([0, 0, -0.981], abs=1e-6)
        assert angular == [0, 0, 0]
        poses.simResetDynamicObject(box)
        assert poses.simGetObjectVelocity(box)[0] == [0, 0, 0]


def test_a_configuration_brings_all_back_at_rest() -> None:
    with launched(
        *CHAIN,
        w.box("loose", 4, 1, position=(0, 0, 3)),
        w.dummy(w.base("on_loose", 5, 4, position=(0, 0, 1))),
        w.box("other", 6, position=(0, 0, 9)),
    ) as simulation:
        names = ("base", "joint", "tip", "loose", "on_loose", "other")
        handles = {name: objects.simGetObjectHandle(name) for name in names}

        def told() -> np.ndarray:
            return np.array(
                [poses.simGetObjectMatrix(handles[name], WORLD) for name in names[:-1]]
            )

        before, kept = told(), simGetConfigurationTree(handles["base"])
        simulation.scene.step(20)
        joints.simSetJointPosition(handles["joint"], 0.5)
        poses.simSetObjectPosition(handles["base"], WORLD, [3, 3, 3])
        models.simRemoveObject(handles["on_loose"])
        again = simulation.scene.frame_w(simulation.node(handles["other"]))
        simSetConfigurationTree(kept)
        names = tuple(name for name in names if name != "on_loose")
        np.testing.assert_allclose(told(), before[[0, 1, 2, 3]], atol=1e-9)
        assert poses.simGetObjectVelocity(handles["loose"])[0] == [0, 0, 0]
        other = simulation.node(handles["other"])
        assert simulation.scene.frame_w(other) == again
        with pytest.raises(RuntimeError, match="no configuration tree"):
            simSetConfigurationTree(kept[:-3])
        with pytest.raises(RuntimeError, match="no configuration tree"):
            simSetConfigurationTree(b"PK")


def test_what_hangs_elsewhere_is_left_alone_by_a_configuration() -> None:
    with launched(*CHAIN, w.dummy(w.base("mark", 7, 1, position=(0, 0, 1)))):
        base, mark = map(objects.simGetObjectHandle, ("base", "mark"))
        kept = simGetConfigurationTree(base)
        objects.simSetObjectParent(mark, WORLD, True)
        poses.simSetObjectPosition(mark, WORLD, [5, 5, 5])
        simSetConfigurationTree(kept)
        assert poses.simGetObjectPosition(mark, WORLD) == pytest.approx([5, 5, 5])


def test_what_was_put_back_is_reckoned_with_as_quickly_as_before() -> None:
    # NumPy's numbers in a frame make all that is reckoned from it three times slower.
    with launched(*CHAIN) as simulation:
        base, tip = map(objects.simGetObjectHandle, ("base", "tip"))
        poses.simSetObjectPosition(base, WORLD, [*np.array([1.0, 2.0, 3.0])])
        simSetConfigurationTree(simGetConfigurationTree(base))
        place = simulation.scene.frame_w(simulation.node(tip))
        assert {type(number) for part in place for number in part} == {float}
