"""Motors: how a joint's drive becomes a MuJoCo actuator."""

from dataclasses import dataclass

import mujoco

from pyrep_mujoco.scene.drives import Drive
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.joints import Joint, JointKind

PHYSICS_DT = 0.005
"""CoppeliaSim's physics step [s], with which its position control is scaled."""

SATURATION = 0.02
"""Error of the velocity [rad/s or m/s] at which a motor gives all its force, if its
load is heavy enough; Bullet's motors are constraints, which give all for any error."""

LOOSE_FRICTION = {JointKind.REVOLUTE: 2e-3, JointKind.PRISMATIC: 0.1}
"""Friction of joints without a motor [Nm or N]. Bullet has none, but its joints do not
creep on slopes of 1e-4 as MuJoCo's would."""

LOOSE_DAMPING = {
    JointKind.REVOLUTE: 1e-2,
    JointKind.PRISMATIC: 0.5,
    JointKind.SPHERICAL: 1e-3,
}
"""Damping of joints without a motor [Nm s/rad or N s/m]; chosen here, as above."""

STEADINESS, ROBOT_STEADINESS = 2.0, 1.0
"""Share of its velocity's error that a motor removes in a physics step. Above 2 it
would shake at full force; a robot's links have less inertia in other postures."""

ROBOT_ARMATURE = 0.1
"""Inertia that a robot's joints have of their own [kg m^2]: Bullet's motors hold
against any load, and the masses in robot models are dummies."""


BRAKE_IMPEDANCE = (0.999, 0.9999, 0.001, 0.5, 2.0)
"""MuJoCo's ``solimp`` of friction in joints: with the default, brakes creep by 0.02
rad/s at half their force; Bullet's do not."""


@dataclass(frozen=True, slots=True)
class Motor:
    """An affine actuator: force = gain * control + bias . (1, position, velocity)."""

    gain: float
    bias: tuple[float, float, float]
    control: float
    """What it goes for: a position or a velocity."""
    max_force: float
    """The greatest force [N] or torque [Nm]."""
    friction: float
    """Friction in the joint [N or Nm]; a brake is nothing else."""
    damping: float
    """Damping in the joint."""


def motor(kind: JointKind, joint: Drive, inertia: float, *, robot: bool) -> Motor:
    """The actuator of a joint with one degree of freedom.

    Args:
      kind: which way the joint moves.
      joint: what drives it.
      inertia: what it moves while the other joints give way [kg m^2 or kg].
      robot: whether it belongs to a robot, whose motors never act as brakes.
    """
    if not joint.motor:
        return Motor(
            0.0,
            (0.0, 0.0, 0.0),
            0.0,
            0.0,
            LOOSE_FRICTION[kind],
            LOOSE_DAMPING[kind],
        )
    if joint.position_control and joint.spring:
        stiffness, damping = joint.spring_constants
        bias = (0.0, -stiffness, -damping)
        return _motor(joint, stiffness, bias, joint.target_position)
    # A firmer motor overshoots in one physics step at full force, and shakes: MuJoCo
    # integrates it implicitly only below that. Other postures have less inertia.
    share = ROBOT_STEADINESS if robot else STEADINESS
    firmness = min(joint.max_force / SATURATION, share * inertia / PHYSICS_DT)
    if joint.position_control:
        # Bullet goes for the velocity that would remove the share P of the error in
        # one step.
        stiffness = firmness * joint.pid[0] / PHYSICS_DT
        bias = (0.0, -stiffness, -firmness)
        return _motor(joint, stiffness, bias, joint.target_position)
    if joint.target_velocity == 0 and not robot:
        return Motor(0.0, (0.0, 0.0, 0.0), 0.0, 0.0, joint.max_force, 0.0)
    return _motor(joint, firmness, (0.0, 0.0, -firmness), joint.target_velocity)


def _motor(
    joint: Drive, gain: float, bias: tuple[float, float, float], control: float
) -> Motor:
    return Motor(gain, bias, control, joint.max_force, 0.0, 0.0)


def is_locked(joint: Drive) -> bool:
    """Whether the motor holds the joint where it is, with any force."""
    return (
        joint.locked_at_zero
        and joint.motor
        and not joint.position_control
        and joint.target_velocity == 0
    )


def regime(joint: Drive) -> tuple[object, ...]:
    """All that an actuator depends on but for what it goes for."""
    return (
        joint.motor,
        joint.position_control,
        joint.spring,
        joint.max_force,
        joint.pid,
        joint.spring_constants,
        joint.cyclic,
        joint.minimum,
        joint.range,
        # Then it may be a brake.
        joint.position_control or joint.target_velocity == 0,
    )


def drive(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    node: Node,
    *,
    actuator: int,
    dof: int,
    inertia: float,
    robot: bool,
) -> None:
    """Set a joint's actuator to what drives it now; takes effect at once."""
    assert isinstance(node.source, Joint)
    assert node.drive is not None
    set_to = motor(node.source.kind, node.drive, inertia, robot=robot)
    model.actuator_gainprm[actuator, 0] = set_to.gain
    model.actuator_biasprm[actuator, :3] = set_to.bias
    model.actuator_forcerange[actuator] = -set_to.max_force, set_to.max_force
    model.dof_frictionloss[dof] = set_to.friction
    model.dof_damping[dof] = set_to.damping
    data.ctrl[actuator] = set_to.control


def robot_parts(tree: Tree) -> set[Node]:
    """Objects of robots: what came with joints of an IK group, under the same root."""
    roots = set()
    for group in tree.ik_groups.values():
        for element in group.elements:
            if element.tip in tree:
                chain = tree.node(element.tip).ancestors()
                roots |= {_root(node) for node in chain if node.drive is not None}
    return {
        node
        for load, root in roots
        for node in root.tree()
        # What was hung on a robot since came otherwise.
        if node.load == load
    }


def _root(node: Node) -> tuple[int, Node]:
    """Which load brought an object, and its topmost ancestor."""
    return node.load, next(reversed([node, *node.ancestors()]))
