"""The builtin engine keeps the engine contract on every task, in every action mode."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from contract.engine_contract import CONTRACT
from rlbench_puffer.config import BUILTIN_ARM_MODES, POSE_MODES, make_config
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.tasks.registry import TASK_NAMES

GRIPPER_MODES = ("discrete", "joint_position")
JOINT_WAYS = [
    (mode, gripper)
    for mode in BUILTIN_ARM_MODES
    for gripper in GRIPPER_MODES
    # test_builtin_engine.py has longer trajectories of the default one.
    if mode not in POSE_MODES and (mode, gripper) != ("joint_velocity", "discrete")
]
POSE_WAYS: dict[str, dict[str, Any]] = {
    "ee_pose_ik": {},
    "delta_ee_pose_ik": {},
    "delta_ee_pose_ik-end_effector": {"delta_frame": "end_effector"},
    # Of random poses many are out of reach: episodes end and begin all the time.
    "delta_ee_pose_ik-truncate": {"on_invalid": "truncate"},
    "ee_pose_planning": {},
    "ee_pose_planning-checked": {"collision_checking": True},
}
"""Options of an arm action mode whose actions are poses, by the mode's name."""

JOINT_STEPS = 20
"""Enough to carry something from step to step."""

POSE_STEPS = {"planning": 6, "ik": 12}
"""Each takes about ten control steps, and a planned one its plan."""


def _maker(task: str, **options: Any) -> Callable[[int], BatchEnv]:
    return lambda num_envs: make_batch_env(make_config(task, **options), num_envs)


def test_the_matrix_below_is_whole() -> None:
    modes = {way.partition("-")[0] for way in POSE_WAYS}
    modes |= {mode for mode, _ in JOINT_WAYS}
    assert modes == set(BUILTIN_ARM_MODES)


@pytest.mark.parametrize(("mode", "gripper"), JOINT_WAYS)
@pytest.mark.parametrize("task", TASK_NAMES)
def test_contract_in_joint_modes(task: str, mode: str, gripper: str) -> None:
    make_env = _maker(task, arm_action_mode=mode, gripper_action_mode=gripper)
    for law in CONTRACT:
        law(make_env, JOINT_STEPS)


def _pose_cases() -> list[Any]:
    """Every task in every pose mode; a default run has but the first of a quick one."""
    cases = itertools.product(TASK_NAMES, POSE_WAYS, GRIPPER_MODES)
    quick = (TASK_NAMES[0], "delta_ee_pose_ik", GRIPPER_MODES[0])
    return [
        pytest.param(*case, marks=() if case == quick else pytest.mark.slow)
        for case in cases
    ]


@pytest.mark.parametrize(("task", "way", "gripper"), _pose_cases())
def test_contract_in_pose_modes(task: str, way: str, gripper: str) -> None:
    options = {"arm_action_mode": way.partition("-")[0], **POSE_WAYS[way]}
    make_env = _maker(task, gripper_action_mode=gripper, **options)
    steps = POSE_STEPS["planning" if "planning" in way else "ik"]
    for law in CONTRACT:
        law(make_env, steps)
