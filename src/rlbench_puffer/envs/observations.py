"""What an observation consists of: fields, their bounds, the space, the layout."""

import dataclasses

import gymnasium
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits

JOINT_POSITION_MARGIN = 0.1
"""Slack in [rad] of the joint position bounds: MuJoCo's joint limits are soft."""

REACH = 1.5
"""Bound of the gripper's position in [m] from the world's origin, each axis, plus
the height of the base: the arm's reach is 0.855 m and its base is at 0.82 m."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObservationField:
    """One named part of an observation, always float32."""

    name: str
    """RLBench's name of the field."""

    low: NDArray[np.float32]
    """Lower bounds, of the field's shape."""

    high: NDArray[np.float32]
    """Upper bounds, of the field's shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The field's shape."""
        return self.low.shape


def _field(name: str, size: int, low: object, high: object) -> ObservationField:
    def bound(value: object) -> NDArray[np.float32]:
        return np.broadcast_to(np.asarray(value, np.float32), (size,)).copy()

    return ObservationField(name=name, low=bound(low), high=bound(high))


def _robot_fields() -> dict[str, ObservationField]:
    margin = JOINT_POSITION_MARGIN
    pose_bound = np.array([REACH, REACH, 2.5, 1, 1, 1, 1])
    fields = [
        _field(
            "joint_positions",
            7,
            limits.JOINT_LOWER - margin,
            limits.JOINT_UPPER + margin,
        ),
        _field("joint_velocities", 7, -np.inf, np.inf),
        _field(
            "joint_forces", 7, -limits.JOINT_TORQUE_LIMIT, limits.JOINT_TORQUE_LIMIT
        ),
        _field("gripper_open", 1, 0.0, 1.0),
        _field("gripper_pose", 7, -pose_bound, pose_bound),
        _field("gripper_joint_positions", 2, 0.0, limits.FINGER_TRAVEL),
        _field("gripper_touch_forces", 6, -np.inf, np.inf),
    ]
    return {field.name: field for field in fields}


def observation_fields(
    names: tuple[str, ...], low_dim_size: int
) -> tuple[ObservationField, ...]:
    """The fields of an observation, in their fixed order.

    Args:
      names: field names, already in RLBench's order (see ``EnvConfig``).
      low_dim_size: length of the task's ``task_low_dim_state``.
    """
    known = _robot_fields()
    known["task_low_dim_state"] = _field(
        "task_low_dim_state", low_dim_size, -np.inf, np.inf
    )
    return tuple(known[name] for name in names)


def observation_space(fields: tuple[ObservationField, ...]) -> gymnasium.spaces.Dict:
    """The Dict space of an observation: one float32 Box per field.

    Gymnasium sorts the keys of a plain dict; the fixed order is kept by handing
    it pairs.
    """
    return gymnasium.spaces.Dict(
        [
            (field.name, gymnasium.spaces.Box(field.low, field.high, dtype=np.float32))
            for field in fields
        ]
    )


def structured_dtype(fields: tuple[ObservationField, ...]) -> np.dtype[np.void]:
    """One observation as a structured dtype.

    It equals the dtype that PufferLib's emulation derives from
    :func:`observation_space`, so that a buffer of PufferLib's can be viewed as it.
    """
    return np.dtype([(f.name, np.float32, f.shape) for f in fields], align=True)


def flat_space(fields: tuple[ObservationField, ...]) -> gymnasium.spaces.Box:
    """The flat Box that PufferLib's emulation makes of :func:`observation_space`.

    Its bounds are float32's own, as PufferLib's are: emulation keeps a dtype's
    range, not each field's.
    """
    size = structured_dtype(fields).itemsize // 4
    info = np.finfo(np.float32)
    return gymnasium.spaces.Box(info.min, info.max, (size,), np.float32)
