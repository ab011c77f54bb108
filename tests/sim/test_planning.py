"""Paths around obstacles, found by name through PyRep's script."""

from collections.abc import Iterator

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.scene.frames import frame
from pyrep_mujoco.sim import ompl_search, simulation
from pyrep_mujoco.sim.collisions import simCheckCollision
from pyrep_mujoco.sim.ik_paths import collision_check
from pyrep_mujoco.sim.ompl_search import OWN, RELATIVES
from pyrep_mujoco.sim.scripts import simExtCallScriptFunction
from pyrep_mujoco.ttm.read import read_model

LEVER, SIZES = [1, 3], ((0.1, 0.1, 0.1), (0.9, 0.05, 0.05), (0.05, 0.05, 0.6))

BACK = np.array([[-2.5, 0.0]])
"""Joint positions behind the post."""


@pytest.fixture
def collection() -> Iterator[int]:
    """A lever that turns about z and up, with a post in its way; its collection."""
    launched = simulation.launch()
    turned = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)
    body = w.file(
        w.box_pool(*SIZES),
        w.box("base", 1, dynamic=False, special=0x3F2),
        w.joint(w.base("turn", 2, 1), minimum=-3.0, reach=6.0, mode=0),
        w.box("hub", 3, 2, dynamic=False, special=0x3F2),
        w.joint(
            w.base("rise", 4, 3, quat_wxyz=turned), minimum=-1.5, reach=3.0, mode=0
        ),
        w.box(
            "lever", 5, 4, index=1, size=SIZES[1], dynamic=False, position=(0.5, 0, 0)
        ),
        w.box(
            "post",
            6,
            index=2,
            size=SIZES[2],
            dynamic=False,
            position=(-0.1, -0.55, 0.1),
        ),
        w.section(
            "GRP",
            w.chunk("Grn", "arm"),
            w.chunk("Gix", 2000000),
            w.section(
                "Asg",
                w.chunk("Obj", 5, 0),
                w.chunk("Gty", b"\0"),
                w.chunk("Var", b"\1"),
            ),
        ),
    )
    launched.scene.load(read_model(body))
    (handle,) = launched.scene.tree.collections
    yield handle
    simulation.end()


def plan(
    collection: int,
    *,
    algorithm: str = "RRTConnect",
    ignore: bool = False,
    goals: np.ndarray = BACK,
    trials: int = 1,
) -> np.ndarray:
    _, path, _, _ = simExtCallScriptFunction(
        *("getNonlinearPath@PyRep", 2, [collection, int(ignore), trials, *LEVER]),
        *(goals.ravel().tolist(), [algorithm], ""),
    )
    return np.reshape(path, (-1, 2))


def is_free(path: np.ndarray, collection: int) -> bool:
    check = collision_check(LEVER, [collection, -2])
    assert check is not None
    return not check(path).any()


def test_what_may_collide_goes_straight(collection: int) -> None:
    path = plan(collection, ignore=True)
    np.testing.assert_allclose(path, np.linspace([0, 0], BACK[0], 300), atol=1e-9)
    assert not is_free(path, collection)


QUICK = ("RRTConnect", "SBL")
SLOW = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in (*OWN, *RELATIVES)
    if name not in QUICK
]


@pytest.mark.parametrize("algorithm", [*QUICK, *SLOW])
def test_every_planner_that_pyrep_names_goes_around(
    collection: int, algorithm: str
) -> None:
    np.random.seed(1)  # noqa: NPY002
    path = plan(collection, algorithm=algorithm)
    assert len(path) >= 300
    np.testing.assert_allclose(path[[0, -1]], [[0, 0], BACK[0]], atol=1e-6)
    assert is_free(path, collection)
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 0.1


def test_numpys_seed_decides_about_a_path(collection: int) -> None:
    paths = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        paths.append(plan(collection))
    np.testing.assert_array_equal(paths[0], paths[1])
    assert paths[0].shape != paths[2].shape or np.any(paths[0] != paths[2])


def test_the_nearest_goal_that_can_be_gone_to_straight_is_taken(
    collection: int,
) -> None:
    goals = np.array([[-2.5, 0.0], [2.5, 0.0], [1.5, 0.5]])
    path = plan(collection, goals=goals)
    np.testing.assert_allclose(path, np.linspace([0, 0], [1.5, 0.5], 300), atol=1e-9)


def test_a_short_way_around_is_taken_before_a_long_straight_one(
    collection: int,
) -> None:
    goals = np.array([[2.95, 0.0], [-2.0, 0.0]])
    np.random.seed(0)  # noqa: NPY002
    path = plan(collection, goals=goals, trials=5)
    np.testing.assert_allclose(path[-1], goals[1], atol=1e-6)
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).sum() < 2.95
    assert is_free(path, collection)


def test_a_search_that_finds_nothing_does_not_end_the_others(
    collection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few that only some searches find a way around the post.
    monkeypatch.setattr(ompl_search, "MAX_CHECKS", 90)
    found = []
    for trials in (1, 10):
        np.random.seed(0)  # noqa: NPY002
        found.append([plan(collection, trials=trials).size > 0 for _ in range(10)])
    assert 0 < sum(found[0]) < sum(found[1])


def test_goals_that_collide_have_no_path(collection: int) -> None:
    assert plan(collection, goals=np.array([[-1.75, 0.0]])).size == 0


def test_planners_and_functions_that_are_not_there_are_named(collection: int) -> None:
    with pytest.raises(RuntimeError, match=r"no planner 'RRTDisconnect'.*RRTConnect"):
        plan(collection, algorithm="RRTDisconnect")
    with pytest.raises(NotImplementedError, match="'dance@PyRep'"):
        simExtCallScriptFunction("dance@PyRep", 2, [], [], [], "")
    with pytest.raises(NotImplementedError, match="'getNonlinearPath@mine'"):
        simExtCallScriptFunction("getNonlinearPath@mine", 2, [], [], [], "")


def drive(goal: str, *, ignore: bool = False, reach: float = 2.0) -> np.ndarray:
    """A path of the box on wheels of `road`; places and turns."""
    tree = simulation.current().scene.tree
    (around,) = tree.collections
    handles = [tree.node("car").handle, tree.node(goal).handle, around]
    _, path, _, _ = simExtCallScriptFunction(
        *("getNonlinearPathMobile@PyRep", 2, [*handles, int(ignore), 50]),
        *([reach], ["RRTConnect"], ""),
    )
    return np.reshape(path, (-1, 3))


@pytest.fixture
def road() -> Iterator[None]:
    """A box that is to drive past a wall, to goals before, behind and in it."""
    launched = simulation.launch()
    sizes = ((0.2, 0.1, 0.1), (0.1, 1.0, 0.3))
    body = w.file(
        w.box_pool(*sizes),
        w.box("car", 1, size=sizes[0], position=(-0.6, 0, 0.06)),
        w.box("wall", 2, index=1, size=sizes[1], dynamic=False, position=(0, 0, 0.15)),
        w.dummy(w.base("near", 3, position=(-0.6, 0.4, 0))),
        w.dummy(w.base("behind", 4, position=(0.6, 0, 0))),
        w.dummy(w.base("inside", 5)),
        w.section(
            "GRP",
            w.chunk("Grn", "car"),
            w.chunk("Gix", 2000000),
            w.section(
                "Asg",
                w.chunk("Obj", 1, 0),
                w.chunk("Gty", b"\1"),
                w.chunk("Var", b"\1"),
            ),
        ),
    )
    launched.scene.load(read_model(body))
    yield
    simulation.end()


@pytest.mark.parametrize("goal", ["near", "behind"])
def test_a_base_drives_around_a_wall_and_has_not_moved(road: None, goal: str) -> None:
    np.random.seed(1)  # noqa: NPY002
    scene = simulation.current().scene
    car = scene.tree.node("car")
    before = scene.data.qpos.copy()
    path = drive(goal)
    assert len(path) >= 50
    np.testing.assert_array_equal(scene.data.qpos, before)
    target = scene.frame_w(scene.tree.node(goal)).position
    np.testing.assert_allclose(path[0], [-0.6, 0, 0], atol=1e-6)
    np.testing.assert_allclose(path[-1], [target[0], target[1], 0], atol=1e-6)
    for x, y, turn in path:
        place = frame((x, y, 0.06), (np.cos(turn / 2), 0, 0, np.sin(turn / 2)))
        scene.place(car, place)
        assert simCheckCollision(car.handle, -2) == 0
    # It turns on circles of 0.1 m at least.
    ways = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1)
    turns = np.abs(np.angle(np.exp(1j * np.diff(path[:, 2]))))
    assert np.all(turns <= ways / 0.1 * 1.2 + 1e-6)


def test_a_base_drives_into_a_wall_only_if_it_may(road: None) -> None:
    assert drive("inside").size == 0
    assert len(drive("inside", ignore=True)) >= 50
