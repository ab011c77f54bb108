"""Walks built-in sub-env 0 along a task's waypoints, for tests of tasks alone.

It puts the arm at the first waypoint, which an expert has to plan for, and steers
along the others.
"""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.poses import quat_conjugate, quat_from_matrix, quat_multiply
from rlbench_puffer.tasks.base import Task
from rlbench_puffer.tasks.waypoints import Waypoint
from steering import steer

GRIPPER_STEPS = {"close": 6, "open": 12}
"""Control steps that the fingers need."""

POSTURES = np.array(
    [
        # How RLBench's own demo of open_drawer begins to grasp.
        [1.12, 0.79, -0.54, -1.95, -0.80, 1.48, 1.71],
        limits.HOME_JOINT_POSITIONS,
        [0.0, 0.6, 0.0, -1.9, 0.0, 2.5, 0.785],
    ]
)
"""Where the search for joint positions starts, before it starts at random."""


def walk(env: BatchEnv, count: int | None = None) -> None:
    """From the state after a reset to the end of the task's way, or the episode's.

    Args:
      env: one sub-env with normalised ``joint_velocity`` actions.
      count: how many of the task's waypoints; None: all.
    """
    engine = env.engine
    assert isinstance(engine, BuiltinEngine)
    task = engine.task
    assert isinstance(task, Task)
    first, *others = task.waypoints(0)[:count]
    turned = _put_arm(engine.scene, first)
    is_open = True
    env.step(np.array([[0.0] * 7 + [1.0]], np.float32))
    for waypoint in (first, *others):
        if env.terminals[0] or env.truncations[0]:
            return
        quat = waypoint.quat_xyzw
        if turned:
            quat = quat_multiply(quat, [0.0, 0.0, 1.0, 0.0])
        tip = engine.scene.site_position(TIP_SITE)[0]
        length = np.linalg.norm(waypoint.position - tip)
        steps = 20 + int(1.5 * length / waypoint.speed / CONTROL_DT)
        steer(
            env,
            waypoint.position,
            quat,
            gripper_open=is_open,
            steps=steps,
            speed=waypoint.speed,
        )
        if waypoint.gripper is None:
            continue
        is_open = waypoint.gripper == "open"
        action = np.array([[0.0] * 7 + [1.0 if is_open else -1.0]], np.float32)
        for _ in range(GRIPPER_STEPS[waypoint.gripper]):
            if not (env.terminals[0] or env.truncations[0]):
                env.step(action)


def _put_arm(scene: Scene, waypoint: Waypoint) -> bool:
    """Put the arm at a waypoint where it touches nothing.

    Returns:
      Whether the gripper is turned half a turn about the tip's z axis.
    """
    rng = np.random.default_rng(0)
    random = rng.uniform(limits.JOINT_LOWER, limits.JOINT_UPPER, (60, 7))
    qpos, contacts = scene.batch.bind("qpos"), scene.batch.bind("ncon")
    resting = contacts[0]
    for start in np.concatenate([POSTURES, random]):
        for turned in (False, True):
            quat = waypoint.quat_xyzw
            if turned:
                quat = quat_multiply(quat, [0.0, 0.0, 1.0, 0.0])
            qpos[0, :7] = start
            if _solve(scene, waypoint.position, quat):
                scene.forward(np.arange(1))
                if contacts[0] <= resting:
                    return turned
    raise AssertionError(f"No joint positions bring the tip to {waypoint}.")


def _solve(
    scene: Scene, position: NDArray[np.float64], quat_xyzw: NDArray[np.float64]
) -> bool:
    """Damped least squares on the joint positions of sub-env 0."""
    tip, matrix = scene.site_position(TIP_SITE), scene.site_matrix(TIP_SITE)
    body = int(scene.model.site_bodyid[scene.id_of("site", TIP_SITE)])
    joints = scene.batch.bind("qpos")[0, :7]
    for _ in range(80):
        scene.forward(np.arange(1))
        current = quat_from_matrix(matrix[0].reshape(3, 3))
        turn = quat_multiply(quat_xyzw, quat_conjugate(current))
        rotation = 2 * turn[:3] * np.copysign(1.0, turn[3])
        offset = position - tip[0]
        far, off = np.linalg.norm(offset), np.linalg.norm(rotation)
        if far < 1e-3 and off < 1e-2:
            return True
        offset *= min(1.0, 0.1 / far)
        rotation *= min(1.0, 0.4 / max(float(off), 1e-9))
        jacp, jacr = scene.batch.jac(body, tip[0])
        jacobian = np.concatenate([jacp[0, :, :7], jacr[0, :, :7]])
        gram = jacobian @ jacobian.T + 1e-3 * np.eye(6)
        joints += jacobian.T @ np.linalg.solve(gram, np.append(offset, rotation))
        np.clip(joints, limits.JOINT_LOWER, limits.JOINT_UPPER, out=joints)
    return False
