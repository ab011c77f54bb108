"""Groups for inverse kinematics: their settings, and what they solve."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import solve
from pyrep_mujoco.sim.ik_problem import Problem, group, ik_joint, problem
from pyrep_mujoco.sim.simulation import Simulation, current
from pyrep_mujoco.ttm.groups import Constraint
from pyrep_mujoco.ttm.joints import JointMode

NOT_PERFORMED, SUCCESS, FAILURE = 0, 1, 2
"""What simCheckIkGroup returns, as CoppeliaSim names them."""


NEARBY_STARTS = 64
"""Tried where the way down from the present joint positions ends at a limit or in a
dead end: of RLBench's recorded moves to poses at the edge of the Panda's reach, two
need it."""

_SPREAD = 0.4
"""Standard deviation of a joint of such a start from its present position [rad, m]."""

_NEARBY = 0.8
"""How far a joint may go then [rad, m]: the arm is not to fold over."""


class Jacobians:
    """The Jacobian of each group when it was solved last."""

    def __init__(self, simulation: Simulation) -> None:
        self.by_group: dict[int, FloatArray] = {}
        """(e, m): position and orientation rows, a column for each joint."""

    def close(self) -> None:
        """Forget all."""
        self.by_group.clear()


def simGetIkGroupHandle(ikGroupName: str) -> int:
    """A group's handle.

    Raises:
      RuntimeError: there is none of this name.
    """
    groups = current().scene.tree.ik_groups
    for handle, one in groups.items():
        if one.name == ikGroupName:
            return handle
    known = ", ".join(one.name for one in groups.values())
    raise RuntimeError(
        f"The scene has no IK group {ikGroupName!r}. It has: {known or 'none'}."
    )


def simSetIkGroupProperties(
    ikGroupHandle: int, resolutionMethod: int, maxIterations: int, damping: float
) -> int:
    """Change how a group is solved.

    The settings are kept, and solving is as before: always by least squares whose
    damping fades towards the goal, with as many iterations as it takes.

    Raises:
      RuntimeError: there is no such group.
    """
    changed = dataclasses.replace(
        group(ikGroupHandle),
        method=resolutionMethod,
        iterations=maxIterations,
        damping=damping,
    )
    current().scene.tree.ik_groups[ikGroupHandle] = changed
    return 1


def simSetIkElementProperties(
    ikGroupHandle: int,
    tipDummyHandle: int,
    constraints: int,
    precision: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
) -> int:
    """Change what an element asks for.

    Args:
      ikGroupHandle: the group.
      tipDummyHandle: the element's tip.
      constraints: bits 1, 2, 4 for x, y, z, 8 for alpha and beta, 16 for gamma.
      precision: linear [m] and angular [rad]; None leaves them.
      weight: of position and orientation; None leaves them.

    Raises:
      RuntimeError: there is no such group, or no element of this tip in it.
    """
    whole = group(ikGroupHandle)
    changes: dict[str, object] = {"constraints": Constraint(constraints)}
    if precision is not None:
        changes["linear_precision"], changes["angular_precision"] = precision
    if weight is not None:
        changes["weights"] = (float(weight[0]), float(weight[1]))
    elements = [
        dataclasses.replace(one, **changes) if one.tip == tipDummyHandle else one
        for one in whole.elements
    ]
    if all(one.tip != tipDummyHandle for one in elements):
        raise RuntimeError(
            f"The IK group {whole.name!r} has no element with the tip "
            f"{tipDummyHandle!r}."
        )
    current().scene.tree.ik_groups[ikGroupHandle] = dataclasses.replace(
        whole, elements=tuple(elements)
    )
    return 1


def simCheckIkGroup(
    ikGroupHandle: int, jointHandles: Sequence[int]
) -> tuple[int, list[float]]:
    """Solve a group from where its joints are; nothing moves.

    Joints of the chain that are not given stand still.

    Returns:
      1 if all tips are within their precisions, 2 if not, 0 if no element is active
      and linked to a target; and the joint positions.

    Raises:
      RuntimeError: as for `problem`.
    """
    asked = problem(ikGroupHandle, jointHandles)
    if asked is None:
        scene = current().scene
        return NOT_PERFORMED, [
            scene.joint_position(ik_joint(handle)) for handle in jointHandles
        ]
    targets = [target[None] for target in asked.targets]
    found, reached = solve(asked.reaches, asked.start[None], targets, asked.limits)
    if not reached[0] and not asked.is_beyond_reach():
        nearby = _from_nearby(asked)
        if nearby is not None:
            found, reached = nearby[None], [True]
    _keep_jacobian(ikGroupHandle, asked, found)
    return (SUCCESS if reached[0] else FAILURE), found[0].tolist()


def _from_nearby(asked: Problem) -> FloatArray | None:
    """The nearest solution from starts around the present positions, if any."""
    # The same starts always: whether a pose is reached is no matter of chance.
    around = np.random.default_rng(0).normal(
        0.0, _SPREAD, (NEARBY_STARTS, len(asked.start))
    )
    targets = [target[None] for target in asked.targets]
    found, reached = solve(asked.reaches, asked.start + around, targets, asked.limits)
    moves = np.abs(found - asked.start).max(axis=1)
    near = np.flatnonzero(reached & (moves <= _NEARBY))
    return found[near[moves[near].argmin()]] if near.size else None


def simHandleIkGroup(ikGroupHandle: int) -> int:
    """Solve a group by its joints in mode IK and move them, if it is solved.

    Returns:
      as `simCheckIkGroup`.

    Raises:
      RuntimeError: as for `problem`.
    """
    handles = _inverse_joints(ikGroupHandle)
    if not handles:
        return NOT_PERFORMED
    result, positions = simCheckIkGroup(ikGroupHandle, handles)
    if result == SUCCESS:
        scene = current().scene
        for handle, position in zip(handles, positions, strict=True):
            scene.set_joint_position(scene.tree.node(handle), position)
    return result


def simComputeJacobian(ikGroupHandle: int, options: int) -> None:
    """Compute a group's Jacobian of its joints in mode IK, for simGetIkGroupMatrix.

    Raises:
      RuntimeError: the group has no such joints, or as for `problem`.
    """
    handles = _inverse_joints(ikGroupHandle)
    asked = problem(ikGroupHandle, handles) if handles else None
    if asked is None:
        raise RuntimeError(
            f"The IK group {group(ikGroupHandle).name!r} has no joint in mode IK. "
            "Set the joints' mode, or use simCheckIkGroup with their handles."
        )
    _keep_jacobian(ikGroupHandle, asked, asked.start[None])


def simGetIkGroupMatrix(
    ikGroupHandle: int, options: int
) -> tuple[list[float], list[int]]:
    """The Jacobian of when the group was solved last.

    Args:
      ikGroupHandle: the group.
      options: 0; CoppeliaSim's other matrices are not there.

    Returns:
      Rows of positions and then orientations, in the axes of the constraints' frame
      or else the base's, with a column for each joint in the order from tip to base;
      row by row. And the numbers of columns and of rows.

    Raises:
      RuntimeError: the group was not solved yet, or another matrix is asked for.
    """
    name = group(ikGroupHandle).name
    jacobian = current().part(Jacobians).by_group.get(ikGroupHandle)
    if options != 0:
        raise RuntimeError(
            f"The matrix {options!r} of the IK group {name!r} is not there; 0, the "
            "Jacobian, is."
        )
    if jacobian is None:
        raise RuntimeError(
            f"The IK group {name!r} has no Jacobian yet. Call simCheckIkGroup before."
        )
    rows, columns = jacobian.shape
    return jacobian.ravel().tolist(), [columns, rows]


def _inverse_joints(handle: int) -> list[int]:
    """The joints in mode IK above a group's tips, from the bases on."""
    tree = current().scene.tree
    found: dict[int, None] = {}
    for element in group(handle).elements:
        if element.tip not in tree:
            continue
        above: list[int] = []
        for node in tree.node(element.tip).ancestors():
            if node.handle == element.base:
                break
            if node.drive is not None and node.drive.mode is JointMode.IK:
                above.append(node.handle)
        found |= dict.fromkeys(reversed(above))
    return list(found)


def _keep_jacobian(handle: int, asked: Problem, positions: FloatArray) -> None:
    parts = [
        reach.jacobian(reach.chain.frames(positions), len(asked.joints))[0]
        for reach in asked.reaches
    ]
    # The joints are given from the base on.
    whole = np.concatenate(parts)[:, ::-1]
    current().part(Jacobians).by_group[handle] = whole
