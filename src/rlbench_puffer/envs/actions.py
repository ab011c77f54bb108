"""What an action means: its bounds, its scaling, and the check before physics."""

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.config import CONTROL_DT, EnvConfig
from rlbench_puffer.engines import panda_limits as limits
from rlbench_puffer.engines import workspace
from rlbench_puffer.engines.rlbench.action_bounds import simulated_bounds
from rlbench_puffer.engines.robot_facts import PANDA, RobotFacts
from rlbench_puffer.errors import InvalidActionError

_QUAT_LOWER = np.full(4, -1.0)
_NUMBERS = "fiu"


def physical_bounds(
    config: EnvConfig, robot: RobotFacts = PANDA
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of an action in physical units.

    ``joint_velocity``: the velocity limits [rad/s]. ``joint_position``: the
    position limits [rad]. ``delta_joint_position``: what the velocity limit
    covers in one control step [rad]. ``ee_pose_ik`` and ``ee_pose_planning``: the box
    around RLBench's workspace [m], then the components of a quaternion ``xyzw``.
    ``delta_ee_pose_ik``: 5 cm along each axis [m], then likewise. Gripper
    ``discrete``: 0 to 1, more than 0.5 opens; ``joint_position``: each finger's
    position, 0 to 0.04 [m]. Of other engines: see
    :func:`simulated_bounds`.

    Returns:
      low, high: (action_dim,) each; (8,) with a Panda.
    """
    if config.engine != "builtin":
        return simulated_bounds(config, robot)
    if config.arm_action_mode == "joint_velocity":
        low, high = -limits.JOINT_VELOCITY_LIMIT, limits.JOINT_VELOCITY_LIMIT
    elif config.arm_action_mode == "joint_position":
        low, high = limits.JOINT_LOWER, limits.JOINT_UPPER
    elif config.arm_action_mode in ("ee_pose_ik", "ee_pose_planning"):
        low = np.append(workspace.TIP_LOWER, _QUAT_LOWER)
        high = np.append(workspace.TIP_UPPER, -_QUAT_LOWER)
    elif config.arm_action_mode == "delta_ee_pose_ik":
        low = np.append(np.full(3, -workspace.TIP_STEP), _QUAT_LOWER)
        high = -low
    else:
        high = limits.JOINT_VELOCITY_LIMIT * CONTROL_DT
        low = -high
    discrete = config.gripper_action_mode == "discrete"
    gripper_high = 1.0 if discrete else limits.FINGER_TRAVEL
    return np.append(low, 0.0), np.append(high, gripper_high)


class ActionScaling:
    """Checks actions and turns them into physical units.

    Normalised actions run from -1 to 1 between the bounds. A quaternion's components
    do so anyway: they pass as they are, and whoever moves the arm gives them length 1.

    Args:
      config: decides the modes and whether actions are normalised.
      robot: limits of the arm and the gripper.
    """

    def __init__(self, config: EnvConfig, robot: RobotFacts = PANDA) -> None:
        self._low, self._high = physical_bounds(config, robot)
        self._size = len(self._low)
        self._center = (self._high + self._low) / 2
        self._half_range = (self._high - self._low) / 2
        self._centers, self._half_ranges = self._center[None], self._half_range[None]
        self._normalized = config.normalize_actions
        if config.normalize_actions:
            self.space = gymnasium.spaces.Box(-1.0, 1.0, (self._size,), np.float32)
        else:
            self.space = gymnasium.spaces.Box(
                self._low.astype(np.float32),
                self._high.astype(np.float32),
                dtype=np.float32,
            )
        # float32 rounds some limits outwards; the space's own bounds decide what
        # is out of range, the exact limits what is simulated.
        self._accept_low = self.space.low.astype(np.float64)
        self._accept_high = self.space.high.astype(np.float64)

    def to_physical(self, actions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Physical units, within the exact limits.

        Args:
          actions: (k, 8), as :meth:`check` returned them.

        Returns:
          (k, 8) in the units of :func:`physical_bounds`.
        """
        if self._normalized:
            if len(actions) != len(self._half_ranges):
                # Rows of their own: repeating one for each action takes longer than
                # the arithmetic.
                self._half_ranges = np.tile(self._half_range, (len(actions), 1))
                self._centers = np.tile(self._center, (len(actions), 1))
            physical = actions * self._half_ranges
            physical += self._centers
            return physical
        return np.clip(actions, self._low, self._high)

    def from_physical(self, physical: NDArray[np.float64]) -> NDArray[np.float32]:
        """The actions that :meth:`to_physical` makes these of, as near as allowed.

        Args:
          physical: (k, 8) in the units of :func:`physical_bounds`.

        Returns:
          (k, 8) float32 within ``space``.
        """
        if self._normalized:
            physical = (physical - self._center) / self._half_range
        actions = physical.astype(np.float32)
        return np.clip(actions, self.space.low, self.space.high)

    def check_one(self, action: ArrayLike) -> NDArray[np.float64]:
        """One environment's action as :meth:`check` returns it, if it may be simulated.

        Args:
          action: (8,) numbers.

        Returns:
          (1, 8) float64.

        Raises:
          InvalidActionError: as :meth:`check`.
        """
        try:
            row = np.asarray(action)
        except ValueError:
            # Rows of several lengths.
            row = np.asarray(action, object)
        if row.dtype.kind not in _NUMBERS or row.shape != (self._size,):
            raise InvalidActionError(
                f"The action has shape {row.shape} and dtype {row.dtype}, expected "
                f"{(self._size,)} and a real number type.",
                f"Pass a float32 array of {self._size} numbers "
                f"({self._size - 1} arm, 1 gripper).",
            )
        return self.check(row[None], 1)

    def check(
        self, actions: ArrayLike, num_envs: int, first_env_id: int = 0
    ) -> NDArray[np.float64]:
        """The actions as float64, if every one may be simulated.

        Args:
          actions: (num_envs, 8) numbers.
          num_envs: how many rows there must be.
          first_env_id: number of the first row's sub-env, for messages.

        Returns:
          (num_envs, 8) float64; a new array unless it already was one.

        Raises:
          InvalidActionError: wrong shape or dtype, a value that is not finite, or
            one out of range; names the sub-env, the component and the value.
        """
        array = np.asarray(actions)
        if array.dtype.kind not in _NUMBERS:
            raise InvalidActionError(
                f"Actions have dtype {array.dtype}, expected a real number type.",
                f"Pass a float32 array of shape {(num_envs, self._size)}.",
            )
        if array.shape != (num_envs, self._size):
            raise InvalidActionError(
                f"Actions have shape {array.shape}, expected "
                f"{(num_envs, self._size)}: one row for each sub-env.",
                f"Pass one action of {self._size} numbers ({self._size - 1} arm, 1 "
                "gripper) for each sub-env.",
            )
        values = array.astype(np.float64, copy=False)
        # NaN compares False, so one pass finds NaN, infinity and out of range.
        inside = (values >= self._accept_low) & (values <= self._accept_high)
        if not inside.all():
            row, component = np.argwhere(~inside)[0]
            value = values[row, component]
            low, high = self.space.low[component], self.space.high[component]
            raise InvalidActionError(
                f"Action of sub-env {first_env_id + row}: component {component} is "
                f"{value}, expected a number in [{low:g}, {high:g}].",
                "Clip the policy's output, and look for NaN in its input.",
            )
        return values
