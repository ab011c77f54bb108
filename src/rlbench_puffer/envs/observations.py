"""What an observation consists of: fields, their bounds, the space, the layout."""

import dataclasses
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.camera import Cameras
from rlbench_puffer.engines.camera_rig import MOUNTS
from rlbench_puffer.engines.robot_facts import PANDA, RobotFacts
from rlbench_puffer.errors import SimulationError

JOINT_POSITION_MARGIN = 0.1
"""Slack in [rad] of the joint position bounds: MuJoCo's joint limits are soft."""

HEIGHT = 2.5
"""Bound of the gripper's height in [m]: arms stand at 0.82 m."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObservationField:
    """One named part of an observation."""

    name: str
    """RLBench's name of the field."""

    low: NDArray[Any]
    """Lower bounds, of the field's shape and dtype."""

    high: NDArray[Any]
    """Upper bounds, of the field's shape and dtype."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The field's shape."""
        return self.low.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32; uint8 for colours and int32 for masks."""
        return self.low.dtype


def _field(name: str, size: int, low: object, high: object) -> ObservationField:
    def bound(value: object) -> NDArray[np.float32]:
        return np.broadcast_to(np.asarray(value, np.float32), (size,)).copy()

    return ObservationField(name=name, low=bound(low), high=bound(high))


def _robot_fields(robot: RobotFacts) -> dict[str, ObservationField]:
    margin = JOINT_POSITION_MARGIN
    dof = robot.dof
    pose_bound = np.array([robot.reach, robot.reach, HEIGHT, 1, 1, 1, 1])
    fields = [
        _field(
            "joint_positions",
            dof,
            robot.joint_lower - margin,
            robot.joint_upper + margin,
        ),
        _field("joint_velocities", dof, -np.inf, np.inf),
        _field("joint_forces", dof, -robot.joint_force_bound, robot.joint_force_bound),
        _field("gripper_open", 1, 0.0, 1.0),
        _field("gripper_pose", 7, -pose_bound, pose_bound),
        _field(
            "gripper_joint_positions",
            len(robot.gripper_lower),
            robot.gripper_lower,
            robot.gripper_upper,
        ),
        _field("gripper_touch_forces", robot.touch_force_size, -np.inf, np.inf),
    ]
    return {field.name: field for field in fields}


def _camera_fields(cameras: Cameras) -> tuple[ObservationField, ...]:
    fields = []
    for name, camera in cameras:
        bounds = {
            "rgb": (0, 255, np.uint8),
            "depth": (0.0, MOUNTS[name].far, np.float32),
            "mask": (-1, np.iinfo(np.int32).max, np.int32),
            "point_cloud": (-np.inf, np.inf, np.float32),
        }
        for kind in camera.kinds:
            low, high, dtype = bounds[kind]
            shape = camera.shape(kind)
            fields.append(
                ObservationField(
                    name=f"{name}_{kind}",
                    low=np.full(shape, low, dtype),
                    high=np.full(shape, high, dtype),
                )
            )
    return tuple(fields)


def observation_fields(
    names: tuple[str, ...],
    low_dim_size: int,
    cameras: Cameras = (),
    robot: RobotFacts = PANDA,
) -> tuple[ObservationField, ...]:
    """The fields of an observation, in their fixed order, pictures last.

    Args:
      names: field names, already in RLBench's order (see ``EnvConfig``).
      low_dim_size: length of the task's ``task_low_dim_state``.
      cameras: what the cameras give, in RLBench's order.
      robot: limits of the arm and the gripper.
    """
    known = _robot_fields(robot)
    known["task_low_dim_state"] = _field(
        "task_low_dim_state", low_dim_size, -np.inf, np.inf
    )
    return (*(known[name] for name in names), *_camera_fields(cameras))


def observation_space(fields: tuple[ObservationField, ...]) -> gymnasium.spaces.Dict:
    """The Dict space of an observation: one Box per field.

    Gymnasium sorts the keys of a plain dict; the fixed order is kept by handing
    it pairs.
    """
    return gymnasium.spaces.Dict(
        [
            (
                field.name,
                gymnasium.spaces.Box(field.low, field.high, dtype=field.dtype.type),
            )
            for field in fields
        ]
    )


def structured_dtype(fields: tuple[ObservationField, ...]) -> np.dtype[np.void]:
    """One observation as a structured dtype.

    It equals the dtype that PufferLib's emulation derives from
    :func:`observation_space`, so that a buffer of PufferLib's can be viewed as it.
    """
    return np.dtype([(f.name, f.dtype, f.shape) for f in fields], align=True)


def numbers_of(row: NDArray[np.void], names: tuple[str, ...]) -> NDArray[np.float32]:
    """The low-dimensional numbers of an observation, as one flat view.

    Args:
      row: (1,), of :func:`structured_dtype`.
      names: all fields but pictures, which come last.
    """
    size = sum(row.dtype[name].itemsize for name in names)
    return row.view(np.uint8)[:size].view(np.float32)


def not_finite(row: NDArray[np.void], names: tuple[str, ...]) -> SimulationError:
    """What to raise where a number of an observation is NaN or infinite.

    Args:
      row: (1,), of :func:`structured_dtype`.
      names: of fields, one of which has such a number.
    """
    name = next(n for n in names if not np.isfinite(row[n]).all())
    values = row[name][0]
    component = int(np.flatnonzero(~np.isfinite(values))[0])
    return SimulationError(
        f"Observation {name}, component {component}, is {values[component]}, expected "
        "a finite number. Reset to go on."
    )


def flat_space(fields: tuple[ObservationField, ...]) -> gymnasium.spaces.Box:
    """The flat Box that PufferLib's emulation makes of :func:`observation_space`.

    Its dtype is the fields' where they share one, else uint8: bytes. Its bounds are
    the dtype's own, as PufferLib's are: emulation keeps no field's bounds.
    """
    dtypes = {field.dtype for field in fields}
    dtype: np.dtype[Any] = dtypes.pop() if len(dtypes) == 1 else np.dtype(np.uint8)
    size = structured_dtype(fields).itemsize // dtype.itemsize
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return gymnasium.spaces.Box(info.min, info.max, (size,), dtype.type)
