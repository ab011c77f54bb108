"""What a group for inverse kinematics asks of joints, as the scene is now."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.errors import UnknownObjectError
from pyrep_mujoco.scene.chain import FloatArray, chain, homogeneous, limits
from pyrep_mujoco.scene.frames import matrix
from pyrep_mujoco.scene.inverse_kinematics import Reach
from pyrep_mujoco.scene.pseudo_inverse import step_to_targets
from pyrep_mujoco.scene.reach_bounds import is_beyond_reach
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.dummies import LINK_IK_TIP_TARGET, Dummy
from pyrep_mujoco.ttm.groups import DAMPED_LEAST_SQUARES, IkElement, IkGroup
from pyrep_mujoco.ttm.joints import Joint, JointKind


@dataclass(frozen=True, slots=True)
class Problem:
    """What one group asks of some joints, as the scene is now."""

    joints: list[Node]
    """Those that may move."""
    reaches: list[Reach]
    """One for each active element."""
    targets: list[FloatArray]
    """(4, 4) in the world, for each of them."""
    limits: tuple[FloatArray, FloatArray]
    """Least and greatest joint positions, (m,) each; infinite for cyclic joints."""
    start: FloatArray
    """(m,) where the joints are now."""
    iterations: int
    """Steps that the group makes."""
    damping: float
    """Of its damped least squares; 0 for the pseudo inverse."""

    def tips(self) -> list[FloatArray]:
        """(4, 4) in the world now, for each reach."""
        return [reach.chain.tip(self.start[None])[0] for reach in self.reaches]

    def is_beyond_reach(self) -> bool:
        """Whether some tip surely cannot come to its target."""
        return any(map(is_beyond_reach, self.reaches, self.targets))

    def solve(
        self, starts: FloatArray, targets: Sequence[FloatArray]
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Where the group's few whole steps lead from each start.

        Args:
          starts: (n, m) joint positions.
          targets: for each reach (4, 4), or (n, 4, 4) for each start its own.

        Returns:
          (n, m) where they end, and (n,) whether that is the target.
        """
        return step_to_targets(
            *(self.reaches, starts, targets, self.limits),
            iterations=self.iterations,
            damping=self.damping,
        )


def group(handle: int) -> IkGroup:
    """A group by handle.

    Raises:
      RuntimeError: there is none.
    """
    groups = current().scene.tree.ik_groups
    if handle not in groups:
        known = ", ".join(f"{one.name} ({number})" for number, one in groups.items())
        raise RuntimeError(
            f"The scene has no IK group {handle!r}. It has: {known or 'none'}."
        )
    return groups[handle]


def problem(handle: int, joint_handles: Sequence[int]) -> Problem | None:
    """What a group asks of joints; None if none of its elements is active and linked.

    Raises:
      RuntimeError: there is no such group or joint, or a joint is spherical, or an
        element's tip is moved by none of the joints.
    """
    scene = current().scene
    joints = [ik_joint(number) for number in joint_handles]
    reaches: list[Reach] = []
    targets: list[FloatArray] = []
    for element in group(handle).elements:
        target = ik_target(element)
        if target is None or not element.active or not element.constraints:
            continue
        tree = scene.tree
        base = tree.node(element.base) if element.base in tree else None
        frame = element.constraint_base
        axes = tree.node(frame) if frame in tree else base
        reaches.append(
            Reach(
                chain=chain(scene, joints, tree.node(element.tip), base),
                constraints=element.constraints,
                axes=np.eye(3) if axes is None else matrix(scene.frame_w(axes)),
                linear_precision=element.linear_precision,
                angular_precision=element.angular_precision,
                weights=element.weights,
            )
        )
        targets.append(homogeneous(scene.frame_w(target)))
    if not reaches:
        return None
    start = np.array([scene.joint_position(joint) for joint in joints])
    settings = group(handle)
    damped = settings.method == DAMPED_LEAST_SQUARES
    return Problem(
        *(joints, reaches, targets, limits(joints), start),
        iterations=settings.iterations,
        damping=settings.damping if damped else 0.0,
    )


def ik_joint(handle: int) -> Node:
    """A revolute or prismatic joint by handle.

    Raises:
      RuntimeError: there is none.
    """
    try:
        node = current().node(handle)
    except UnknownObjectError as error:
        raise RuntimeError(str(error)) from error
    if not isinstance(node.source, Joint) or node.source.kind is JointKind.SPHERICAL:
        raise RuntimeError(
            f"The object {node.name!r} is no revolute or prismatic joint, which "
            "inverse kinematics needs."
        )
    return node


def ik_target(element: IkElement) -> Node | None:
    """The dummy that an element's tip is linked to."""
    tree = current().scene.tree
    if element.tip not in tree:
        return None
    tip = tree.node(element.tip).source
    if not isinstance(tip, Dummy) or tip.link_kind != LINK_IK_TIP_TARGET:
        return None
    return tree.node(tip.linked_to) if tip.linked_to in tree else None
