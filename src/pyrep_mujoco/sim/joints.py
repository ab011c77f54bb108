"""Joints: positions, targets, forces, limits, modes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.drives import Drive
from pyrep_mujoco.scene.frames import Frame
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.matrices import from_matrix, to_matrix
from pyrep_mujoco.sim.object_parameters import register
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.joints import Joint, JointKind, JointMode

_SPHERICAL = JointKind.SPHERICAL


def joint(simulation: Simulation, handle: int) -> tuple[Node, Drive]:
    """A joint by handle, and what drives it.

    Raises:
      UnknownObjectError: there is no such object.
      SceneError: it is no joint.
    """
    node = simulation.node(handle)
    drive = node.drive
    if drive is None:
        raise _no_joint(node)
    return node, drive


def _no_joint(node: Node) -> SceneError:
    return SceneError(node.name, "is no joint", "Give a joint's handle.")


def _kind(node: Node) -> JointKind:
    assert isinstance(node.source, Joint)
    return node.source.kind


def _straight(simulation: Simulation, handle: int) -> tuple[Node, Drive]:
    """A joint that has one position.

    Raises:
      SceneError: it is no joint, or a spherical one.
    """
    node, drive = joint(simulation, handle)
    if _kind(node) is _SPHERICAL:
        raise SceneError(
            node.name,
            "is a spherical joint, which has no single position",
            "Read its matrix.",
        )
    return node, drive


def _finite(node: Node, what: str, value: float) -> float:
    """A number for a joint.

    Raises:
      SceneError: it is not finite; CoppeliaSim would hang on it.
    """
    number = float(value)
    if not math.isfinite(number):
        raise _not_finite(node, what, number)
    return number


def _not_finite(node: Node, what: str, number: float) -> SceneError:
    return SceneError(
        node.name, f"was given the {what} {number}", "Give a finite number."
    )


def simGetJointType(objectHandle: int) -> int:
    """10 revolute, 11 prismatic, 12 spherical."""
    return int(_kind(joint(current(), objectHandle)[0]))


def simGetJointPosition(jointHandle: int) -> float:
    """Position of a revolute [rad] or prismatic [m] joint; 0 of a spherical one.

    CoppeliaSim refuses the latter; PyRep does not look and reads the 0 that was there.
    """
    simulation = current()
    node = simulation.node(jointHandle)
    source = node.source
    if not isinstance(source, Joint):
        raise _no_joint(node)
    return 0.0 if source.kind is _SPHERICAL else simulation.scene.joint_position(node)


def simSetJointPosition(jointHandle: int, position: float) -> None:
    """Put a joint somewhere at once [rad or m], within its limits."""
    simulation = current()
    node, drive = _straight(simulation, jointHandle)
    position = _finite(node, "position", position)
    if not drive.cyclic:
        # What is out of its limits is left at them, as in CoppeliaSim.
        most = drive.minimum + drive.range
        position = min(max(position, drive.minimum), most)
    simulation.scene.set_joint_position(node, position)


def simGetJointMatrix(jointHandle: int) -> list[float]:
    """Matrix (12,) by which a joint moves its children, without its own place."""
    simulation = current()
    node, _ = joint(simulation, jointHandle)
    if _kind(node) is JointKind.SPHERICAL:
        turn = simulation.scene.joint_turn(node)
        return to_matrix(Frame((0.0, 0.0, 0.0), turn))
    return to_matrix(node.moved_at(simulation.scene.joint_position(node)))


def simSetSphericalJointMatrix(jointHandle: int, matrix: Sequence[float]) -> None:
    """Turn a spherical joint to a matrix (12,); its position is not looked at.

    Raises:
      SceneError: it is no spherical joint.
    """
    simulation = current()
    node, _ = joint(simulation, jointHandle)
    if _kind(node) is not JointKind.SPHERICAL:
        raise SceneError(
            node.name, "is no spherical joint", "Set its position instead."
        )
    simulation.scene.set_joint_turn(node, from_matrix(matrix).quat_wxyz)


def simGetJointTargetVelocity(jointHandle: int) -> float:
    """What the motor goes for [rad/s or m/s]."""
    return joint(current(), jointHandle)[1].target_velocity


def simSetJointTargetVelocity(jointHandle: int, targetVelocity: float) -> None:
    """Let the motor go for a velocity [rad/s or m/s], without position control."""
    simulation = current()
    node, drive = joint(simulation, jointHandle)
    velocity = float(targetVelocity)
    if not math.isfinite(velocity):
        raise _not_finite(node, "target velocity", velocity)
    drive.target_velocity = velocity
    simulation.scene.retarget(node)


def simGetJointTargetPosition(jointHandle: int) -> float:
    """What the motor goes for under position control [rad or m]."""
    return joint(current(), jointHandle)[1].target_position


def simSetJointTargetPosition(jointHandle: int, targetPosition: float) -> None:
    """Let the motor go for a position [rad or m], under position control."""
    simulation = current()
    node, drive = joint(simulation, jointHandle)
    drive.target_position = _finite(node, "target position", targetPosition)
    simulation.scene.redrive(node)


def simGetJointForce(jointHandle: int) -> float:
    """Force [N] or torque [Nm] of the motor now; 0 of a joint that is not simulated.

    Its sign is CoppeliaSim's with Bullet: turned round while the target velocity is
    negative. RLBench turns it back.
    """
    simulation = current()
    node, drive = _straight(simulation, jointHandle)
    force = simulation.scene.joint_force(node)
    return -force if drive.target_velocity < 0 else force


def simGetJointMaxForce(jointHandle: int) -> float:
    """The motor's greatest force [N] or torque [Nm]."""
    return joint(current(), jointHandle)[1].max_force


def simSetJointMaxForce(jointHandle: int, force: float) -> None:
    """Set the motor's greatest force [N] or torque [Nm].

    Raises:
      SceneError: it is negative.
    """
    simulation = current()
    node, drive = joint(simulation, jointHandle)
    if not force >= 0:
        raise SceneError(
            node.name,
            f"cannot have a greatest force of {force}",
            "Give 0 or more; the target velocity's sign says which way it acts.",
        )
    drive.max_force = float(force)
    simulation.scene.redrive(node)


def simSetJointForce(jointHandle: int, force: float) -> None:
    """Set the motor's greatest force [N] or torque [Nm]; an older name."""
    simSetJointMaxForce(jointHandle, force)


def simGetJointInterval(jointHandle: int) -> tuple[bool, list[float]]:
    """Whether a joint has no limits; least position, and greatest less least."""
    _, drive = joint(current(), jointHandle)
    return drive.cyclic, [drive.minimum, drive.range]


def simSetJointInterval(
    jointHandle: int, cyclic: bool, interval: Sequence[float]
) -> None:
    """Set a joint's limits; see `simGetJointInterval`."""
    simulation = current()
    node, drive = joint(simulation, jointHandle)
    least, reach = map(float, interval)
    drive.cyclic, drive.minimum, drive.range = bool(cyclic), least, reach
    simulation.scene.redrive(node)


def simGetJointMode(shapeHandle: int) -> int:
    """0 passive, 2 IK, 4 dependent, 5 force."""
    return int(joint(current(), shapeHandle)[1].mode)


def simSetJointMode(shapeHandle: int, mode: int) -> None:
    """Set what moves a joint; see `simGetJointMode`.

    Raises:
      SceneError: there is no such mode.
    """
    simulation = current()
    node, drive = joint(simulation, shapeHandle)
    if mode not in set(JointMode):
        raise SceneError(
            node.name,
            f"cannot have the mode {mode}",
            f"Choose one of {[int(known) for known in JointMode]}.",
        )
    drive.mode, drive.hybrid = JointMode(mode), False
    simulation.scene.unsettle()


def _register(
    number: int, field: str, kind: type[Any], *, settable: bool = True
) -> None:
    """Let a parameter be a field of the drive."""

    def read(simulation: Simulation, node: Node) -> Any:
        return kind(getattr(joint(simulation, node.handle)[1], field))

    def write(simulation: Simulation, node: Node, value: Any) -> None:
        setattr(joint(simulation, node.handle)[1], field, type_of_field(value))
        simulation.scene.redrive(node)

    type_of_field: Callable[[Any], Any] = bool if kind is int else float
    register(number, Joint, read, write if settable else None)


def _register_gain(number: int, field: str, place: int) -> None:
    """Let a parameter be one of several gains."""

    def read(simulation: Simulation, node: Node) -> float:
        return getattr(joint(simulation, node.handle)[1], field)[place]

    def write(simulation: Simulation, node: Node, value: Any) -> None:
        drive = joint(simulation, node.handle)[1]
        gains = list(getattr(drive, field))
        gains[place] = float(value)
        setattr(drive, field, tuple(gains))
        simulation.scene.redrive(node)

    register(number, Joint, read, write)


_register(2000, "motor", int)
_register(2001, "position_control", int)
_register(2030, "locked_at_zero", int)
_register(2017, "velocity_limit", float)
for _number, _field, _place in (
    *((2002, "pid", 0), (2003, "pid", 1), (2004, "pid", 2)),
    *((2018, "spring_constants", 0), (2019, "spring_constants", 1)),
):
    _register_gain(_number, _field, _place)
register(2012, Joint, lambda sim, node: sim.scene.joint_velocity(node), None)
for _place in range(4):
    # x, y, z, w of a spherical joint.
    register(
        2013 + _place,
        Joint,
        lambda sim, node, place=_place: sim.scene.joint_turn(node)[(place + 1) % 4],
        None,
    )
