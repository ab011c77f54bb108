"""Octrees: voxels of points and objects."""

from collections.abc import Iterator

import numpy as np
import pytest

from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from sim.launched import launched

sim = functions()

LOCAL = 1


@pytest.fixture
def octree() -> Iterator[int]:
    with launched():
        yield sim["simCreateOctree"](0.1, 0, 0.1)


def test_points_are_in_voxels_until_these_are_removed(octree: int) -> None:
    points = [0.01, 0.01, 0.01, 0.35, -0.01, 0.01]
    assert sim["simInsertVoxelsIntoOctree"](octree, 0, points, None, None) == 2
    middles = sim["simGetOctreeVoxels"](octree)
    assert middles == pytest.approx([0.05, 0.05, 0.05, 0.35, -0.05, 0.05])
    check = sim["simCheckOctreePointOccupancy"]
    assert check(octree, 0, [0.09, 0.09, 0.09])
    assert not check(octree, 0, [0.09, 0.09, 0.09, 0.11, 0.0, 0.0])
    assert sim["simRemoveVoxelsFromOctree"](octree, 0, points[:3]) == 1
    assert sim["simRemoveVoxelsFromOctree"](octree, 0, None) == 0
    assert sim["simGetOctreeVoxels"](octree) == []


def test_points_of_the_world_move_against_an_octree_that_moves(octree: int) -> None:
    sim["simSetObjectPosition"](octree, -1, [1.0, 0.0, 0.0])
    sim["simInsertVoxelsIntoOctree"](octree, 0, [1.05, 0.05, 0.05], None, None)
    check = sim["simCheckOctreePointOccupancy"]
    assert check(octree, LOCAL, [0.05, 0.05, 0.05])
    assert check(octree, 0, [1.05, 0.05, 0.05])


def test_the_surface_of_a_shape_is_put_in_and_taken_out(octree: int) -> None:
    cube = sim["simCreatePureShape"](0, 0, [0.38, 0.38, 0.38], 1.0, None)
    # 4 by 4 by 4 voxels, but for the 2 by 2 by 2 in the middle.
    assert sim["simInsertObjectIntoOctree"](octree, cube, 0, None, 0) == 64 - 8
    voxels = np.reshape(sim["simGetOctreeVoxels"](octree), (-1, 3))
    assert np.abs(voxels).max() == pytest.approx(0.15)
    assert sim["simSubtractObjectFromOctree"](octree, cube, 0) == 0


def test_what_is_no_octree_or_no_point_is_an_error(octree: int) -> None:
    cube = sim["simCreatePureShape"](0, 0, [0.4, 0.4, 0.4], 1.0, None)
    with pytest.raises(RuntimeError, match="octree"):
        sim["simGetOctreeVoxels"](cube)
    with pytest.raises(RuntimeError, match="points"):
        sim["simInsertVoxelsIntoOctree"](octree, 0, [0.0, np.nan, 0.0], None, None)
    with pytest.raises(RuntimeError, match="positive"):
        sim["simCreateOctree"](-1.0, 0, 0.1)
    assert sim["simGetObjectType"](octree) == 15
    assert simulation.current().node(octree).name == "Octree"
