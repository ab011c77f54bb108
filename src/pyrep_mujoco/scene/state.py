"""Where everything in a scene is: MuJoCo's state and the tree, read and written."""

from collections.abc import Mapping

import mujoco
import numpy as np

from pyrep_mujoco.scene.carried import seen_from
from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.frames import IDENTITY, Frame, compose, inverse, relative
from pyrep_mujoco.scene.holds import Holds
from pyrep_mujoco.scene.links import Hold, carrier
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.joints import Joint, JointKind
from pyrep_mujoco.ttm.shapes import Shape

Quat = tuple[float, float, float, float]


class State:
    """Places of objects and positions of joints.

    MuJoCo's state says where simulated shapes and joints are, the tree where all else
    is.
    """

    _compiled: Compiled
    _holds: Holds

    def __init__(self) -> None:
        self.tree = Tree()
        self._driven: set[Node] = set()
        self._retargeted: set[Node] = set()

    @property
    def compiled_last(self) -> Compiled:
        """MuJoCo's model and state without what changed since they were compiled.

        Bodies that it has of objects are where the objects are; others are not in it.
        """
        if self._compiled.stale:
            self._compiled.refresh()
        return self._compiled

    def frame_w(self, node: Node) -> Frame:
        """Where an object is in the world now."""
        compiled = self._compiled
        if compiled.stale:
            compiled.refresh()
        frames = compiled.frames
        found = frames.get(node)
        if found is None:
            body, parent = compiled.bodies.get(node), node.parent
            if body is not None:
                found = compiled.frame_w(body)
            elif parent is None:
                found = node.frame
            else:
                base = frames.get(parent) or self.frame_w(parent)
                if parent.drive is not None:
                    base = compose(base, self._moved(parent))
                found = compose(base, node.frame)
            frames[node] = found
            if node not in compiled.moving:
                compiled.keep_standing(node, found)
        return found

    def moved_w(self, node: Node) -> Frame:
        """The frame that an object's children are in, in the world now."""
        place = self.frame_w(node)
        return compose(place, self._moved(node)) if node.drive else place

    def _moved(self, joint: Node) -> Frame:
        if joint not in self._compiled.places:
            return joint.moved
        assert isinstance(joint.source, Joint)
        if joint.source.kind is JointKind.SPHERICAL:
            return Frame((0.0, 0.0, 0.0), self._compiled.turn(joint))
        return joint.moved_at(self._compiled.position(joint))

    def joint_position(self, node: Node) -> float:
        """Where a revolute [rad] or prismatic [m] joint stands now."""
        compiled = self._compiled
        place = compiled.places.get(node)
        if place is None:
            return node.joint_position
        return compiled.qpos.item(place.qpos.start)

    def joint_velocity(self, node: Node) -> float:
        """How fast a revolute [rad/s] or prismatic [m/s] joint moves now."""
        compiled = self._compiled
        place = compiled.places.get(node)
        return 0.0 if place is None else compiled.qvel.item(place.dofs.start)

    def joint_force(self, node: Node) -> float:
        """Force [N] or torque [Nm] of a joint's motor or brake in the last step.

        Gravity is taken off robots by MuJoCo, but would be their motors' to hold.
        """
        compiled = self._compiled
        place = compiled.places.get(node)
        if place is None:
            return 0.0
        if node not in compiled.robots:
            compiled.know_forces()
        return compiled.joint_forces()[place.dofs.start]

    def set_joint_position(self, node: Node, position: float) -> None:
        """Put a revolute or prismatic joint somewhere at once, at rest."""
        with _Taken(self, node):
            node.joint_position = position
            if node in self._compiled.places:
                self._put_joint(node)
            else:
                self._put_below(node)

    def joint_turn(self, node: Node) -> Quat:
        """Where a spherical joint stands now, as a quaternion w x y z."""
        if node in self._compiled.places:
            return self._compiled.turn(node)
        return node.joint_quat_wxyz

    def set_joint_turn(self, node: Node, quat_wxyz: Quat) -> None:
        """Put a spherical joint somewhere at once, at rest."""
        with _Taken(self, node):
            node.joint_quat_wxyz = quat_wxyz
            if node in self._compiled.places:
                self._put_joint(node)
            else:
                self._put_below(node)

    def redrive(self, node: Node) -> None:
        """Note that a joint's drive was changed: its motor, its limits."""
        self._driven.add(node)

    def retarget(self, node: Node) -> None:
        """Note that a joint's target velocity was changed, and nothing else."""
        self._retargeted.add(node)

    def _settle_drives(self) -> None:
        """Let all joints do what drives them says now."""
        compiled = self._compiled
        places, robots = compiled.places, compiled.robots
        driven, retargeted = self._driven, self._retargeted
        for node in driven:
            if node in places:
                self._holds.drive(node)
                if node not in robots:
                    compiled.stale = True
        for node in retargeted:
            if node in places and node not in driven:
                self._holds.retarget(node)
                if node not in robots:
                    # It may sleep.
                    compiled.stale = True
        driven.clear()
        retargeted.clear()

    def place(self, node: Node, frame_w: Frame) -> None:
        """Put an object somewhere in the world; its tree goes along.

        Free shapes come to rest there; joints keep their positions.
        """
        with _Taken(self, node):
            if self._is_free(node):
                self.put_free(node, frame_w)
            else:
                base = IDENTITY if node.parent is None else self.moved_w(node.parent)
                node.frame = relative(frame_w, base)
                self._put_below(node)

    def local_frame(self, node: Node) -> Frame:
        """Where an object is in the frame that its parent moves, now."""
        if not self._is_free(node):
            return node.frame
        frame_w = self.frame_w(node)
        if node.parent is None:
            return frame_w
        return relative(frame_w, self.moved_w(node.parent))

    def arrange(self, places: Mapping[Node, tuple[Frame, float, Quat]]) -> None:
        """Put many objects somewhere at once, at rest; what hangs on them goes along.

        Args:
          places: each object's frame as `local_frame` gives it, and of joints the
            position [rad or m] and, of spherical ones, the quaternion w x y z.
        """
        compiled = self._compiled
        free = {
            node: self.local_frame(node)
            for node in self.free_shapes
            if node in places or any(above in places for above in node.ancestors())
        }
        moved = []
        for node, (frame, position, turn) in places.items():
            if node in free:
                free[node] = frame
                continue
            now = (node.frame, node.joint_position, node.joint_quat_wxyz)
            node.frame, node.joint_position, node.joint_quat_wxyz = (
                frame,
                position,
                turn,
            )
            if node in compiled.places:
                self._put_joint(node)
            if now != (frame, position, turn):
                moved.append(node)
        compiled.stale = True
        # What the solver begins with is of another place. Nor may it count what a
        # program asked for before.
        compiled.data.qacc_warmstart[:] = 0.0
        compiled.sleep.permit()
        for node in moved:
            self._put_below(node)
        for node in sorted(free, key=lambda node: sum(1 for _ in node.ancestors())):
            base = IDENTITY if node.parent is None else self.moved_w(node.parent)
            self.put_free(node, compose(base, free[node]))

    def _put_joint(self, node: Node) -> None:
        """Put a simulated joint where its object says, at rest."""
        assert isinstance(node.source, Joint)
        if node.source.kind is JointKind.SPHERICAL:
            self._compiled.set_turn(node, node.joint_quat_wxyz)
            return
        place = self._compiled.places[node]
        self._compiled.data.qpos[place.qpos] = node.joint_position
        self._compiled.data.qvel[place.dofs] = 0.0
        self._compiled.velocity_motors.put(dof=place.dofs.start, qpos=place.qpos.start)
        self._compiled.stale = True

    def rest(self, node: Node) -> None:
        """Let a simulated shape come to rest where it is."""
        held = self._compiled.links.get(node)
        if held is not None and held.hold is not Hold.FIXED:
            place = self._compiled.places.get(held.joint or node)
            if place is not None:
                self._compiled.data.qvel[place.dofs] = 0.0

    def velocity_w(self, node: Node) -> tuple[list[float], list[float]]:
        """Velocity of an object's origin [m/s], and its angular one [rad/s], now.

        An object without a body of its own has that of the shape it moves with.
        """
        shape = node if isinstance(node.source, Shape) else carrier(node)
        body = None if shape is None else self._compiled.bodies.get(shape)
        if body is None:
            return [0.0] * 3, [0.0] * 3
        model, data = self._compiled.model, self._compiled.data
        self._compiled.refresh()
        mujoco.mj_comPos(model, data)
        mujoco.mj_comVel(model, data)
        velocity = np.empty(6)
        kind = mujoco.mjtObj.mjOBJ_XBODY.value
        mujoco.mj_objectVelocity(model, data, kind, body, velocity, 0)
        return velocity[3:].tolist(), velocity[:3].tolist()

    def _is_free(self, node: Node) -> bool:
        return node in self._compiled.bodies and node in self._compiled.places

    @property
    def free_shapes(self) -> list[Node]:
        """Shapes whose bodies are free, though they may be held for a while."""
        return self._compiled.free

    def put_free(self, node: Node, frame_w: Frame) -> None:
        """Put a free shape somewhere in the world, alone, at rest."""
        self._compiled.put_free(node, frame_w)
        if node in self._holds.welded:
            self._holds.weld(node, self._holds.welded[node], anew=True)

    def _put_below(self, node: Node) -> None:
        """Bring MuJoCo's places in line with the tree's, down to the next bodies."""
        compiled = self._compiled
        compiled.stale = True
        held = compiled.links.get(node)
        if held is not None and node in compiled.bodies:
            if held.joint is not None:
                compiled.put_jointed(node, self._seen_from(held.carrier, held.joint))
            elif held.hold is Hold.FIXED:
                compiled.put_fixed(node, self._seen_from(held.carrier, node))
            if compiled.rehung:
                for below in node.tree():
                    if below in compiled.rehung and below is not node:
                        base = compiled.links[below].carrier
                        compiled.put_fixed(below, self._seen_from(base, below))
            return
        if node in compiled.cameras or node in compiled.sites:
            compiled.put_fixed(node, self._seen_from(carrier(node), node))
        for child in node.children:
            self._put_below(child)

    def _seen_from(self, base: Node | None, node: Node) -> Frame:
        """An object's place in its carrier's frame, as the tree has it."""
        return seen_from(base, node, self._moved)

    def _keep_state(self) -> None:
        """Bring the tree in line with the state."""
        compiled = self._compiled
        for node in self.tree:
            if node.drive is not None and node in compiled.places:
                self._keep_joint(node)
        for top in [node for node in self.tree if node.parent is None]:
            for node in top.tree():
                if self._is_free(node):
                    frame_w = self.frame_w(node)
                    base = (
                        IDENTITY if node.parent is None else self.moved_w(node.parent)
                    )
                    node.frame = relative(frame_w, base)

    def _kept_joint(self, node: Node) -> tuple[float, Quat]:
        """Where a joint stands, and where a spherical one does; of others no matter."""
        if node.drive is not None and node in self._compiled.places:
            self._keep_joint(node)
        return node.joint_position, node.joint_quat_wxyz

    def _keep_joint(self, joint: Node) -> None:
        assert isinstance(joint.source, Joint)
        if joint.source.kind is JointKind.SPHERICAL:
            joint.joint_quat_wxyz = self._compiled.turn(joint)
        else:
            joint.joint_position = self._compiled.position(joint)


class _Taken:
    """While an object is moved: free shapes below it, which are then moved alike."""

    def __init__(self, state: State, top: Node) -> None:
        self._state = state
        self._top = top
        self._loose = [
            (node, state.frame_w(node))
            for node in state.free_shapes
            if node.parent is not None and node is not top and top in node.ancestors()
        ]

    def __enter__(self) -> None:
        if self._loose:
            self._before = self._state.moved_w(self._top)

    def __exit__(self, *_: object) -> None:
        if self._loose:
            after = self._state.moved_w(self._top)
            way = compose(after, inverse(self._before))
            for node, frame_w in self._loose:
                self._state.put_free(node, compose(way, frame_w))
