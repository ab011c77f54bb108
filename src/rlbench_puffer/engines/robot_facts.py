"""What spaces must know of a robot, whatever simulates it."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines import panda_limits as limits

FloatArray = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RobotFacts:
    """Limits of an arm of d joints and of a gripper of g; all angles in [rad]."""

    joint_lower: FloatArray
    """(d,) lower position limits; -inf where a joint turns for ever."""

    joint_upper: FloatArray
    """(d,) upper position limits."""

    joint_velocity_limit: FloatArray
    """(d,) [rad/s]."""

    joint_torque_limit: FloatArray | None
    """(d,) [N m] that an action may ask for; None where nobody says."""

    joint_force_bound: FloatArray
    """(d,) [N m], the largest that an observation may hold."""

    gripper_lower: FloatArray
    """(g,) least finger positions in [m] or [rad] that an observation may hold."""

    gripper_upper: FloatArray
    """(g,) largest."""

    touch_force_size: int
    """Length of ``gripper_touch_forces``."""

    reach: float
    """Bound of the gripper's x and y in [m] from the world's origin."""

    @property
    def dof(self) -> int:
        """Joints of the arm."""
        return len(self.joint_lower)


PANDA = RobotFacts(
    joint_lower=limits.JOINT_LOWER,
    joint_upper=limits.JOINT_UPPER,
    joint_velocity_limit=limits.JOINT_VELOCITY_LIMIT,
    joint_torque_limit=limits.JOINT_TORQUE_LIMIT,
    joint_force_bound=limits.JOINT_TORQUE_LIMIT,
    gripper_lower=np.zeros(2),
    gripper_upper=np.full(2, limits.FINGER_TRAVEL),
    touch_force_size=6,
    # The arm reaches 0.855 m and stands 0.31 m from the origin.
    reach=1.5,
)
"""The Panda of the builtin engine."""
