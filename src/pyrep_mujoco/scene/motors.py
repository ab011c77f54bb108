"""Motors: how a joint's drive becomes friction or an actuator of MuJoCo's."""

from dataclasses import dataclass

import mujoco

from pyrep_mujoco.scene.drives import Drive
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.joints import Joint, JointKind

PHYSICS_DT = 0.005
"""CoppeliaSim's physics step [s], with which its position control is scaled."""

LOOSE_FRICTION = {JointKind.REVOLUTE: 2e-3, JointKind.PRISMATIC: 0.1}
"""Friction of joints without a motor [Nm or N]. Bullet has none, but its joints do not
creep on slopes of 1e-4 as MuJoCo's would."""

LOOSE_DAMPING = {
    JointKind.REVOLUTE: 1e-2,
    JointKind.PRISMATIC: 0.5,
    JointKind.SPHERICAL: 1e-3,
}
"""Damping of joints without a motor [Nm s/rad or N s/m]; chosen here, as above."""

FRICTION_REFERENCE = (2 * PHYSICS_DT, 1.0)
"""MuJoCo's ``solref`` of friction in joints: a motor's error of velocity is gone after
one physics step."""

FRICTION_IMPEDANCE = (0.999, 0.9999, 0.001, 0.5, 2.0)
"""MuJoCo's ``solimp`` of friction in joints: with the default, brakes creep by 0.02
rad/s at half their force; Bullet's do not."""


LIMIT_REFERENCE, LIMIT_IMPEDANCE = (
    (2 * PHYSICS_DT, 1.0),
    (0.99, 0.9999, 0.001, 0.5, 2.0),
)
"""MuJoCo's ``solref`` and ``solimp`` of joints' limits: Bullet's do not give way. With
the defaults a hand pushes a shut door 0.01 rad further."""

LEAST_FORCE = 1e-9
"""Of a spring that brakes [N or Nm]: friction of 0 would be no constraint at all."""

LOCK_FORCE = 1e4
"""With which a joint is held that is locked at zero velocity [N or Nm]. CoppeliaSim
sets no bound; nothing in RLBench's tasks reaches this one."""


@dataclass(frozen=True, slots=True)
class Motor:
    """What moves a joint: a spring, or friction against the velocity it goes for.

    Bullet's motors are constraints: any force up to the greatest, so that the velocity
    is what it should be after each physics step. Friction in a MuJoCo joint is that
    for the velocity 0; `VelocityMotors` shifts it to others.
    """

    friction: float
    """The greatest force [N] or torque [Nm] of friction or of the motor."""
    damping: float = 0.0
    """Damping in the joint [N s/m or Nm s/rad]."""
    stiffness: float = 0.0
    """Of a spring [N/m or Nm/rad]."""
    spring_damping: float = 0.0
    """Of a spring [N s/m or Nm s/rad]."""
    max_force: float = 0.0
    """The spring's greatest force [N] or torque [Nm]."""


def motor(kind: JointKind, joint: Drive) -> Motor:
    """What moves a joint with one degree of freedom.

    Args:
      kind: which way the joint moves.
      joint: what drives it.
    """
    if not joint.motor:
        return Motor(LOOSE_FRICTION[kind], LOOSE_DAMPING[kind])
    if joint.position_control and joint.spring:
        if brakes(joint):
            return Motor(LEAST_FORCE)
        return Motor(0.0, 0.0, *joint.spring_constants, joint.max_force)
    if is_locked(joint):
        return Motor(max(joint.max_force, LOCK_FORCE))
    return Motor(joint.max_force)


def brakes(joint: Drive) -> bool:
    """Whether the motor is a spring that can only brake.

    CoppeliaSim's spring is a motor that goes for its target velocity with the spring's
    force: one with the target velocity 0 holds what it can where it is.
    """
    return (
        joint.motor
        and joint.position_control
        and joint.spring
        and joint.target_velocity == 0
    )


def stops(joint: Drive) -> bool:
    """Whether the target velocity 0 lets the motor lock or brake."""
    return is_locked(joint) or brakes(joint)


def is_locked(joint: Drive) -> bool:
    """Whether the motor holds the joint where it is, with more than its force."""
    return (
        joint.locked_at_zero
        and joint.motor
        and not joint.position_control
        and joint.target_velocity == 0
    )


def has_limits(joint: Node) -> bool:
    """Whether a joint has a least and a greatest position."""
    assert isinstance(joint.source, Joint)
    assert joint.drive is not None
    return joint.source.kind is not JointKind.SPHERICAL and not joint.drive.cyclic


def regime(joint: Drive) -> tuple[object, ...]:
    """All that a joint's motor and limits depend on but for what it goes for."""
    return (
        joint.motor,
        is_locked(joint),
        brakes(joint),
        joint.position_control,
        joint.spring,
        joint.max_force,
        joint.spring_constants,
        joint.cyclic,
        joint.minimum,
        joint.range,
    )


def drive(model: mujoco.MjModel, node: Node, *, actuator: int, dof: int) -> None:
    """Give a joint the motor that drives it now; takes effect at once."""
    assert isinstance(node.source, Joint)
    assert node.drive is not None
    set_to = motor(node.source.kind, node.drive)
    model.actuator_gainprm[actuator, 0] = set_to.stiffness
    model.actuator_biasprm[actuator, 1:3] = -set_to.stiffness, -set_to.spring_damping
    model.actuator_forcerange[actuator] = -set_to.max_force, set_to.max_force
    model.dof_frictionloss[dof] = set_to.friction
    model.dof_damping[dof] = set_to.damping


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
