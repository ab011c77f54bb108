"""What the cameras see: RLBench's geometry, only what is asked for, same bytes."""

from typing import Any

import numpy as np
import pytest

from contract.engine_contract import CONTRACT, random_actions, trajectory
from rlbench_puffer.camera import CAMERA_NAMES, Camera
from rlbench_puffer.config import make_config
from rlbench_puffer.engines.camera_rig import MOUNTS
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env, make_spaces

pytestmark = pytest.mark.display

EVERYTHING = Camera(size=(48, 64), rgb=True, depth=True, mask=True, point_cloud=True)

# Measured in RLBench 1.2.0 at 128 x 128: position, then the columns left, up, view.
MEASURED = {
    "left_shoulder": (
        (-0.1750, 0.2000, 1.9800),
        ((0.17365, 0.89254, 0.41620), (0.98481, -0.15738, -0.07339),
         (0, 0.42262, -0.90631)),
    ),
    "right_shoulder": (
        (-0.1750, -0.2000, 1.9800),
        ((-0.17365, 0.89254, 0.41620), (0.98481, 0.15738, 0.07339),
         (0, 0.42262, -0.90631)),
    ),
    "overhead": (
        (-0.1750, 0.0000, 2.4300),
        ((0, 0.90631, 0.42262), (1, 0, 0), (0, 0.42262, -0.90631)),
    ),
    "wrist": (
        (0.30516, -0.00616, 1.57297),
        ((0, 0.98812, 0.15370), (1, 0, 0), (0, 0.15370, -0.98812)),
    ),
    "front": (
        (1.3500, 0.0000, 1.5800),
        ((0, -0.42262, -0.90631), (-1, 0, 0), (0, 0.90631, -0.42262)),
    ),
}  # fmt: skip
FOCAL = {"wrist": 110.85125}
FAR = {"left_shoulder": 3.2, "right_shoulder": 3.2, "overhead": 3.3, "wrist": 3.5}


def _make(num_envs: int = 1, task: str = "open_drawer", **options: Any) -> BatchEnv:
    return make_batch_env(make_config(task, **options), num_envs)


def test_poses_and_lenses_are_rlbenchs() -> None:
    env = _make(cameras=dict.fromkeys(CAMERA_NAMES, (128, 128)))
    _, (info,) = env.reset(seed=[0])
    for name in CAMERA_NAMES:
        position, axes = MEASURED[name]
        extrinsics = info[f"{name}_camera_extrinsics"]
        np.testing.assert_allclose(extrinsics[:3, 3], position, atol=0.001)
        np.testing.assert_allclose(extrinsics[:3, :3], axes, atol=0.001)
        focal = FOCAL.get(name, 175.83856)
        expected = [[-focal, 0, 64], [0, -focal, 64], [0, 0, 1]]
        np.testing.assert_allclose(
            info[f"{name}_camera_intrinsics"], expected, rtol=1e-6
        )
        assert info[f"{name}_camera_near"] == 0.01
        assert info[f"{name}_camera_far"] == FAR.get(name, 4.5)
    env.close()


@pytest.mark.parametrize("size", [(128, 128), (60, 96), (96, 60)])
@pytest.mark.parametrize("name", ["front", "overhead"])
def test_the_point_cloud_of_the_table_lies_in_its_top(
    name: str, size: tuple[int, int]
) -> None:
    env = _make(task="reach_target", cameras={
        name: Camera(size=size, mask=True, point_cloud=True)
    })  # fmt: skip
    _, (info,) = env.reset(seed=[0])
    seen = env.structured[f"{name}_mask"][0] == info["mask_names"].index("table")
    points = env.structured[f"{name}_point_cloud"][0][seen]
    top = points[np.abs(points[:, 2] - 0.75) < 0.01]
    assert len(top) > 0.8 * seen.sum() > 500
    np.testing.assert_allclose(top[:, 2], 0.75, atol=0.001)
    # The table's own edges: 1.6 x 1.1 m about (0.3, 0).
    assert np.all((top[:, 0] > -0.501) & (top[:, 0] < 1.101))
    assert np.all(np.abs(top[:, 1]) < 0.551)
    env.close()


def test_a_target_is_seen_where_it_is() -> None:
    """The mask, the point cloud and the low-dimensional state tell of one place."""
    camera = Camera(size=(256, 256), mask=True, point_cloud=True)
    env = _make(2, "reach_target", cameras={"front": camera, "overhead": camera})
    _, infos = env.reset(seed=[0, 1])
    for i, info in enumerate(infos):
        number = info["mask_names"].index("target")
        where = env.structured["task_low_dim_state"][i]
        for name in ("front", "overhead"):
            points = env.structured[f"{name}_point_cloud"][i]
            surface = points[env.structured[f"{name}_mask"][i] == number]
            if len(surface) < 20:
                continue  # Hidden behind the arm.
            distance = np.linalg.norm(surface - where, axis=1)
            np.testing.assert_allclose(distance, 0.025, atol=0.003)
        assert np.any(env.structured["front_mask"][i] == number)
    env.close()


def test_depth_and_point_cloud_agree_and_all_values_are_in_their_space() -> None:
    config = make_config("push_button", cameras=dict.fromkeys(CAMERA_NAMES, EVERYTHING))
    env = make_batch_env(config, 2)
    space = make_spaces(config).observation_space
    _, infos = env.reset(seed=[4, 5])
    env.step(random_actions(1, 2)[0])
    for i in range(2):
        row = env.structured[i]
        assert space.contains({name: row[name] for name in row.dtype.names})
        for name in CAMERA_NAMES:
            if name == "wrist":
                continue  # It has moved since the reset told its pose.
            pose = infos[i][f"{name}_camera_extrinsics"]
            offset = row[f"{name}_point_cloud"] - pose[:3, 3]
            np.testing.assert_allclose(
                offset @ pose[:3, 2], row[f"{name}_depth"], atol=1e-4
            )
            assert row[f"{name}_depth"].max() <= MOUNTS[name].far
    env.close()


@pytest.mark.parametrize("law", CONTRACT, ids=lambda law: law.__name__)
def test_the_engine_contract_holds_with_pictures(law: Any) -> None:
    made: list[BatchEnv] = []

    def make_env(num_envs: int) -> BatchEnv:
        made.append(_make(num_envs, cameras={"wrist": (12, 16), "front": (16, 12)}))
        return made[-1]

    law(make_env)
    for env in made:
        env.close()


def test_pictures_change_nothing_else() -> None:
    plain, seeing = _make(2), _make(2, cameras={"front": EVERYTHING})
    plain.reset(seed=[1, 2])
    seeing.reset(seed=[1, 2])
    for action in random_actions(20, 2):
        plain.step(action)
        seeing.step(action)
        for name in plain.structured.dtype.names or ():
            assert plain.structured[name].tobytes() == seeing.structured[name].tobytes()
    seeing.close()


def test_only_the_kinds_asked_for_are_there() -> None:
    depth = Camera(size=(8, 10), rgb=False, depth=True)
    env = _make(cameras={"front": depth, "wrist": (6, 4)})
    env.reset(seed=[0])
    names = [
        name
        for name in env.structured.dtype.names or ()
        if name.startswith(("front", "wrist"))
    ]
    assert names == ["wrist_rgb", "front_depth"]
    assert env.structured["wrist_rgb"].shape == (1, 6, 4, 3)
    assert env.structured["front_depth"].shape == (1, 8, 10)
    env.close()


def test_a_picture_is_the_same_whoever_else_is_drawn() -> None:
    """Two engines take turns on one thread, with other sizes and tasks."""
    alone, other = _make(1, cameras={"front": (40, 40)}), None
    alone.reset(seed=[3])
    actions = random_actions(6, 1)
    expected = trajectory(alone, actions)
    other = _make(3, "push_button", cameras={"front": EVERYTHING, "wrist": (30, 50)})
    other.reset(seed=[1, 2, 3])
    alone.reset(seed=[3])
    told = []
    for action in actions:
        other.step(np.repeat(action, 3, axis=0))
        told += trajectory(alone, action[None])
    assert told == expected
    other.close()
    alone.close()


def test_a_picture_of_any_size_leaves_observations_alone() -> None:
    env = _make(1, cameras={"front": (20, 30)})
    env.reset(seed=[0])
    before = env.observations.tobytes()
    picture = env.engine.picture(0, "overhead", (90, 70))
    assert picture.shape == (90, 70, 3)
    assert picture.std() > 10
    env.engine.render(np.array([0]), env.structured)
    assert env.observations.tobytes() == before
    env.close()


def test_fine_pictures_show_the_same_scene_with_shadows() -> None:
    told = {}
    for quality in ("fast", "fine"):
        env = _make(1, cameras={"front": (64, 64)}, render_quality=quality)
        env.reset(seed=[0])
        told[quality] = env.structured["front_rgb"][0].astype(float)
        env.close()
    difference = np.abs(told["fast"] - told["fine"])
    assert 0.5 < difference.mean() < 25
    # Shadows darken; hardly anything becomes lighter.
    assert told["fine"].mean() < told["fast"].mean()
