"""Where objects are: positions, orientations, matrices, velocities."""

import math
from collections.abc import Sequence

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import IDENTITY, Frame, compose, frame, relative
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.constants import JOINT_BASE_FRAME, PARENT, WORLD
from pyrep_mujoco.sim.matrices import from_angles, from_matrix, to_angles, to_matrix
from pyrep_mujoco.sim.simulation import Simulation, current


def _base(simulation: Simulation, node: Node, handle: int) -> Frame | None:
    """The frame that a handle stands for; None for the world's."""
    if handle == WORLD:
        return None
    if handle == PARENT:
        if node.parent is None:
            return None
        return simulation.scene.moved_w(node.parent)
    if handle >= JOINT_BASE_FRAME:
        return simulation.scene.frame_w(simulation.node(handle - JOINT_BASE_FRAME))
    return simulation.scene.moved_w(simulation.node(handle))


def _place(objectHandle: int, base: int) -> Frame:
    simulation = current()
    node = simulation.node(objectHandle)
    scene = simulation.scene
    if base == WORLD:
        return scene.frame_w(node)
    place, seen_from = scene.frame_w(node), _base(simulation, node, base)
    return place if seen_from is None else relative(place, seen_from)


def _put(
    objectHandle: int,
    base: int,
    position: Sequence[float] | None,
    quat_wxyz: Sequence[float] | None,
) -> None:
    """Put an object somewhere; what is None stays as it is.

    Raises:
      SceneError: the place is made of numbers that are none, or of no rotation.
    """
    simulation = current()
    node = simulation.node(objectHandle)
    finite = all(map(math.isfinite, (*(position or ()), *(quat_wxyz or ()))))
    if not finite or (quat_wxyz is not None and not any(quat_wxyz)):
        raise SceneError(
            node.name,
            f"cannot be put at {position}, turned by {quat_wxyz} (w x y z)",
            "Give finite numbers, and a quaternion of some length.",
        )
    seen_from = _base(simulation, node, base) or IDENTITY
    now = relative(simulation.scene.frame_w(node), seen_from)
    place = frame(
        now.position if position is None else position,
        now.quat_wxyz if quat_wxyz is None else quat_wxyz,
    )
    simulation.scene.place(node, compose(seen_from, place))


def simGetObjectPosition(objectHandle: int, relativeToObjectHandle: int) -> list[float]:
    """Position (3,) [m] in the world's frame (-1), the parent's or another object's."""
    return [*_place(objectHandle, relativeToObjectHandle).position]


def simGetObjectQuaternion(
    objectHandle: int, relativeToObjectHandle: int
) -> list[float]:
    """Orientation (4,) as x y z w in the frame asked for."""
    w, x, y, z = _place(objectHandle, relativeToObjectHandle).quat_wxyz
    return [x, y, z, w]


def simGetObjectOrientation(
    objectHandle: int, relativeToObjectHandle: int
) -> list[float]:
    """Orientation as three angles [rad] in the frame asked for."""
    return to_angles(_place(objectHandle, relativeToObjectHandle).quat_wxyz)


def simGetObjectMatrix(objectHandle: int, relativeToObjectHandle: int) -> list[float]:
    """Matrix (12,) in the frame asked for."""
    return to_matrix(_place(objectHandle, relativeToObjectHandle))


def simSetObjectPosition(
    objectHandle: int, relativeToObjectHandle: int, position: Sequence[float]
) -> None:
    """Put an object at a position [m]; its tree goes along."""
    _put(objectHandle, relativeToObjectHandle, list(position), None)


def simSetObjectQuaternion(
    objectHandle: int, relativeToObjectHandle: int, quaternion: Sequence[float]
) -> None:
    """Turn an object to a quaternion x y z w; its tree goes along."""
    x, y, z, w = quaternion
    _put(objectHandle, relativeToObjectHandle, None, (w, x, y, z))


def simSetObjectOrientation(
    objectHandle: int, relativeToObjectHandle: int, eulerAngles: Sequence[float]
) -> None:
    """Turn an object to three angles [rad]; its tree goes along."""
    _put(objectHandle, relativeToObjectHandle, None, from_angles(eulerAngles))


def simSetObjectMatrix(
    objectHandle: int, relativeToObjectHandle: int, matrix: Sequence[float]
) -> None:
    """Put an object where a matrix (12,) says; its tree goes along."""
    place = from_matrix(matrix)
    _put(objectHandle, relativeToObjectHandle, place.position, place.quat_wxyz)


def simGetObjectVelocity(objectHandle: int) -> tuple[list[float], list[float]]:
    """Linear [m/s] and angular [rad/s] velocity in the world's frame."""
    simulation = current()
    linear, angular = simulation.scene.velocity_w(simulation.node(objectHandle))
    return linear, angular


def simResetDynamicObject(objectHandle: int) -> None:
    """Let the physics begin anew with an object: it comes to rest where it is."""
    simulation = current()
    simulation.scene.rest(simulation.node(objectHandle))
