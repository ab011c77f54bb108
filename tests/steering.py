"""Drives the tip of one built-in sub-env to poses, for tests that need contact."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.panda import TIP_SITE
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.poses import quat_conjugate, quat_from_matrix, quat_multiply

DAMPING = 0.05


def steer(
    env: BatchEnv,
    position: NDArray[np.float64],
    quat_xyzw: NDArray[np.float64],
    *,
    gripper_open: bool,
    steps: int,
    speed: float = 0.4,
) -> None:
    """Resolved-rate control of sub-env 0 towards a pose; stops at an episode's end.

    Args:
      env: one sub-env with normalised ``joint_velocity`` actions.
      position: (3,) of the tip [m], world.
      quat_xyzw: (4,) of the tip, world.
      gripper_open: what the gripper is told meanwhile.
      steps: control steps at most; it stops when within 2 mm and 0.02 rad.
      speed: of the tip [m/s].
    """
    engine = env.engine
    assert isinstance(engine, BuiltinEngine)
    scene = engine.scene
    site = scene.id_of("site", TIP_SITE)
    body = int(scene.model.site_bodyid[site])
    tip, matrix = scene.site_position(TIP_SITE), scene.site_matrix(TIP_SITE)
    for _ in range(steps):
        offset = position - tip[0]
        current = quat_from_matrix(matrix[0].reshape(3, 3))
        turn = quat_multiply(quat_xyzw, quat_conjugate(current))
        rotation = 2 * turn[:3] * np.copysign(1.0, turn[3])
        if np.linalg.norm(offset) < 0.002 and np.linalg.norm(rotation) < 0.02:
            return
        jacp, jacr = scene.batch.jac(body, tip[0])
        jacobian = np.concatenate([jacp[0, :, :7], jacr[0, :, :7]])
        linear = offset / CONTROL_DT
        linear *= min(1.0, speed / max(float(np.linalg.norm(linear)), 1e-9))
        angular = rotation / CONTROL_DT
        angular *= min(1.0, 1.5 / max(float(np.linalg.norm(angular)), 1e-9))
        gram = jacobian @ jacobian.T + DAMPING**2 * np.eye(6)
        twist = np.concatenate([linear, angular])
        velocity = jacobian.T @ np.linalg.solve(gram, twist)
        arm = np.clip(velocity / limits.JOINT_VELOCITY_LIMIT, -1.0, 1.0)
        action = np.append(arm, 1.0 if gripper_open else -1.0).astype(np.float32)
        _, _, terminals, truncations, _ = env.step(action[None])
        if terminals[0] or truncations[0]:
            return
