"""A scene: objects come and go, and the physics goes on."""

import mujoco
import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.build import build_spec
from pyrep_mujoco.scene.frames import Frame, compose, frame, inverse, relative
from pyrep_mujoco.scene.links import Hold, carrier, link
from pyrep_mujoco.scene.motors import drive, robot_joints
from pyrep_mujoco.scene.tree import Node, Tree
from pyrep_mujoco.ttm.force_sensors import ForceSensor
from pyrep_mujoco.ttm.joints import Joint, JointKind
from pyrep_mujoco.ttm.model import Model, World
from pyrep_mujoco.ttm.objects import SceneObject
from pyrep_mujoco.ttm.shapes import Shape

_NOT_FINITE = (
    mujoco.mjtWarning.mjWARN_BADQPOS,
    mujoco.mjtWarning.mjWARN_BADQVEL,
    mujoco.mjtWarning.mjWARN_BADQACC,
)


class Scene:
    """A tree of objects and MuJoCo's model and state of it.

    While the physics runs, MuJoCo's state says where simulated shapes are; the tree
    says where everything was when the model was compiled last.
    """

    def __init__(self) -> None:
        self.tree = Tree()
        self.world: World | None = None
        self._compile({})

    def load(self, model: Model) -> list[Node]:
        """Add a model or scene; what is there keeps its state.

        Returns:
          the new objects in the file's order.

        Raises:
          SceneError: it holds what cannot be simulated; the scene is as before.
        """
        velocities = self._keep_state()
        before = self.world
        added = self.tree.add(model)
        self.world = model.world or self.world
        try:
            self._compile(velocities)
        except (SceneError, ValueError) as error:
            self.world = before
            for node in reversed(added):
                self.tree.remove(node)
            self._compile(velocities)
            if isinstance(error, SceneError):
                raise
            # MuJoCo's compiler names the element, which has the object's name.
            raise SceneError(
                added[0].name if added else "",
                f"came with what MuJoCo refuses: {error}",
                "Mend the named object in CoppeliaSim.",
            ) from error
        return added

    def remove(self, nodes: list[Node]) -> None:
        """Take objects out; the rest keeps its state."""
        velocities = self._keep_state()
        for node in nodes:
            self.tree.remove(node)
        self._compile(velocities)

    def hang(self, node: Node, parent: Node | None) -> None:
        """Hang an object on another where it is; it is held accordingly from now on.

        Raises:
          SceneError: the parent hangs on the object itself.
        """
        velocities = self._keep_state()
        self.tree.hang(node, parent)
        self._compile(velocities)

    def change(self, node: Node, source: SceneObject) -> None:
        """Let an object be what ``source`` says from now on; all keep their state.

        Raises:
          SceneError: it cannot be simulated so; the scene is as before.
        """
        velocities = self._keep_state()
        before, node.source = node.source, source
        try:
            self._compile(velocities)
        except (SceneError, ValueError) as error:
            node.source = before
            self._compile(velocities)
            if isinstance(error, SceneError):
                raise
            raise SceneError(
                node.name, f"would be what MuJoCo refuses: {error}", "Change it less."
            ) from error

    def step(self, physics_steps: int = 1) -> None:
        """Let time go on by so many physics steps.

        Raises:
          SceneError: the physics produced numbers that are not finite.
        """
        for _ in range(physics_steps):
            mujoco.mj_step(self.model, self.data)
        # A step ends with new positions of joints and the bodies' places before them.
        mujoco.mj_kinematics(self.model, self.data)
        # MuJoCo counts what it finds; its own way out, a reset, is switched off.
        if any(self.data.warning[kind].number for kind in _NOT_FINITE):
            bad = np.flatnonzero(~np.isfinite(self.data.qvel + self.data.qacc))
            body = int(self.model.dof_bodyid[bad[0]]) if len(bad) else 0
            raise SceneError(
                self.model.body(body).name,
                "moves at a speed that is not finite or too great",
                "Reset the scene; look for masses or forces that do not fit.",
            )

    def frame_w(self, node: Node) -> Frame:
        """Where an object is in the world now."""
        if isinstance(node.source, Shape):
            body = self.data.body(node.name)
            return frame(body.xpos, body.xquat)
        site = self.data.site(node.name)
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, site.xmat)
        return frame(site.xpos, quat.tolist())

    def joint_position(self, node: Node) -> float:
        """Where a revolute [rad] or prismatic [m] joint stands now."""
        if node.name in self._simulated:
            return float(self.data.joint(node.name).qpos[0])
        return node.joint_position

    def set_joint_position(self, node: Node, position: float) -> None:
        """Put a revolute or prismatic joint somewhere at once, at rest."""
        if node.name in self._simulated:
            joint = self.data.joint(node.name)
            joint.qpos[0], joint.qvel[0] = position, 0.0
        else:
            node.joint_position = position
            self._replace_below(node)
        mujoco.mj_kinematics(self.model, self.data)

    def place(self, node: Node, frame_w: Frame) -> None:
        """Put an object somewhere in the world; its tree goes along.

        Free shapes come to rest there; joints keep their positions.
        """
        mujoco.mj_kinematics(self.model, self.data)
        for above in reversed(list(node.ancestors())):
            self._keep_shape(above)
        for below in node.tree():
            self._keep_shape(below)
        node.place(frame_w)
        if self._changes_a_link(node):
            self._compile(self._keep_velocities())
        else:
            self._replace_below(node)
        mujoco.mj_kinematics(self.model, self.data)

    def _changes_a_link(self, node: Node) -> bool:
        """Whether an object's own place is part of a simulated link."""
        if isinstance(node.source, Shape):
            held = link(node)
            return held.joint is not None or held.sensor is not None
        return node.name in self._simulated or isinstance(node.source, ForceSensor)

    def _replace_below(self, top: Node) -> None:
        """Bring MuJoCo's places of an object and all below in line with the tree's."""
        for node in top.tree():
            self._put(node)

    def _put(self, node: Node) -> None:
        shape = isinstance(node.source, Shape)
        held = link(node) if shape else None
        if held is not None and held.hold is Hold.FREE:
            joint = self.data.joint(node.name)
            joint.qpos[:3], joint.qpos[3:] = node.frame_w
            joint.qvel[:] = 0.0
            return
        if held is not None and held.hold is Hold.JOINT:
            # Its place follows from the carrier's and the joint's.
            return
        base = held.carrier if held is not None else carrier(node)
        place = node.frame_w if base is None else relative(node.frame_w, base.frame_w)
        element = self.model.body(node.name) if shape else self.model.site(node.name)
        element.pos[:], element.quat[:] = place

    def _keep_state(self) -> dict[str, np.ndarray]:
        """Bring the tree in line with the state; the velocities by joint's name."""
        mujoco.mj_kinematics(self.model, self.data)
        for top in [node for node in self.tree if node.parent is None]:
            for node in top.tree():
                self._keep_shape(node)
        return self._keep_velocities()

    def _keep_velocities(self) -> dict[str, np.ndarray]:
        return {
            name: self.data.joint(name).qvel.copy() for name in sorted(self._simulated)
        }

    def _keep_shape(self, node: Node) -> None:
        """Bring the tree's place of a simulated shape in line with the state's."""
        if not isinstance(node.source, Shape):
            return
        held = link(node)
        if held.hold is Hold.FREE:
            node.place(self.frame_w(node))
        elif held.joint is not None:
            joint = held.joint
            assert isinstance(joint.source, Joint)
            if joint.source.kind is JointKind.SPHERICAL:
                moved = compose(self.frame_w(node), inverse(node.frame))
                turned = relative(moved, joint.frame_w)
                joint.joint_quat_wxyz = turned.quat_wxyz
            else:
                joint.joint_position = float(self.data.joint(joint.name).qpos[0])

    def _compile(self, velocities: dict[str, np.ndarray]) -> None:
        time = self.data.time if hasattr(self, "data") else 0.0
        self.model = build_spec(self.tree, self.world).compile()
        self.data = mujoco.MjData(self.model)
        self.data.time = time
        self._simulated = {
            self.model.joint(number).name for number in range(self.model.njnt)
        }
        for name, velocity in velocities.items():
            if name in self._simulated:
                joint = self.data.joint(name)
                # A shape that was freed or fixed in between starts at rest.
                if joint.qvel.shape == velocity.shape:
                    joint.qvel[:] = velocity
        robots = robot_joints(self.tree)
        for number in range(self.model.nu):
            node = self.tree.node(self.model.actuator(number).name)
            drive(self.model, self.data, node, robot=node in robots)
        mujoco.mj_forward(self.model, self.data)
