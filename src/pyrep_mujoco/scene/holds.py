"""Free bodies and joints that are held for a while, without a new compilation.

A grasped shape is welded to what it hangs on; a shape that stopped being dynamic
stays where it is. MuJoCo's model keeps their joints, so that letting go is as quick.
"""

import mujoco
import numpy as np

from pyrep_mujoco.scene.build import weld_name
from pyrep_mujoco.scene.collision_geoms import GROUP
from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.frames import relative
from pyrep_mujoco.scene.motors import has_limits
from pyrep_mujoco.scene.tree import Node

IMMOVABLE = 1e6
"""Armature [kg m^2 or kg] of what stands still: no force of a scene moves it by more
than micrometres before it is put back after each step."""

MOVES, STANDS, PASSES = (1, 3), (2, 0), (0, 0)
"""MuJoCo's ``contype`` and ``conaffinity`` of geoms: what stands touches nothing that
stands, too."""

_WARM = mujoco.mjtDisableBit.mjDSBL_WARMSTART.value
"""Keeps the solver from beginning with the last physics step's accelerations."""


class Holds:
    """What is held in a compiled scene, and how."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.welded: dict[Node, Node] = {}
        """Free shapes and what carries each."""
        self.frozen: set[Node] = set()
        """Free shapes and joints that stand still."""
        self._qpos, self._dofs = np.empty(0, int), np.empty(0, int)
        for node in compiled.links:
            self.let_touch(node)
        for node in compiled.places:
            if node.drive is not None:
                self.drive(node)

    def let_touch(self, node: Node, respondable: bool = True) -> None:
        """Say what a shape's geoms may touch: nothing, what moves, or all."""
        compiled, model = self._compiled, self._compiled.model
        body = compiled.bodies.get(node)
        if body is None or node not in compiled.respondable:
            return
        joint = compiled.links[node].joint
        stands = node in self.frozen or joint in self.frozen or compiled.is_fixed(node)
        kinds = PASSES if not respondable else STANDS if stands else MOVES
        first = int(model.body_geomadr[body])
        for geom in range(first, first + int(model.body_geomnum[body])):
            if model.geom_group[geom] == GROUP:
                model.geom_contype[geom], model.geom_conaffinity[geom] = kinds
        model.body_contype[body], model.body_conaffinity[body] = kinds

    def hide(self, node: Node) -> None:
        """Let a shape's fixed body touch nothing, and nobody see it."""
        compiled, model = self._compiled, self._compiled.model
        body = compiled.bodies.get(node)
        if body is None:
            return
        self.let_touch(node, respondable=False)
        first = int(model.body_geomadr[body])
        model.geom_rgba[first : first + int(model.body_geomnum[body]), 3] = 0.0

    def freeze(self, node: Node, joint: Node) -> None:
        """Let a free shape, or the joint that moves a shape, stand still."""
        if joint not in self.frozen:
            self.frozen.add(joint)
            place = self._compiled.places[joint]
            self._compiled.model.jnt_limited[place.joint] = False
            self._keep_still(joint)
            self.let_touch(node)

    def thaw(self, node: Node, joint: Node) -> None:
        """Let it move again."""
        if joint in self.frozen:
            self.frozen.remove(joint)
            if joint.drive is not None:
                limited = has_limits(joint)
                number = self._compiled.places[joint].joint
                self._compiled.model.jnt_limited[number] = limited
                self.drive(joint)
            self._keep_still(joint)
            self.let_touch(node)

    def drive(self, joint: Node) -> None:
        """Let a joint do what drives it says now: its motor, its lock, its limits."""
        if joint not in self.frozen:
            self._compiled.drive(joint)

    def retarget(self, joint: Node) -> None:
        """Let a joint's motor go for the target velocity that it has now."""
        if joint not in self.frozen:
            self._compiled.retarget(joint)

    def _keep_still(self, joint: Node) -> None:
        """Let a free shape or a joint move or not, as the set says."""
        model, place = self._compiled.model, self._compiled.places[joint]
        if joint in self.frozen:
            self._compiled.data.qvel[place.dofs] = 0.0
            model.dof_armature[place.dofs] = IMMOVABLE
            # MuJoCo takes this one for a body that is alone on its joint.
            model.dof_M0[place.dofs] = IMMOVABLE
        else:
            model.dof_armature[place.dofs] = 0.0
            model.dof_M0[place.dofs] = self._compiled.inertia[place.dofs]
        self._note_frozen()

    def _note_frozen(self) -> None:
        places = [self._compiled.places[node] for node in self.frozen]
        every = np.arange(max(self._compiled.model.nq, self._compiled.model.nv))
        none = [np.empty(0, int)]
        self._qpos = np.concatenate(none + [every[place.qpos] for place in places])
        self._dofs = np.concatenate(none + [every[place.dofs] for place in places])
        # A robot that stands still is being put somewhere, and all else may be put
        # back after it. Whether the solver begins with the last accelerations MuJoCo
        # decides for the whole scene at once: the robot's next place would hang, in
        # its last bits, on where the rest was before. Begun without them, it does not.
        self._compiled.model.opt.disableflags &= ~_WARM
        if not self.frozen.isdisjoint(self._compiled.robots):
            self._compiled.model.opt.disableflags |= _WARM

    def weld(self, node: Node, carrier: Node, *, anew: bool = False) -> None:
        """Hold a free shape where it is on what carries it.

        Args:
          node: the shape.
          carrier: a shape whose body moves.
          anew: whether it was moved on the carrier since it was welded.
        """
        if self.welded.get(node) is carrier and not anew:
            return
        compiled, model = self._compiled, self._compiled.model
        number = self._weld_of(node)
        model.eq_obj1id[number] = compiled.bodies[carrier]
        model.eq_obj2id[number] = compiled.bodies[node]
        place = relative(
            compiled.frame_w(compiled.bodies[node]),
            compiled.frame_w(compiled.bodies[carrier]),
        )
        model.eq_data[number, :10] = (0, 0, 0, *place.position, *place.quat_wxyz)
        compiled.data.eq_active[number] = True
        self.welded[node] = carrier

    def unweld(self, node: Node) -> None:
        """Let go of a shape."""
        if self.welded.pop(node, None) is not None:
            self._compiled.data.eq_active[self._weld_of(node)] = False

    def _weld_of(self, node: Node) -> int:
        equality = mujoco.mjtObj.mjOBJ_EQUALITY.value
        body = self._compiled.bodies[node]
        name = self._compiled.model.body(body).name
        return mujoco.mj_name2id(self._compiled.model, equality, weld_name(name))

    def step(self, physics_steps: int) -> None:
        """Let time go on; what stands still is put back after it."""
        data, motors = self._compiled.data, self._compiled.velocity_motors
        if not len(self._qpos):
            motors.step(physics_steps)
            return
        keep = data.qpos[self._qpos]
        motors.step(physics_steps)
        data.qpos[self._qpos] = keep
        data.qvel[self._dofs] = 0.0
