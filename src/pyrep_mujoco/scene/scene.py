"""A scene: objects come and go, and the physics goes on."""

from collections.abc import Iterable, Sequence

import mujoco
import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene import looks
from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.copies import add_copies
from pyrep_mujoco.scene.frames import IDENTITY, Frame, compose, relative
from pyrep_mujoco.scene.holds import Holds
from pyrep_mujoco.scene.links import Hold, carrier
from pyrep_mujoco.scene.settling import links_to_compile, never_moves, settle
from pyrep_mujoco.scene.state import State
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.joints import Joint, JointKind
from pyrep_mujoco.ttm.model import Model, World
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.shapes import Shape

FASTEST = 1e10
"""Velocities [rad/s or m/s] and accelerations from which on MuJoCo warns, too."""


class Scene(State):
    """A tree of objects and MuJoCo's model and state of it.

    MuJoCo's state says where simulated shapes and joints are, the tree where all else
    is. What changes how shapes are held is made good when the physics is asked for
    next: by holding and letting go of bodies if that will do, else by compiling anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None
        self._unsettled = False
        self._outdated = False
        self.times_settled = 0
        """Grows whenever how shapes are held may have changed."""
        self._compile()

    @property
    def model(self) -> mujoco.MjModel:
        """MuJoCo's model of the scene as it is now."""
        self._settle()
        return self._compiled.model

    @property
    def data(self) -> mujoco.MjData:
        """MuJoCo's state, with all bodies' places worked out."""
        self._settle()
        if self._compiled.stale:
            self._compiled.refresh()
        # Who asks may write to it.
        self._compiled.forget_frames()
        return self._compiled.data

    @property
    def compiled(self) -> Compiled:
        """MuJoCo's model and state with its ids by object; valid until the next change.

        Another object of this kind means that ids have changed.
        """
        self._settle()
        return self._compiled

    def load(self, model: Model) -> list[Node]:
        """Add a model or scene; what is there keeps its state.

        Returns:
          the new objects in the file's order.

        Raises:
          SceneError: it holds what cannot be simulated; the scene is as before.
        """
        self._keep_state()
        before = self.world
        added = self.tree.add(model)
        self.world = model.world or self.world
        try:
            self._compile()
        except (SceneError, ValueError) as error:
            self.world = before
            for node in reversed(added):
                self.tree.remove(node)
            if isinstance(error, SceneError):
                raise
            # MuJoCo's compiler names the element, which has the object's name.
            raise SceneError(
                added[0].name if added else "",
                f"came with what MuJoCo refuses: {error}",
                "Mend the named object in CoppeliaSim.",
            ) from error
        return added

    def create(self, source: SceneObject, frame_w: Frame = IDENTITY) -> Node:
        """Add one object; see `Tree.create`."""
        node = self.tree.create(source, frame_w)
        if isinstance(source, Shape):
            self.recompile()
        return node

    def remove(self, nodes: Iterable[Node]) -> None:
        """Take objects out; the rest keeps its place and state."""
        for node in nodes:
            for child in list(node.children):
                self.hang(child, node.parent)
            self.tree.remove(node)
            held = self._compiled.links.get(node)
            if held is not None and held.hold is Hold.FIXED:
                self._holds.hide(node)
                self.unsettle()
            elif held is not None or node in self._compiled.places:
                # A hidden body would stay in the physics' sums.
                self.recompile()

    def hang(self, node: Node, parent: Node | None, *, stay: bool = True) -> None:
        """Hang an object on another; it is held accordingly from now on.

        Args:
          node: the object.
          parent: what it hangs on from now on, or None.
          stay: whether it stays where it is; else its place in its parent's frame
            stays the same numbers.

        Raises:
          SceneError: the parent hangs on the object itself.
        """
        if parent is node.parent:
            return
        frame_w, local = self.frame_w(node), self.local_frame(node)
        have = self._compiled.links.get(node)
        if have is not None and have.joint in self._compiled.places:
            self._keep_joint(have.joint)
            del self._compiled.places[have.joint]
        self.tree.hang(node, parent)
        if self._stays_fixed(node):
            self._compiled.rehung.add(node)
        elif not self._is_free(node):
            self._detach(node)
        base = IDENTITY if parent is None else self.moved_w(parent)
        node.frame = relative(frame_w, base)
        self._compiled.stale = True
        self.unsettle()
        if not stay:
            self.place(node, compose(base, local))

    def unsettle(self) -> None:
        """Note that something changed that says how shapes are held or touch."""
        self._unsettled = True

    def recompile(self) -> None:
        """Note that something changed that MuJoCo's model has no other way to learn."""
        self._unsettled = self._outdated = True

    def change(self, node: Node, source: SceneObject) -> None:
        """Let an object be what ``source`` says from now on; all keep their state.

        Raises:
          SceneError: it cannot be simulated so; the scene is as before.
        """
        self._keep_state()
        before, node.source = node.source, source
        try:
            self._compile()
        except (SceneError, ValueError) as error:
            node.source = before
            if isinstance(error, SceneError):
                raise
            raise SceneError(
                node.name, f"would be what MuJoCo refuses: {error}", "Change it less."
            ) from error

    def copy(self, nodes: Sequence[Node]) -> dict[Node, Node]:
        """Add copies of objects, where they are.

        What hung on an object that is copied, too, hangs on its copy; all else on
        nothing. References between the objects lead to copies.

        Returns:
          each object's copy.
        """
        places = {
            node: (self.frame_w(node), self.local_frame(node), self._kept_joint(node))
            for node in nodes
        }
        copies = add_copies(self.tree, nodes)
        for node, twin in copies.items():
            frame_w, local, (position, turn) = places[node]
            twin.frame = frame_w if twin.parent is None else local
            twin.joint_position, twin.joint_quat_wxyz = position, turn
        if any(isinstance(node.source, Shape | Joint) for node in nodes):
            self.recompile()
        return copies

    @property
    def gravity(self) -> tuple[float, float, float]:
        """[m/s^2]."""
        x, y, z = map(float, self._compiled.model.opt.gravity)
        return x, y, z

    def rub(self, node: Node) -> None:
        """Note that a shape's friction was changed."""
        body = self._compiled.bodies.get(node)
        if body is not None and isinstance(node.source, Shape):
            model = self._compiled.model
            first = int(model.body_geomadr[body])
            geoms = slice(first, first + int(model.body_geomnum[body]))
            model.geom_friction[geoms, 0] = node.source.material.friction
            self._compiled.velocity_motors.pair_friction.note()
            self._compiled.stale = True

    def recolor(self, node: Node) -> None:
        """Note that a shape's colours were changed."""
        body = self._compiled.bodies.get(node)
        if body is not None:
            looks.recolor(self._compiled.model, body, node)

    def show(self, node: Node) -> None:
        """Note that cameras see an object and all below, or do so no more."""
        for below in node.tree():
            body = self._compiled.bodies.get(below)
            if body is not None:
                looks.show(self._compiled.model, body, below)

    def step(self, physics_steps: int = 1) -> None:
        """Let time go on by so many physics steps.

        Raises:
          SceneError: the physics produced numbers that are not finite.
        """
        self._settle()
        # Not before: what is set and set back between two steps has no effect.
        self._settle_drives()
        compiled = self._compiled
        if compiled.stale is True:
            # What was moved may have held what sleeps.
            compiled.refresh()
        self._holds.step(physics_steps)
        compiled.note_step()
        # False for what is not a number, too. MuJoCo's own way out, a reset, is off.
        qvel, qacc = compiled.qvel, compiled.qacc
        if not qvel.dot(qvel) + qacc.dot(qacc) < FASTEST**2:
            bad = np.flatnonzero(~(np.abs(qvel) + np.abs(qacc) < FASTEST))
            body = int(self._compiled.model.dof_bodyid[bad[0]]) if len(bad) else 0
            raise SceneError(
                self._compiled.model.body(body).name,
                "moves at a speed that is not finite or too great",
                "Reset the scene; look for masses or forces that do not fit.",
            )

    def _stays_fixed(self, node: Node) -> bool:
        """Whether the body of an object that was hung elsewhere still fits."""
        have = self._compiled.links.get(node)
        if have is None or have.hold is not Hold.FIXED:
            return False
        return self._compiled.is_fixed(have.carrier) and never_moves(carrier(node))

    def _detach(self, node: Node) -> None:
        """Let the tree alone say where an object and what is fixed to it are."""
        for below in node.tree():
            if not self._is_free(below):
                self._compiled.bodies.pop(below, None)

    def _settle(self) -> None:
        """Let MuJoCo's model and state be what the objects say now."""
        if not self._unsettled:
            return
        if self._outdated or not settle(self.tree, self._compiled, self._holds):
            self._keep_state()
            self._compile()
        # What was held otherwise may have held what sleeps, and needs other forces.
        self._compiled.stale = True
        self._compiled.data.qacc_warmstart[:] = 0.0
        self._unsettled = False
        self.times_settled += 1

    def _compile(self) -> None:
        """Make MuJoCo's model anew; the state is the tree's, velocities are kept.

        Raises:
          SceneError: an object asks for what cannot be simulated; all is as before.
          ValueError: MuJoCo refuses an element, and names it.
        """
        before = getattr(self, "_compiled", None)
        links = links_to_compile(self.tree, before)
        compiled = Compiled(self.tree, self.world, links)
        if before is not None:
            compiled.data.time = before.data.time
            for node, place in before.places.items():
                now = compiled.places.get(node)
                if now is not None:
                    speed = before.data.qvel[place.dofs]
                    compiled.data.qvel[now.dofs] = speed
        self._compiled = compiled
        self._holds = Holds(compiled)
        for node, place in compiled.places.items():
            if not isinstance(node.source, Joint):
                continue
            if node.source.kind is JointKind.SPHERICAL:
                self._put_below(compiled.moved_body(node))
                speed = compiled.data.qvel[place.dofs].copy()
                compiled.set_turn(node, node.joint_quat_wxyz)
                compiled.data.qvel[place.dofs] = speed
            else:
                compiled.data.qpos[place.qpos] = node.joint_position
        settle(self.tree, compiled, self._holds)
        self._unsettled = self._outdated = False
        mujoco.mj_forward(compiled.model, compiled.data)
        compiled.stale = False
