"""A tree of objects as MuJoCo has it: what was compiled, and where to find what."""

from typing import NamedTuple

import mujoco

from pyrep_mujoco.scene.apart import Apart, candidates
from pyrep_mujoco.scene.build import build_spec
from pyrep_mujoco.scene.carried import moved_at_compilation, seen_from
from pyrep_mujoco.scene.frames import Frame, compose, inverse, made, matrix, multiply
from pyrep_mujoco.scene.links import Hold, Link, is_respondable
from pyrep_mujoco.scene.motors import drive, has_limits, regime, robot_parts, stops
from pyrep_mujoco.scene.sleep import Sleep
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.scene.velocity_motors import VelocityMotors
from pyrep_mujoco.ttm.joints import Joint
from pyrep_mujoco.ttm.model import World
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.vision_sensors import VisionSensor

Quat = tuple[float, float, float, float]


STEPPED = "stepped"
"""Stale, but only because time went on."""


class Place(NamedTuple):
    """Where a joint's numbers stand in MuJoCo's arrays."""

    joint: int
    """The MuJoCo joint's id."""
    qpos: slice
    """Its positions."""
    dofs: slice
    """Its velocities."""


class Compiled:
    """MuJoCo's model and state, with ids by object.

    Args:
      tree: the objects.
      world: of the scene, if a scene was loaded.
      links: how each shape's body is held; others than `link` says are kept in
        place by `Holds`.

    Raises:
      SceneError: an object asks for what cannot be simulated.
      ValueError: MuJoCo refuses an element, and names it.
    """

    def __init__(
        self, tree: Tree, world: World | None, links: dict[Node, Link]
    ) -> None:
        self.links = links
        self.model = build_spec(tree, world, links).compile()
        self.data = mujoco.MjData(self.model)
        self.velocity_motors = VelocityMotors(self.model, self.data)
        self.bodies: dict[Node, int] = {}
        """Of shapes; without those that were hung elsewhere since."""
        self.cameras: dict[Node, int] = {}
        """Of vision sensors."""
        self.sites: dict[Node, int] = {}
        self.places: dict[Node, Place] = {}
        """Of free shapes, and of joints that are simulated."""
        self.motors: dict[Node, int] = {}
        """Actuators of joints."""
        self.rehung: set[Node] = set()
        """Shapes that hang elsewhere since, on what does not move, as before."""
        self.free: list[Node] = []
        """Shapes whose bodies are free."""
        self.respondable = {node for node in links if is_respondable(node)}
        """Shapes that have geoms for contacts."""
        self.robots = robot_parts(tree)
        # MuJoCo would not look at the places of sites that were in their body's
        # origin when they were compiled.
        self.model.site_sameframe[:] = 0
        self._find(tree)
        self._apart = Apart(
            self.model,
            self.bodies,
            {node: place.joint for node, place in self.places.items()},
            candidates(links, self.robots),
        )
        robots = [self.bodies[node] for node in self.robots if node in self.bodies]
        self.sleep = Sleep(self.model, self.data, self.velocity_motors, robots)
        self.velocity_motors.sliding.leave_out(robots)
        # Asking MuJoCo's objects for an array takes longer than reading a number.
        self.xpos, self.xquat = self.data.xpos, self.data.xquat
        self.qpos, self.qvel = self.data.qpos, self.data.qvel
        self.qacc = self.data.qacc
        self.stale: bool | str = True
        """Whether anything moved since the bodies' places were worked out; `STEPPED` if
        time went on and no more."""
        self.frames: dict[Node, Frame] = {}
        """Where objects are in the world: those that were asked for since then."""
        self.standing: dict[Node, Frame] = {}
        """Those of them that do not move as time goes on."""
        self.moving: set[Node] = set()
        """Objects of which it is known that they do."""
        self.inertia = self.model.dof_M0.copy()
        """What each degree of freedom moves alone [kg m^2 or kg]."""
        self._joined = {
            node: (seen_from(held.carrier, held.joint), node.frame)
            for node, held in links.items()
            if held.joint is not None
        }
        """Where joints that move shapes were put last, and the shapes on them."""
        self._regimes: dict[Node, object] = {}
        self._stopped: dict[Node, bool] = {}
        self._forces: list[float] | None = None

    def _find(self, tree: Tree) -> None:
        kinds = mujoco.mjtObj

        def number(kind: mujoco.mjtObj, name: str) -> int:
            return mujoco.mj_name2id(self.model, kind.value, name)

        for node in tree:
            name = node.name
            if isinstance(node.source, Shape):
                self.bodies[node] = number(kinds.mjOBJ_BODY, name)
                held = self.links[node]
                if held.hold is Hold.FREE:
                    self.free.append(node)
                    self._find_place(node, number(kinds.mjOBJ_JOINT, name))
                elif held.joint is not None:
                    moved = number(kinds.mjOBJ_JOINT, held.joint.name)
                    self._find_place(held.joint, moved)
            else:
                if isinstance(node.source, VisionSensor):
                    self.cameras[node] = number(kinds.mjOBJ_CAMERA, name)
                site = number(kinds.mjOBJ_SITE, name)
                if site >= 0:
                    self.sites[node] = site
        for node in self.places:
            motor = number(kinds.mjOBJ_ACTUATOR, node.name)
            if motor >= 0 and isinstance(node.source, Joint):
                self.motors[node] = motor

    def _find_place(self, node: Node, joint: int) -> None:
        first, dof = (
            int(self.model.jnt_qposadr[joint]),
            int(self.model.jnt_dofadr[joint]),
        )
        kind = self.model.jnt_type[joint]
        positions, dofs = {
            mujoco.mjtJoint.mjJNT_FREE.value: (7, 6),
            mujoco.mjtJoint.mjJNT_BALL.value: (4, 3),
        }.get(int(kind), (1, 1))
        self.places[node] = Place(
            joint, slice(first, first + positions), slice(dof, dof + dofs)
        )

    def frame_w(self, body: int) -> Frame:
        """Where a body is in the world."""
        if self.stale:
            self.refresh()
        position, quat = self.xpos[body].tolist(), self.xquat[body].tolist()
        return made(Frame, (tuple(position), tuple(quat)))

    def keep_standing(self, node: Node, frame_w: Frame) -> None:
        """Note where an object is, if it does not move as time goes on."""
        if self.stands(node):
            self.standing[node] = frame_w
        else:
            self.moving.add(node)

    def note_step(self) -> None:
        """Note that time went on."""
        self._forces = None
        if not self.stale:
            self.stale = STEPPED

    def forget_frames(self) -> None:
        """Note that somebody may have moved anything unseen."""
        self.frames.clear()
        self.standing.clear()
        self.moving.clear()

    def stands(self, node: Node) -> bool:
        """Whether an object does not move as time goes on."""
        above: Node | None = node
        while above is not None:
            if above in self.bodies:
                return self.is_fixed(above)
            above = above.parent
            if above in self.places:
                return False
        return True

    def refresh(self) -> None:
        """Work out where all bodies are."""
        self.frames.clear()
        if self.stale == STEPPED:
            mujoco.mj_kinematics(self.model, self.data)
            self.frames.update(self.standing)
        else:
            self.sleep.wake()
            self.standing.clear()
            self.moving.clear()
        self.stale = False

    def position(self, joint: Node) -> float:
        """Where a simulated revolute [rad] or prismatic [m] joint stands."""
        return self.qpos.item(self.places[joint].qpos.start)

    def turn(self, joint: Node) -> Quat:
        """Where a simulated spherical joint stands."""
        w, x, y, z = self.data.qpos[self.places[joint].qpos].tolist()
        frame = self._frame_below(joint)
        # MuJoCo turns the body in its own frame, CoppeliaSim in the joint's.
        back = (frame[0], -frame[1], -frame[2], -frame[3])
        return multiply(multiply(frame, (w, x, y, z)), back)

    def set_turn(self, joint: Node, quat_wxyz: Quat) -> None:
        """Put a simulated spherical joint somewhere, at rest."""
        frame = self._frame_below(joint)
        back = (frame[0], -frame[1], -frame[2], -frame[3])
        place = self.places[joint]
        self.data.qpos[place.qpos] = multiply(multiply(back, quat_wxyz), frame)
        self.data.qvel[place.dofs] = 0.0
        self.stale = True

    def _frame_below(self, joint: Node) -> Quat:
        """How the body that a joint moves is turned in the frame that moves."""
        return self.moved_body(joint).frame.quat_wxyz

    def moved_body(self, joint: Node) -> Node:
        """The shape that a simulated joint moves."""
        return next(
            child
            for child in joint.children
            if child in self.links and self.links[child].joint is joint
        )

    def put_free(self, node: Node, frame_w: Frame) -> None:
        """Put a free shape somewhere in the world, at rest."""
        place = self.places[node]
        first = place.qpos.start
        self.data.qpos[first : first + 3] = frame_w.position
        self.data.qpos[first + 3 : first + 7] = frame_w.quat_wxyz
        self.data.qvel[place.dofs] = 0.0
        self.stale = True

    def put_fixed(self, node: Node, in_carrier: Frame) -> None:
        """Put a body, site or camera somewhere in the frame of what carries it."""
        model = self.model
        if node in self.bodies:
            number = self.bodies[node]
            model.body_pos[number], model.body_quat[number] = in_carrier
            # As the compiler does: put back, it is bit for bit where it was.
            mujoco.mju_normalize4(model.body_quat[number])
        if node in self.sites:
            number = self.sites[node]
            model.site_pos[number], model.site_quat[number] = in_carrier
        if node in self.cameras:
            number = self.cameras[node]
            turned = compose(in_carrier, Frame((0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)))
            model.cam_pos[number], model.cam_quat[number] = turned
        self.stale = True

    def put_jointed(self, node: Node, joint_in_carrier: Frame) -> None:
        """Let a joint that moves a shape stand elsewhere on its carrier."""
        joint = self.links[node].joint
        assert joint is not None
        # Most often only its position was set, and the model stays what it is.
        if self._joined.get(node) == (joint_in_carrier, node.frame):
            self.stale = True
            return
        self._joined[node] = joint_in_carrier, node.frame
        at_zero = compose(joint_in_carrier, moved_at_compilation(joint))
        self.put_fixed(node, compose(at_zero, node.frame))
        place = inverse(node.frame)
        number = self.places[joint].joint
        self._apart.forget(joint)
        self.model.jnt_pos[number] = place.position
        self.model.jnt_axis[number] = matrix(place)[:, 2]

    def drive(self, joint: Node) -> None:
        """Set a joint's motor and limits to what drives it now."""
        state = joint.drive
        assert state is not None
        place, motor = self.places[joint], self.motors.get(joint)
        if motor is not None:
            self.data.ctrl[motor] = state.target_position
            dof, qpos = place.dofs.start, place.qpos.start
            self.velocity_motors.aim(state, dof=dof, qpos=qpos)
        key = regime(state)
        if self._regimes.get(joint) == key and motor is not None:
            # Most often only what it goes for has changed.
            return
        self._regimes[joint] = key
        self.model.jnt_limited[place.joint] = has_limits(joint)
        self._apart.note_limits(joint)
        most = state.minimum + max(state.range, 1e-6)
        self.model.jnt_range[place.joint] = state.minimum, most
        if motor is not None:
            drive(self.model, joint, actuator=motor, dof=place.dofs.start)
            self._stopped[joint] = stops(state)

    def retarget(self, joint: Node) -> None:
        """Let a joint's motor go for the target velocity that it has now."""
        state, place = joint.drive, self.places[joint]
        assert state is not None
        # A target velocity of 0 may lock it, another free it.
        if self._stopped.get(joint) is stops(state):
            dof, qpos = place.dofs.start, place.qpos.start
            self.velocity_motors.aim(state, dof=dof, qpos=qpos)
        else:
            self.drive(joint)

    def know_forces(self) -> None:
        """Let nothing sleep any more, for somebody asks for forces and contacts."""
        if self.sleep.forbid():
            self._forces = None

    def joint_forces(self) -> list[float]:
        """Of actuators, friction and gravity's compensation in the last step.

        For each degree of freedom [N or Nm].
        """
        # Programs ask joint by joint.
        if (known := self._forces) is not None:
            return known
        data = self.data
        forces = data.qfrc_actuator + data.qfrc_gravcomp
        self._forces = told = forces.tolist()
        # Friction's rows come right behind those of equalities, one for a joint. For
        # so few numbers, arrays as indices would take longer.
        rows = slice(data.ne, data.ne + data.nf)
        for dof, force in zip(
            data.efc_id[rows].tolist(), data.efc_force[rows].tolist(), strict=True
        ):
            told[dof] += force
        return told

    def is_fixed(self, node: Node | None) -> bool:
        """Whether a shape's body cannot move, but for being put elsewhere."""
        while node is not None:
            held = self.links.get(node)
            if held is None or held.hold is not Hold.FIXED:
                return False
            node = held.carrier
        return True
