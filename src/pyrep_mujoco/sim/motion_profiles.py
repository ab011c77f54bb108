"""Motion profiles: jerk-limited ways to a position or a velocity, step by step.

CoppeliaSim has the Reflexxes library for them (type IV: limited jerk); here the
package ``ruckig`` computes the same time-optimal profiles.
"""

import itertools
from collections.abc import Sequence
from typing import Any

from pyrep_mujoco.extras import package
from pyrep_mujoco.sim.simulation import Simulation, current

GOING, ARRIVED = 0, 1
"""What a step returns: the goal is ahead, or it is reached."""

_PURPOSE = "Following a path"


class MotionProfiles:
    """The profiles that were made and not removed."""

    def __init__(self, simulation: Simulation) -> None:
        self._handles = itertools.count()
        self._profiles: dict[int, _Profile] = {}

    def add(self, profile: "_Profile") -> int:
        """Keep a profile; its handle."""
        handle = next(self._handles)
        self._profiles[handle] = profile
        return handle

    def profile(self, handle: int) -> "_Profile":
        """A profile by handle.

        Raises:
          RuntimeError: there is none.
        """
        try:
            return self._profiles[handle]
        except KeyError:
            raise _unknown(handle) from None

    def remove(self, handle: int) -> None:
        """Forget a profile.

        Raises:
          RuntimeError: there is none.
        """
        if self._profiles.pop(handle, None) is None:
            raise _unknown(handle)

    def close(self) -> None:
        """Forget all."""
        self._profiles.clear()


class _Profile:
    """A computed motion and how much of it has passed."""

    def __init__(self, trajectory: Any) -> None:
        self._trajectory = trajectory
        self._time = 0.0

    def step(self, seconds: float) -> tuple[int, list[float]]:
        """Let time pass; whether it has arrived, and the state then."""
        self._time += seconds
        # A step that ends within rounding of the end ends there.
        arrived = self._time >= self._trajectory.duration - 1e-9
        time = self._trajectory.duration if arrived else self._time
        position, velocity, acceleration = self._trajectory.at_time(time)
        state = [*position, *velocity, *acceleration]
        return (ARRIVED if arrived else GOING), state


def simRMLPos(
    dofs: int,
    smallestTimeStep: float,
    flags: int,
    currentPosVelAccel: Sequence[float],
    maxVelAccelJerk: Sequence[float],
    selection: Sequence[int],
    targetPosVel: Sequence[float],
) -> int:
    """Begin a motion to a position and velocity.

    Args:
      dofs: number of degrees of freedom, n.
      smallestTimeStep: not used; the profile is exact at any time.
      flags: not used; all degrees of freedom arrive at the same time, as by default.
      currentPosVelAccel: n positions, n velocities, n accelerations.
      maxVelAccelJerk: n limits of each.
      selection: n times whether it moves at all.
      targetPosVel: n positions, n velocities.

    Returns:
      the profile's handle.

    Raises:
      RuntimeError: the numbers do not make a motion.
      MissingDependencyError: ruckig is not installed.
    """
    ruckig = package("ruckig", _PURPOSE)
    asked = _input(ruckig, dofs, currentPosVelAccel, selection)
    limits = _groups(maxVelAccelJerk, dofs, 3)
    asked.max_velocity, asked.max_acceleration, asked.max_jerk = limits
    asked.target_position, asked.target_velocity = _groups(targetPosVel, dofs, 2)
    return _begin(ruckig, asked, dofs)


def simRMLVel(
    dofs: int,
    smallestTimeStep: float,
    flags: int,
    currentPosVelAccel: Sequence[float],
    maxAccelJerk: Sequence[float],
    selection: Sequence[int],
    targetVel: Sequence[float],
) -> int:
    """Begin a motion to a velocity; arguments and errors as for `simRMLPos`."""
    ruckig = package("ruckig", _PURPOSE)
    asked = _input(ruckig, dofs, currentPosVelAccel, selection)
    asked.control_interface = ruckig.ControlInterface.Velocity
    asked.max_acceleration, asked.max_jerk = _groups(maxAccelJerk, dofs, 2)
    (asked.target_velocity,) = _groups(targetVel, dofs, 1)
    return _begin(ruckig, asked, dofs)


def simRMLStep(handle: int, timeStep: float, dofs: int) -> tuple[int, list[float]]:
    """Let a motion go on.

    Args:
      handle: of the profile.
      timeStep: by how much [s].
      dofs: number of degrees of freedom.

    Returns:
      1 once it has arrived, else 0; and positions, velocities, accelerations.

    Raises:
      RuntimeError: there is no such profile.
    """
    return current().part(MotionProfiles).profile(handle).step(timeStep)


def simRMLRemove(handle: int) -> None:
    """Forget a profile.

    Raises:
      RuntimeError: there is no such profile.
    """
    current().part(MotionProfiles).remove(handle)


def _input(
    ruckig: Any, dofs: int, state: Sequence[float], selection: Sequence[int]
) -> Any:
    asked = ruckig.InputParameter(dofs)
    asked.current_position, asked.current_velocity, asked.current_acceleration = (
        _groups(state, dofs, 3)
    )
    asked.enabled = [bool(one) for one in selection]
    return asked


def _groups(numbers: Sequence[float], dofs: int, count: int) -> list[list[float]]:
    """So many groups of one number for each degree of freedom."""
    if len(numbers) != dofs * count:
        raise RuntimeError(
            f"A motion of {dofs} degrees of freedom was given {len(numbers)} numbers "
            f"where {dofs * count} were expected. Give {count} for each."
        )
    values = [float(number) for number in numbers]
    return [values[part * dofs : (part + 1) * dofs] for part in range(count)]


def _begin(ruckig: Any, asked: Any, dofs: int) -> int:
    trajectory = ruckig.Trajectory(dofs)
    try:
        result = ruckig.Ruckig(dofs).calculate(asked, trajectory)
    except (ruckig.RuckigError, RuntimeError) as error:
        raise RuntimeError(f"The motion cannot be computed: {error}") from error
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise RuntimeError(
            f"The motion cannot be computed ({result.name}). Look for limits that are "
            "not positive and for numbers that are not finite."
        )
    return current().part(MotionProfiles).add(_Profile(trajectory))


def _unknown(handle: int) -> RuntimeError:
    return RuntimeError(
        f"There is no motion profile {handle!r}: it was removed, or never made."
    )
