"""RLBench's own tasks through the engine seam, on a stand-in with RLBench's vices."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import rlbench_puffer as rp
from rlbench_puffer.camera import Camera
from rlbench_puffer.config import ArmActionMode, GripperActionMode
from rlbench_puffer.engines.rlbench.facts import facts_folder
from rlbench_puffer.errors import (
    ConfigError,
    InvalidActionError,
    InvalidOptionError,
    SimulationError,
    UnknownNameError,
)
from simulators import engine_of, make, standin_machine, still, write_facts


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with standin_machine(tmp_path, monkeypatch) as folder:
        write_facts("reach_target", "open_drawer")
        yield folder


def trajectory(env: rp.RLBenchEnv, seed: int, steps: int = 5) -> np.ndarray:
    rows = [env.reset(seed=seed)[0]]
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        low, high = env.action_space.low, env.action_space.high
        rows.append(env.step(rng.uniform(low, high).astype(np.float32))[0])
    flat = [np.concatenate([row[k].ravel() for k in sorted(row)]) for row in rows]
    return np.array(flat)


def test_spaces_are_learnt_in_a_child_and_then_read_from_disk() -> None:
    for file in facts_folder().iterdir():
        file.unlink()
    env = make()
    assert env.observation_space["task_low_dim_state"].shape == (3,)
    assert env.task.variation_count == 20
    (file,) = facts_folder().iterdir()
    assert file.name.startswith("reach_target-")
    assert file.name.endswith("-panda-1.2.0.json")
    file.write_text(file.read_text().replace('"low_dim_size": 3', '"low_dim_size": 5'))
    assert make().observation_space["task_low_dim_state"].shape == (5,)
    assert "pyrep" not in sys.modules


@pytest.mark.parametrize("size", [2, 5])
def test_a_low_dim_state_of_another_length_is_padded_or_refused(size: int) -> None:
    for file in facts_folder().glob("reach_target-*"):
        text = file.read_text()
        file.write_text(text.replace('"low_dim_size": 3', f'"low_dim_size": {size}'))
    env = make()
    if size == 5:
        state = env.reset(seed=0)[0]["task_low_dim_state"]
        assert state[3:].tolist() == [0.0, 0.0]
        assert state[:3].all()
    else:
        with pytest.raises(SimulationError, match="has 3 numbers, expected 2"):
            env.reset(seed=0)
    env.close()


def test_a_task_is_named_as_rlbench_names_it_or_by_its_path() -> None:
    assert make("OpenDrawer").task.name == make("open_drawer").task.name
    assert make("rlbench.tasks.open_drawer:OpenDrawer").task.low_dim_size == 8
    with pytest.raises(UnknownNameError, match="Did you mean 'reach_target'"):
        make("reach_targt")
    with pytest.raises(ConfigError, match="no_such_module:Task"):
        make("no_such_module:Task")


def test_a_child_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COPPELIASIM_ROOT")
    with pytest.raises(SimulationError, match="setup coppeliasim"):
        make("rlbench.tasks.reach_target:ReachTarget")


@pytest.mark.parametrize("gripper", get_args(GripperActionMode))
@pytest.mark.parametrize("mode", get_args(ArmActionMode))
@pytest.mark.parametrize("normalize", [True, False])
def test_every_action_mode_moves_the_arm(
    mode: str, gripper: str, normalize: bool
) -> None:
    env = make(
        arm_action_mode=mode, gripper_action_mode=gripper, normalize_actions=normalize
    )
    assert env.action_space.shape == (9 if "joint_ik" in mode else 8,)
    start, _ = env.reset(seed=1)
    action = still(env)
    if normalize or "delta" in mode or "joint_" in mode[:6]:
        action[1] = env.action_space.high[1] / 2
        if mode in ("ee_pose_ik", "ee_pose_planning", "er_joint_ik"):
            action[2] = 0.6  # 1.55 m, for the stand-in's arm cannot go far down.
    else:
        action[:7] = start["gripper_pose"] + np.array([0, 0.02, 0, 0, 0, 0, 0])
    after, _, _, _, info = env.step(action)
    assert "invalid_action" not in info
    assert after["joint_positions"][1] != start["joint_positions"][1]
    env.close()


def test_a_robot_with_other_joints_has_other_spaces() -> None:
    for file in facts_folder().glob("*-ur5-*"):
        file.unlink()
    env = make(simulator=rp.Simulator(robot="ur5"))
    assert env.action_space.shape == (7,)
    assert env.observation_space["joint_positions"].shape == (6,)
    assert env.observation_space["gripper_touch_forces"].shape == (0,)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.close()
    with pytest.raises(UnknownNameError, match="robot"):
        rp.Simulator(robot="pandas")  # pyright: ignore[reportArgumentType]


@pytest.mark.display
def test_cameras_give_what_is_asked_for_and_nothing_else() -> None:
    cloud = Camera(size=(6, 8), rgb=False, point_cloud=True)
    front = Camera(size=(20, 30), depth=True, mask=True)
    env = make(cameras={"front": front, "wrist": cloud}, render_mode="rgb_array")
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["front_rgb"].shape == (20, 30, 3)
    assert observation["front_depth"].max() == pytest.approx(1.5)
    assert "front_point_cloud" not in observation
    assert "wrist_rgb" not in observation
    assert info["mask_names"][int(observation["front_mask"][0, 0])] == "target"
    assert info["front_camera_extrinsics"].shape == (4, 4)
    assert "Xvfb" in engine_of(env).display_description
    picture = env.render()
    assert picture is not None
    assert picture.shape == (480, 480, 3)
    env.close()
    assert "DISPLAY" not in os.environ


def test_chance_is_the_episodes_own_and_the_users_stays_untouched() -> None:
    env = make()
    # Of normal numbers two are made at a time, and the second is kept.
    np.random.normal()  # noqa: NPY002 - RLBench draws from it
    before = str(np.random.get_state())  # noqa: NPY002 - likewise
    first = trajectory(env, seed=3)
    assert str(np.random.get_state()) == before  # noqa: NPY002 - likewise
    np.random.seed(6)  # noqa: NPY002 - likewise
    assert (trajectory(env, seed=3) == first).all()
    assert (trajectory(env, seed=4) != first).any()
    env.close()


@pytest.mark.parametrize("policy", ["noop_penalty", "truncate", "raise"])
def test_an_action_that_rlbench_refuses_follows_the_policy(policy: str) -> None:
    env = make(arm_action_mode="delta_ee_pose_ik", on_invalid=policy)
    env.reset(seed=0)
    action = still(env)
    action[2] = -1.0
    if policy == "raise":
        with pytest.raises(InvalidActionError, match="Could not perform IK"):
            env.step(action)
    else:
        _, reward, _, truncated, info = env.step(action)
        assert "Could not perform IK" in info["invalid_action"]
        assert truncated == (policy == "truncate")
        assert reward == pytest.approx(-0.01 if policy == "noop_penalty" else 0.0)
    env.close()


def test_a_quaternion_is_given_length_one_and_one_without_length_is_refused() -> None:
    env = make(arm_action_mode="delta_ee_pose_ik")
    env.reset(seed=0)
    action = still(env)
    action[6] = 0.3
    assert "invalid_action" not in env.step(action)[4]
    action[6] = 0.0
    assert "length" in env.step(action)[4]["invalid_action"]
    env.close()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5])
def test_what_would_hang_the_simulator_never_reaches_it(value: float) -> None:
    env = make()
    env.reset(seed=0)
    action = still(env)
    action[7] = value
    with pytest.raises(InvalidActionError, match="component 7"):
        env.step(action)
    env.step(still(env))
    env.close()


def test_a_reset_that_cannot_be_placed_is_tried_with_the_next_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_facts("standin_faults:Faulty")
    monkeypatch.setenv("STANDIN_FAULT", f"reset:unplaceable:1:{tmp_path / 'flag'}")
    env = make("standin_faults:Faulty")
    _, info = env.reset(seed=0)
    assert info["reset_retries"] == 1
    assert engine_of(env).reset_retries == 1
    assert "reset_retries" not in env.reset()[1]
    env.close()


def test_a_saved_state_is_gone_back_to_by_repeating_the_episode() -> None:
    env = make()
    env.reset(seed=2)
    for _ in range(3):
        env.step(0.1 + still(env))
    state = env.get_state()
    then = [env.step(-0.2 + still(env))[0] for _ in range(2)]
    env.reset(seed=9)
    env.set_state(state)
    again = [env.step(-0.2 + still(env))[0] for _ in range(2)]
    for a, b in zip(then, again, strict=True):
        assert all((a[name] == b[name]).all() for name in a)
    env.close()


def test_a_demo_is_begun_where_it_began() -> None:
    env = make()
    env.reset(seed=0)
    demos = engine_of(env).get_demos(2, variation=4, seed=1)
    for demo in demos:
        observation, info = env.reset(options={"demo": demo})
        recorded = np.float32(demo.demo[0].task_low_dim_state)
        assert (observation["task_low_dim_state"] == recorded).all()
        assert info["variation"] == 4
    with pytest.raises(SimulationError, match="Could not collect demos"):
        engine_of(env).get_demos(1, max_attempts=0)
    with pytest.raises(SimulationError, match="stored demos"):
        engine_of(env).get_demos(1, live=False)
    env.close()


def test_shaped_rewards_are_rlbenchs_where_it_has_them() -> None:
    env = make(reward="shaped")
    env.reset(seed=0)
    assert env.step(still(env))[1] < 0
    env.close()
    for known in (True, False):
        if not known:
            for file in facts_folder().glob("open_drawer-*"):
                file.unlink()
        with pytest.raises(InvalidOptionError, match="no shaped reward for open_dra"):
            make("open_drawer", reward="shaped")


def test_options_of_one_engine_are_refused_by_the_other() -> None:
    with pytest.raises(InvalidOptionError, match="joint_torque"):
        rp.make("reach_target", arm_action_mode="joint_torque")
    with pytest.raises(InvalidOptionError, match="simulator"):
        rp.make("reach_target", simulator=rp.Simulator())
    with pytest.raises(InvalidOptionError, match="num_threads"):
        make(num_threads=2)
    with pytest.raises(InvalidOptionError, match="torque limits"):
        make(arm_action_mode="joint_torque", simulator=rp.Simulator(robot="ur5"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("recycle_after", True),
        ("launch_timeout_s", "60"),
        ("commanded_joints", 3),
        ("textures", 3),
        ("randomize_except", 3),
    ],
)
def test_a_simulator_option_of_the_wrong_kind_is_refused(
    option: str, value: Any
) -> None:
    with pytest.raises(InvalidOptionError, match=option):
        rp.Simulator(**{option: value})


def test_textures_are_drawn_from_a_folder_that_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="a folder that exists"):
        rp.Simulator(textures=str(tmp_path / "nowhere"))
    env = make(simulator=rp.Simulator(textures=str(tmp_path)))
    env.reset(seed=0)
    env.close()


def test_tasks_stand_where_their_models_have_them_where_asked_for() -> None:
    env = make(simulator=rp.Simulator(static_positions=True))
    places = [env.reset(seed=seed)[0]["task_low_dim_state"] for seed in range(2)]
    assert (places[0] == places[1]).all()
    env.close()


def test_a_variation_is_fixed_listed_or_drawn() -> None:
    env = make(variation=[3, 7])
    assert {env.reset(seed=i)[1]["variation"] for i in range(12)} == {3, 7}
    assert env.reset(options={"variation": 11})[1]["descriptions"] == (
        "reach_target 11",
        "the same in other words",
    )
    env.close()
    with pytest.raises(InvalidOptionError, match="indices below 20"):
        make(variation=20)
