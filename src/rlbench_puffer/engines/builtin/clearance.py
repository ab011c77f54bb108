"""Whether the arm touches anything, tried on a scratch copy of one sub-env."""

import copy

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.controllers import ARM
from rlbench_puffer.engines.builtin.panda import (
    HAND_BODY,
    ROBOT_COLLISION,
    SCENE_COLLISION,
)
from rlbench_puffer.engines.builtin.scene import PLACED_MODEL_FIELDS, Scene
from rlbench_puffer.poses import (
    quat_conjugate,
    quat_multiply,
    rotate,
    wxyz_to_xyzw,
    xyzw_to_wxyz,
)

FloatArray = NDArray[np.float64]

CLEARANCE = 0.004
"""How near the arm may come to a thing on a free way [m]."""

JOINT_STEP = 0.04
"""Largest move of a joint between two tries of a path [rad]: the tip of the stretched
arm moves by 3 cm then."""


class Clearance:
    """The robot of one sub-env, put into postures among that sub-env's things.

    Only the robot and what it holds can touch, and only the rest of the scene can be
    touched: objects that lie on the table count for nothing.

    Args:
      scene: the simulations.
      graspable: names of the bodies that the gripper may hold.
    """

    def __init__(self, scene: Scene, graspable: tuple[str, ...]) -> None:
        self._scene = scene
        self._graspable = graspable
        self._model = copy.copy(scene.model)
        self._data = mujoco.MjData(self._model)
        model = self._model
        robot = model.geom_contype == ROBOT_COLLISION
        self._scene_geoms = np.flatnonzero(model.geom_contype == SCENE_COLLISION)
        model.geom_margin[robot] = CLEARANCE
        hand = scene.id_of("body", HAND_BODY)
        wrist = model.body_parentid[hand]
        self._hand = hand
        # The last link, the hand and the fingers: what comes near things on purpose.
        near = np.isin(model.body_rootid, [model.body_rootid[hand]]) & (
            np.arange(model.nbody) >= wrist
        )
        self._is_arm = robot & ~near[model.geom_bodyid]
        self._carried: list[tuple[int, FloatArray, FloatArray]] = []

    def take(self, env_id: int) -> FloatArray:
        """Copy one sub-env's present state.

        Returns:
          Its arm's joint positions, (7,) [rad].
        """
        scene, model, data = self._scene, self._model, self._data
        for name in PLACED_MODEL_FIELDS:
            getattr(model, name)[...] = scene.placed(name)[env_id]
        data.qpos[:] = scene.batch.bind("qpos")[env_id]
        mujoco.mj_kinematics(model, data)
        # What the scene's things collide with: the robot, not each other.
        model.geom_contype[self._scene_geoms] = SCENE_COLLISION
        model.geom_conaffinity[self._scene_geoms] = ROBOT_COLLISION
        self._carried = []
        to_hand = quat_conjugate(wxyz_to_xyzw(data.xquat[self._hand]))
        for name in self._graspable:
            if not scene.grasped(name)[env_id]:
                continue
            body = scene.id_of("body", name)
            start = model.jnt_qposadr[model.body_jntadr[body]]
            offset = rotate(to_hand, data.xpos[body] - data.xpos[self._hand])
            turn = quat_multiply(to_hand, wxyz_to_xyzw(data.xquat[body]))
            self._carried.append((int(start), offset, turn))
            # From now on it is a part of the robot.
            geoms = np.flatnonzero(model.geom_bodyid == body)
            geoms = geoms[model.geom_contype[geoms] != 0]
            model.geom_contype[geoms] = ROBOT_COLLISION
            model.geom_conaffinity[geoms] = SCENE_COLLISION
        return data.qpos[ARM].copy()

    def touches(self, posture: FloatArray) -> set[tuple[int, int]]:
        """Pairs of geoms nearer than :data:`CLEARANCE`; (7,) [rad]."""
        self._pose(posture)
        return {(int(a), int(b)) for a, b in self._data.contact.geom}

    def is_free(
        self, path: FloatArray, but: frozenset[tuple[int, int]] = frozenset()
    ) -> bool:
        """Whether the robot touches nothing in any of these postures.

        Args:
          path: (k, 7) [rad].
          but: pairs of geoms that may touch, as they did at the start.
        """
        for posture in path:
            self._pose(posture)
            if self._data.ncon and not self.touches_only(but):
                return False
        return True

    def touches_only(self, but: frozenset[tuple[int, int]]) -> bool:
        """Whether what touches in the last posture is among these pairs."""
        pairs = self._data.contact.geom
        return all((int(a), int(b)) in but for a, b in pairs)

    def arm_is_free(self, path: FloatArray) -> bool:
        """Whether the arm but its last link touches nothing in these postures.

        On straight ways the hand may come near things and push them; the arm may not.

        Args:
          path: (k, 7) [rad].
        """
        for posture in path:
            self._pose(posture)
            if self._data.ncon and self._is_arm[self._data.contact.geom].any():
                return False
        return True

    def _pose(self, posture: FloatArray) -> None:
        model, data = self._model, self._data
        data.qpos[ARM] = posture
        mujoco.mj_kinematics(model, data)
        if self._carried:
            hand_quat = wxyz_to_xyzw(data.xquat[self._hand])
            for start, offset, turn in self._carried:
                position = data.xpos[self._hand] + rotate(hand_quat, offset)
                data.qpos[start : start + 3] = position
                quat = quat_multiply(hand_quat, turn)
                data.qpos[start + 3 : start + 7] = xyzw_to_wxyz(quat)
            mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)


def between(start: FloatArray, goal: FloatArray) -> FloatArray:
    """Postures on the straight way in joint space, the start left out, (k, 7)."""
    count = max(1, int(np.ceil(np.abs(goal - start).max() / JOINT_STEP)))
    return start + np.linspace(0.0, 1.0, count + 1)[1:, None] * (goal - start)
