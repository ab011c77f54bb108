"""A Franka Panda with its hand, in MjSpec, from published figures.

Kinematics: the modified Denavit-Hartenberg table of Franka's control interface
documentation. RLBench's Panda differs from it by up to 0.6 mm in two links, puts
the zero of joint 4 four degrees further, and has its own tip frame; those were
measured in RLBench 1.2.0 (tests/data/panda_fk.npz) and are marked "measured".
Masses, centres and inertias: Gaz, Cognetti, Oliva, Robuffo Giordano and De Luca,
"Dynamic Identification of the Franka Emika Panda Robot With Retrieval of Feasible
Parameters Using Penalty-Based Optimization", IEEE RA-L 4(4), 2019; the hand's from
the Franka Hand data sheet. Geometry: capsules and boxes of our own, about the
size of the real links.
"""

import dataclasses
import math

import mujoco
import numpy as np

from rlbench_puffer.engines import panda_limits as limits

BASE_POSITION = (-0.26797, -0.00640, 0.75003)
"""Origin of the DH chain in the world [m], measured."""

JOINT_4_ZERO = math.radians(4.0)
"""Angle of DH's joint 4 where RLBench's reads zero [rad], measured."""

TIP_POSITION = (0.00139, 0.00144, 0.21703)
"""Tip frame in the frame of link 7 [m], measured: between the fingertips."""

TIP_YAW = math.radians(135.0)
"""Tip frame against link 7 about z [rad], measured."""

HAND_YAW = math.radians(-45.0)
"""The hand against the flange about z (Franka Hand data sheet)."""

FLANGE_OFFSET = 0.107
"""Flange before the frame of link 7 [m] (Franka's DH table)."""

FINGER_OFFSET = 0.0584
"""Origin of the fingers before the hand's flange [m] (Franka Hand data sheet)."""

ROTOR_INERTIA = 0.1
"""Joint armature [kg m^2]: reflected motor inertia is not published; this is the
order that identification of harmonic-drive arms gives, and it damps contacts."""

VELOCITY_GAIN = (65.0, 200.0, 55.0, 85.0, 40.0, 40.0, 40.0)
"""Velocity servo gains [N m s/rad]. A servo whose torque saturates is integrated
explicitly; it settles instead of chattering only if its gain is below
2 I / PHYSICS_DT, where I is the joint's effective inertia. The gains are just below
that bound for the least I over the joint limits (0.17, 0.59, 0.14, 0.22, 0.12, 0.13,
0.11 kg m^2 over 3,000 random configurations)."""

FINGER_INERTIA = 0.5
"""Armature of a finger [kg]: the reflected inertia of the hand's geared motor is not
published; a light finger on a stiff servo would chatter in contact."""

FINGER_VELOCITY_GAIN = 150.0
"""Velocity servo gain of a finger [N s/m], bounded as those of the arm. A stalled
finger presses with gain x FINGER_SPEED = 30 N, the hand's smallest rated force."""

JOINT_NAMES = tuple(f"panda_joint{i}" for i in range(1, 8))
FINGER_JOINT_NAMES = ("panda_finger_joint1", "panda_finger_joint2")
FINGER_BODY_NAMES = ("panda_leftfinger", "panda_rightfinger")
TIP_SITE = "panda_tip"
HAND_BODY = "panda_hand"

ROBOT_COLLISION = 1
"""Collision bit of the robot. Robot parts do not collide with each other: the joint
limits keep the links apart, and RLBench's Panda does not check it either."""

SCENE_COLLISION = 2
"""Collision bit of everything that is not the robot."""

_WHITE = (0.93, 0.93, 0.93, 1.0)
_DARK = (0.25, 0.25, 0.28, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Link:
    """One link: where it sits on its parent, what it weighs, what it looks like."""

    position: tuple[float, float, float]
    """Of the DH frame in the parent's [m]."""

    roll: float
    """DH's alpha: the frame against the parent's about x [rad]."""

    mass: float
    """[kg]."""

    center: tuple[float, float, float]
    """Centre of mass in the link's frame [m]."""

    inertia: tuple[float, float, float, float, float, float]
    """xx, yy, zz, xy, xz, yz about the centre of mass [kg m^2]."""

    capsules: tuple[tuple[tuple[float, ...], tuple[float, ...], float], ...]
    """Ends and radius of each capsule in the link's frame [m]."""

    zero: float = 0.0
    """DH angle where the joint reads zero [rad]."""


_QUARTER = math.pi / 2

_LINKS = (
    _Link(
        position=(0.0, 0.0, 0.333),
        roll=0.0,
        mass=4.970684,
        center=(0.003875, 0.002081, -0.04762),
        inertia=(0.70337, 0.70661, 0.0091170, -0.00013900, 0.0067720, 0.019169),
        capsules=(
            ((0, 0, -0.2), (0, 0, -0.08), 0.06),
            ((0, -0.06, 0), (0, 0, 0), 0.06),
        ),
    ),
    _Link(
        position=(0.0, 0.0, 0.0),
        roll=-_QUARTER,
        mass=0.646926,
        center=(-0.003141, -0.02872, 0.003495),
        inertia=(0.0079620, 0.028110, 0.025995, -0.0039250, 0.010254, 0.00070400),
        capsules=(
            ((0, 0, 0), (0, 0, 0.06), 0.06),
            ((0, -0.19, 0), (0, -0.07, 0), 0.06),
        ),
    ),
    _Link(
        position=(0.0, -0.3159, 0.0),
        roll=_QUARTER,
        mass=3.228604,
        center=(0.027518, 0.039252, -0.066502),
        inertia=(0.037242, 0.036155, 0.010830, -0.0047610, -0.011396, -0.012805),
        capsules=(
            ((0, 0, -0.11), (0, 0, -0.07), 0.06),
            ((0.0825, 0, 0), (0.0825, 0.06, 0), 0.055),
        ),
    ),
    _Link(
        position=(0.0825, 0.0, 0.0),
        roll=_QUARTER,
        zero=JOINT_4_ZERO,
        mass=3.587895,
        center=(-0.05317, 0.104419, 0.027454),
        inertia=(0.025853, 0.019552, 0.028323, 0.0077960, -0.0013320, 0.0086410),
        capsules=(
            ((0, 0, -0.06), (0, 0, 0.0), 0.055),
            ((-0.0825, 0.06, 0), (-0.0825, 0.13, 0), 0.055),
        ),
    ),
    _Link(
        # Measured; Franka's table has a = -0.0825 and d = 0.384.
        position=(-0.0820, 0.3835, 0.0),
        roll=-_QUARTER,
        mass=1.225946,
        center=(-0.011953, 0.041065, -0.038437),
        inertia=(0.035549, 0.029474, 0.0086270, -0.0021170, -0.0040370, 0.00022900),
        capsules=(
            ((0, 0, -0.24), (0, 0, -0.22), 0.055),
            ((0, 0.06, -0.18), (0, 0.085, -0.02), 0.035),
        ),
    ),
    _Link(
        position=(0.0, 0.0, 0.0),
        roll=_QUARTER,
        mass=1.666555,
        center=(0.060149, -0.014117, -0.010517),
        inertia=(0.0019640, 0.0043540, 0.0054330, 0.00010900, -0.0011580, 0.00034100),
        capsules=(
            ((0, 0, -0.06), (0, 0, 0.01), 0.05),
            ((0.088, 0, 0), (0.07, 0, 0), 0.05),
        ),
    ),
    _Link(
        position=(0.088, 0.0, 0.0),
        roll=_QUARTER,
        mass=0.735522,
        center=(0.010517, -0.004252, 0.061597),
        inertia=(0.012516, 0.010027, 0.0048150, -0.00042800, -0.0011960, -0.00074100),
        capsules=(((0, 0, 0.04), (0, 0, 0.07), 0.045),),
    ),
)


def add_panda(spec: mujoco.MjSpec) -> None:
    """Add the robot, its actuators, tip site and touch sensors to a scene.

    Every motor takes a velocity target: [rad/s], the fingers' [m/s].
    """
    parent = spec.worldbody.add_body(name="panda_link0", pos=BASE_POSITION)
    _add_capsule(parent, ((-0.04, 0, 0.06), (0.0, 0, 0.06), 0.06))
    for index, link in enumerate(_LINKS):
        parent = _add_link(parent, index, link)
    parent.add_site(
        name=TIP_SITE,
        pos=TIP_POSITION,
        quat=_rotation((0, 0, 1), TIP_YAW),
        size=[0.005],
    )
    _add_hand(spec, parent)
    for name, gain, torque in zip(
        JOINT_NAMES, VELOCITY_GAIN, limits.JOINT_TORQUE_LIMIT, strict=True
    ):
        _add_velocity_servo(spec, name, gain, float(torque))
    for name in FINGER_JOINT_NAMES:
        _add_velocity_servo(spec, name, FINGER_VELOCITY_GAIN, limits.FINGER_FORCE_LIMIT)


def touch_sensor(finger_body: str) -> str:
    """Name of the sensor of the net contact force on a finger, (3,) [N], world."""
    return f"{finger_body}_touch"


def _add_link(parent: mujoco.MjsBody, index: int, link: _Link) -> mujoco.MjsBody:
    quat = np.zeros(4)
    mujoco.mju_mulQuat(
        quat, _rotation((1, 0, 0), link.roll), _rotation((0, 0, 1), link.zero)
    )
    body = parent.add_body(
        name=f"panda_link{index + 1}",
        pos=link.position,
        quat=quat,
        mass=link.mass,
        ipos=link.center,
        fullinertia=link.inertia,
        explicitinertial=True,
        gravcomp=1.0,
    )
    torque = float(limits.JOINT_TORQUE_LIMIT[index])
    body.add_joint(
        name=JOINT_NAMES[index],
        axis=[0, 0, 1],
        range=[limits.JOINT_LOWER[index], limits.JOINT_UPPER[index]],
        limited=True,
        armature=ROTOR_INERTIA,
        # Gravity is carried by the motors, so that joint_forces shows it and the
        # torque limit counts it.
        actgravcomp=True,
        actfrcrange=[-torque, torque],
        actfrclimited=True,
    )
    for capsule in link.capsules:
        _add_capsule(body, capsule)
    return body


def _add_hand(spec: mujoco.MjSpec, flange: mujoco.MjsBody) -> None:
    hand = flange.add_body(
        name=HAND_BODY,
        pos=(0, 0, FLANGE_OFFSET),
        quat=_rotation((0, 0, 1), HAND_YAW),
        mass=0.73,
        ipos=(-0.01, 0, 0.03),
        inertia=(0.001, 0.0025, 0.0017),
        explicitinertial=True,
        gravcomp=1.0,
    )
    _add_capsule(hand, ((0, -0.07, 0.03), (0, 0.07, 0.03), 0.033), rgba=_WHITE)
    sides = zip(FINGER_BODY_NAMES, FINGER_JOINT_NAMES, (1.0, -1.0), strict=True)
    for body_name, joint_name, side in sides:
        finger = hand.add_body(
            name=body_name,
            pos=(0, 0, FINGER_OFFSET),
            mass=0.015,
            ipos=(0, side * 0.01, 0.025),
            inertia=(3e-6, 3e-6, 1e-6),
            explicitinertial=True,
            gravcomp=1.0,
        )
        finger.add_joint(
            name=joint_name,
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=[0, side, 0],
            range=[0.0, limits.FINGER_TRAVEL],
            limited=True,
            armature=FINGER_INERTIA,
        )
        finger.add_geom(
            name=f"{body_name}_pad",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(0, side * 0.0085, 0.038),
            size=(0.0105, 0.0085, 0.0155),
            rgba=_DARK,
            friction=(1.5, 0.02, 0.0001),
            contype=ROBOT_COLLISION,
            conaffinity=SCENE_COLLISION,
        )
        spec.add_sensor(
            name=touch_sensor(body_name),
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname=body_name,
            # data: force only (bit 1); reduction: net force; one slot.
            intprm=[1 << mujoco.mjtConDataField.mjCONDATA_FORCE.value, 3, 1],
        )


def _add_capsule(
    body: mujoco.MjsBody,
    capsule: tuple[tuple[float, ...], tuple[float, ...], float],
    rgba: tuple[float, ...] = _WHITE,
) -> None:
    start, end, radius = capsule
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=[*start, *end],
        size=[radius, 0, 0],
        rgba=rgba,
        contype=ROBOT_COLLISION,
        conaffinity=SCENE_COLLISION,
    )


def _add_velocity_servo(
    spec: mujoco.MjSpec, joint: str, gain: float, force_limit: float
) -> None:
    servo = spec.add_actuator(
        name=joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        forcerange=[-force_limit, force_limit],
        forcelimited=True,
    )
    servo.set_to_velocity(kv=gain)


def _rotation(axis: tuple[int, int, int], angle: float) -> np.ndarray:
    """MuJoCo's wxyz quaternion of a rotation by ``angle`` [rad] about ``axis``."""
    quat = np.zeros(4)
    mujoco.mju_axisAngle2Quat(quat, np.array(axis, float), angle)
    return quat
