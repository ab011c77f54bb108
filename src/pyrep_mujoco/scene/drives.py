"""What drives a joint: what its file said at first, what it was changed to since."""

import dataclasses

from pyrep_mujoco.ttm.joints import Joint, JointMode


@dataclasses.dataclass(slots=True, kw_only=True)
class Drive:
    """A joint's mode, limits and motor; units as those of `Joint`."""

    mode: JointMode
    """What moves it."""
    hybrid: bool
    """Whether it is simulated though its mode is not force."""
    cyclic: bool
    """Whether it has no limits."""
    minimum: float
    """Least position."""
    range: float
    """Greatest position less the least."""
    motor: bool
    """Whether its motor is on."""
    position_control: bool
    """Whether the motor holds a position; else a velocity."""
    spring: bool
    """Whether position control is that of a spring and damper."""
    locked_at_zero: bool
    """Whether the motor is a brake while its target velocity is 0."""
    target_velocity: float
    """What the motor goes for without position control; of a spring its sign does not
    count, and with 0 it only brakes."""
    target_position: float
    """What the motor goes for with position control."""
    max_force: float
    """The motor's greatest force [N] or torque [Nm]."""
    velocity_limit: float
    """Greatest velocity under position control."""
    pid: tuple[float, float, float]
    """Gains of position control."""
    spring_constants: tuple[float, float]
    """Stiffness and damping."""

    @property
    def simulated(self) -> bool:
        """Whether the physics may move the joint."""
        return self.mode is JointMode.FORCE or self.hybrid

    def copy(self) -> "Drive":
        """Another of the same values."""
        return dataclasses.replace(self)


_FIELDS = tuple(field.name for field in dataclasses.fields(Drive))


def drive_of(joint: Joint) -> Drive:
    """What a joint's file says."""
    return Drive(**{name: getattr(joint, name) for name in _FIELDS})
