"""The MuJoCo model of a tree of objects."""

import math
from collections.abc import Mapping

import mujoco
import numpy as np

from pyrep_mujoco.scene import looks, sleep
from pyrep_mujoco.scene.apart import candidates
from pyrep_mujoco.scene.carried import place_on_carrier, seen_from
from pyrep_mujoco.scene.collision_geoms import add_collision_geoms
from pyrep_mujoco.scene.contacts import excluded_pairs
from pyrep_mujoco.scene.frames import (
    compose,
    frame,
    inverse,
    matrix,
)
from pyrep_mujoco.scene.links import (
    Hold,
    Link,
    carrier,
    is_dynamic,
    is_respondable,
    link,
)
from pyrep_mujoco.scene.motors import (
    FRICTION_IMPEDANCE,
    FRICTION_REFERENCE,
    LIMIT_IMPEDANCE,
    LIMIT_REFERENCE,
    LOOSE_DAMPING,
    PHYSICS_DT,
    robot_parts,
)
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.dummies import LINK_CLOSES_LOOP, Dummy
from pyrep_mujoco.ttm.force_sensors import ForceSensor
from pyrep_mujoco.ttm.joints import Joint, JointKind
from pyrep_mujoco.ttm.meshes import leaves
from pyrep_mujoco.ttm.model import World
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.viewpoints import Light
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

TOLERANCE = 1e-14
"""Of the solver, as a share of the whole scene's cost. With the default of 1e-8 it
stops while forces on light things next to heavy ones are far from settled: fingers held
a bottle with 20 to 136 N where it should be 20; it takes no more iterations."""

LINE_SEARCH_TOLERANCE = 1e4
"""Of the solver's line search, in which MuJoCo multiplies it with `TOLERANCE`: together
they are MuJoCo's default, 1e-10. How exact the result is says `TOLERANCE` alone; finer
steps on the way there changed velocities by 3e-8 m/s at most among 32 chessmen."""

LEAST_MASS = 1e-3
"""What CoppeliaSim takes for a mass of 0 [kg]."""

LEAST_INERTIA = 1e-13
"""Of a body about any axis [kg m^2], for MuJoCo takes none of 0. The dirt that
`sweep_to_dustpan` sweeps has 8e-12; with 1e-7 it did not turn, and lay in two rows
where CoppeliaSim's slips into one."""

WELD_IMPEDANCE = (0.9, 0.9, 0.001, 0.5, 2.0)
"""MuJoCo's ``solimp`` of welds. Bullet solves joints and contacts in turns, a hundred
times, and what is held gives way a little where it meets something. With 0.9999 a
hanger that was put on its rack drove the whole arm aside with 600 N; with this a cube
of 100 g still stays within 0.1 mm in a hand that turns."""

LEAST_SHARE = 0.1
"""Least moment of inertia as a share of the mass times the squared reach of the form;
a solid ball has 0.4. Files give a jar's lid of 1 kg a fiftieth of a disc's: it spun
through the table when it was let fall by 1 cm."""

CAMERA_TURN = (0.0, 0.0, 1.0, 0.0)
"""From a vision sensor, which looks along +z with x to the left, to a MuJoCo camera,
which looks along -z with x to the right: half a turn about y."""


def build_spec(
    tree: Tree, world: World | None, links: Mapping[Node, Link] | None = None
) -> mujoco.MjSpec:
    """A specification in which every object has an element of its own name.

    A shape is a body; a vision sensor is a camera, a light a light on the body it
    moves with; a force sensor and a dummy that closes a loop are sites. A simulated
    joint is a MuJoCo joint whose position is CoppeliaSim's, with an actuator. Every
    free body has a weld that is switched off.

    Args:
      tree: the objects.
      world: of the scene, if a scene was loaded.
      links: how each shape's body is held; as `link` says if it is None.

    Raises:
      SceneError: an object asks for what cannot be simulated.
    """
    spec = mujoco.MjSpec()
    spec.option.timestep = PHYSICS_DT
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.tolerance = TOLERANCE
    spec.option.ls_tolerance = LINE_SEARCH_TOLERANCE
    spec.option.enableflags |= mujoco.mjtEnableBit.mjENBL_SLEEP
    spec.option.sleep_tolerance = sleep.TOLERANCE
    # Grips slip without this.
    spec.option.impratio = 10
    # A scene that blows up is an error, not a fresh start.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    if world is not None:
        spec.option.gravity = world.gravity
    spec.compiler.degree = False
    spec.compiler.autolimits = False
    spec.compiler.balanceinertia = True
    spec.compiler.inertiafromgeom = mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_FALSE
    _Builder(spec, tree, links).build()
    looks.add_lighting(spec, tree, world)
    return spec


class _Builder:
    """What is known while a specification is made."""

    def __init__(
        self, spec: mujoco.MjSpec, tree: Tree, links: Mapping[Node, Link] | None
    ) -> None:
        self.spec = spec
        self.tree = tree
        self.links = links or {
            node: link(node) for node in tree if isinstance(node.source, Shape)
        }
        self.robots = robot_parts(tree)
        self.bodies: dict[Node, mujoco.MjsBody] = {}

    def build(self) -> None:
        for node in self.tree:
            if isinstance(node.source, Shape):
                self.body(node)
            else:
                self.site(node)
        for first, second in excluded_pairs(self.tree):
            self.spec.add_exclude(bodyname1=first.name, bodyname2=second.name)
        # `Apart` lets those touch that may.
        for near, far in (pair.links for pair in candidates(self.links, self.robots)):
            self.spec.add_exclude(bodyname1=near.name, bodyname2=far.name)
        self.close_loops()

    def body(self, node: Node) -> mujoco.MjsBody:
        """A shape's body, made with that of its carrier if need be."""
        if node in self.bodies:
            return self.bodies[node]
        held = self.links[node]
        body = self.carrying(held.carrier).add_body(name=node.name)
        self.bodies[node] = body
        body.pos, body.quat = place_on_carrier(node, held)
        if held.hold is Hold.FREE:
            body.add_freejoint(name=node.name)
            self.spec.add_equality(
                name=weld_name(node.name),
                type=mujoco.mjtEq.mjEQ_WELD,
                objtype=mujoco.mjtObj.mjOBJ_BODY,
                name1=node.name,
                name2="world",
                active=False,
                # As rigid as the physics step allows.
                solref=[2 * PHYSICS_DT, 1.0],
                solimp=WELD_IMPEDANCE,
            )
        elif held.hold is Hold.JOINT:
            self.joint(body, node, held)
        if held.hold is not Hold.FIXED or is_dynamic(node):
            self.inertia(body, node)
        if is_respondable(node):
            add_collision_geoms(self.spec, body, node)
        looks.add_visual_geoms(self.spec, body, node)
        return body

    def carrying(self, node: Node | None) -> mujoco.MjsBody:
        return self.spec.worldbody if node is None else self.body(node)

    def joint(self, body: mujoco.MjsBody, node: Node, held: Link) -> None:
        """The MuJoCo joint that moves a body, and its actuator."""
        assert held.joint is not None
        source = held.joint.source
        assert isinstance(source, Joint)
        place = inverse(node.frame)
        made = body.add_joint(
            name=held.joint.name,
            pos=place.position,
            axis=matrix(place)[:, 2],
        )
        if source.kind is JointKind.SPHERICAL:
            made.type = mujoco.mjtJoint.mjJNT_BALL
            made.damping[0] = LOOSE_DAMPING[source.kind]
            return
        made.type = (
            mujoco.mjtJoint.mjJNT_SLIDE
            if source.kind is JointKind.PRISMATIC
            else mujoco.mjtJoint.mjJNT_HINGE
        )
        made.ref = source.position
        # Its limits, and what it does, are set when the model is there.
        made.limited, made.range = True, [-1.0, 1.0]
        made.solref_limit, made.solimp_limit = LIMIT_REFERENCE, LIMIT_IMPEDANCE
        made.solref_friction = FRICTION_REFERENCE
        made.solimp_friction = FRICTION_IMPEDANCE
        self.spec.add_actuator(
            name=held.joint.name,
            target=held.joint.name,
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            gaintype=mujoco.mjtGain.mjGAIN_FIXED,
            biastype=mujoco.mjtBias.mjBIAS_AFFINE,
            forcelimited=True,
            forcerange=[-1.0, 1.0],
        )

    def inertia(self, body: mujoco.MjsBody, node: Node) -> None:
        """Mass and inertia as stored; the form says what is too little inertia."""
        shape = node.source
        assert isinstance(shape, Shape)
        form = shape.geometry
        mass = form.mass or LEAST_MASS
        body.explicitinertial = True
        body.mass = mass
        body.ipos, body.iquat = form.inertia_pose.position, form.inertia_pose.quat_wxyz
        moments = np.array(form.inertia_per_mass) * mass
        least = LEAST_INERTIA
        if node not in self.robots:
            reach = max(np.linalg.norm(part.size) / 2 for part in leaves(form))
            least = max(least, LEAST_SHARE * mass * reach**2)
        body.inertia = np.maximum(moments, least)
        if node in self.robots:
            # Bullet's motors do not sag; gravity would have to be held by ours.
            body.gravcomp = 1.0

    def site(self, node: Node) -> None:
        """What MuJoCo has for an object without a body."""
        base = carrier(node)
        body = self.carrying(base)
        place = seen_from(base, node)
        source = node.source
        if isinstance(source, ForceSensor) or closes_loop(node):
            body.add_site(
                name=node.name, pos=place.position, quat=place.quat_wxyz, group=5
            )
        if isinstance(source, VisionSensor):
            width, height = source.resolution
            turned = compose(place, frame((0, 0, 0), CAMERA_TURN))
            camera = body.add_camera(
                name=node.name,
                pos=turned.position,
                quat=turned.quat_wxyz,
                resolution=[width, height],
            )
            if source.perspective:
                camera.fovy = math.degrees(_height_angle(source))
            else:
                camera.proj = mujoco.mjtProjection.mjPROJ_ORTHOGRAPHIC
                camera.fovy = source.view_size * min(1, height / width)
        elif isinstance(source, Light):
            looks.add_light(body, node, source, place)

    def close_loops(self) -> None:
        """Pairs of dummies that the physics holds together."""
        for node in self.tree:
            source = node.source
            if (
                isinstance(source, Dummy)
                and closes_loop(node)
                # Once for each pair.
                and source.linked_to > source.handle
                and source.linked_to in self.tree
            ):
                self.spec.add_equality(
                    name=node.name,
                    type=mujoco.mjtEq.mjEQ_CONNECT,
                    objtype=mujoco.mjtObj.mjOBJ_SITE,
                    name1=node.name,
                    name2=self.tree.node(source.linked_to).name,
                )


def closes_loop(node: Node) -> bool:
    """Whether this is a dummy that the physics holds together with another."""
    return isinstance(node.source, Dummy) and node.source.link_kind == LINK_CLOSES_LOOP


def weld_name(body: str) -> str:
    """What the weld of a free body is called."""
    return f"{body}:weld"


def _height_angle(sensor: VisionSensor) -> float:
    """Opening of a sensor along its picture's height [rad]."""
    width, height = sensor.resolution
    if height >= width:
        return sensor.view_angle
    return 2 * math.atan(math.tan(sensor.view_angle / 2) * height / width)
