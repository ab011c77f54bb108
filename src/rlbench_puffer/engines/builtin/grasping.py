"""Attaching what the closing gripper holds, as RLBench's Discrete mode does."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.builtin.panda import FINGER_BODY_NAMES, HAND_BODY
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.poses import (
    quat_conjugate,
    quat_multiply,
    rotate,
    wxyz_to_xyzw,
    xyzw_to_wxyz,
)

# Where things stand in the data of MuJoCo's weld.
ANCHOR = slice(0, 3)
RELATIVE_POSITION = slice(3, 6)
RELATIVE_QUAT = slice(6, 10)
TORQUE_SCALE = 10


def grasp_name(body: str) -> str:
    """Name of the weld that holds a body in the hand."""
    return f"grasp_{body}"


def add_grasp(spec: mujoco.MjSpec, body: str) -> None:
    """Add the weld, switched off, and the sensors that tell when to switch it on."""
    weld = spec.add_equality(
        name=grasp_name(body),
        type=mujoco.mjtEq.mjEQ_WELD,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        name1=HAND_BODY,
        name2=body,
        active=False,
    )
    # The anchor is the body's origin; the relative pose is written at each grasp.
    # A zero quaternion would make MuJoCo take both from the model's start pose.
    weld.data[ANCHOR] = 0.0
    weld.data[RELATIVE_QUAT] = (1.0, 0.0, 0.0, 0.0)
    weld.data[TORQUE_SCALE] = 1.0
    for finger in FINGER_BODY_NAMES:
        spec.add_sensor(
            name=_touch_name(finger, body),
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname=finger,
            reftype=mujoco.mjtObj.mjOBJ_BODY,
            refname=body,
            # Which data: "found"; no reduction; one slot.
            intprm=[1 << mujoco.mjtConDataField.mjCONDATA_FOUND.value, 0, 1],
        )


class Grasping:
    """Switches the welds of the graspable bodies.

    RLBench attaches an object that is between the fingers when the gripper closes,
    and lets go before it opens. Here "between" means that both fingers touch it.

    Args:
      scene: the simulations.
      bodies: names of the graspable free bodies.
    """

    def __init__(self, scene: Scene, bodies: tuple[str, ...]) -> None:
        model = scene.model
        self._welds = np.array([scene.id_of("equality", grasp_name(b)) for b in bodies])
        self._bodies = np.array([scene.id_of("body", body) for body in bodies])
        self._hand = scene.id_of("body", HAND_BODY)
        self._active = scene.batch.bind("eq_active")
        self._data = scene.batch.expand("eq_data")
        self._position = scene.batch.bind("xpos")
        self._quat_wxyz = scene.batch.bind("xquat")
        sensors = [
            [
                scene.id_of("sensor", _touch_name(finger, b))
                for finger in FINGER_BODY_NAMES
            ]
            for b in bodies
        ]
        self._touch_columns = model.sensor_adr[np.array(sensors)]
        self._sensordata = scene.batch.bind("sensordata")

    def release(self, opening: NDArray[np.bool_]) -> None:
        """Let go in sub-envs whose gripper opens; (num_envs,) bool."""
        if opening.any():
            self._active[np.ix_(opening, self._welds)] = 0.0

    def attach(self, closing: NDArray[np.bool_]) -> None:
        """Hold what both fingers of a closing gripper touch; (num_envs,) bool."""
        touched = (self._sensordata[:, self._touch_columns] > 0).all(axis=2)
        free_hand = ~self._active[:, self._welds].any(axis=1)
        candidates = touched & (closing & free_hand)[:, None]
        env_ids = np.flatnonzero(candidates.any(axis=1))
        if not env_ids.size:
            return
        chosen = candidates[env_ids].argmax(axis=1)
        bodies, welds = self._bodies[chosen], self._welds[chosen]
        hand_quat = wxyz_to_xyzw(self._quat_wxyz[env_ids, self._hand])
        to_hand = quat_conjugate(hand_quat)
        offset = self._position[env_ids, bodies] - self._position[env_ids, self._hand]
        body_quat = wxyz_to_xyzw(self._quat_wxyz[env_ids, bodies])
        self._data[env_ids, welds, RELATIVE_POSITION] = rotate(to_hand, offset)
        self._data[env_ids, welds, RELATIVE_QUAT] = xyzw_to_wxyz(
            quat_multiply(to_hand, body_quat)
        )
        self._active[env_ids, welds] = 1.0


def _touch_name(finger: str, body: str) -> str:
    return f"{finger}_touches_{body}"
