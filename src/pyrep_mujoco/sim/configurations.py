"""Configuration trees: where the objects of a tree are, kept as bytes."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pyrep_mujoco.scene.frames import Frame
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.joints import Joint, JointKind

_BEGIN = b"pyrep_mujoco configuration 1\n"

_ROW = np.dtype(
    [
        ("handle", "<i8"),
        ("parent", "<i8"),
        ("position", "<f8", 3),
        ("quat_wxyz", "<f8", 4),
        ("joint", "<f8"),
        ("joint_quat_wxyz", "<f8", 4),
    ]
)


class Configuration(NamedTuple):
    """Where an object is."""

    parent: int
    """Handle of what it hangs on, or -1."""
    frame: Frame
    """In the parent's frame; below a joint, in the frame that the joint moves."""
    joint: float
    """Where a revolute [rad] or prismatic [m] joint stands."""
    joint_quat_wxyz: tuple[float, float, float, float]
    """Where a spherical joint stands."""


def keep(scene: Scene, node: Node) -> Configuration:
    """Where an object is now."""
    source = node.source
    joint, turn = 0.0, (1.0, 0.0, 0.0, 0.0)
    if isinstance(source, Joint):
        if source.kind is JointKind.SPHERICAL:
            turn = scene.joint_turn(node)
        else:
            joint = scene.joint_position(node)
    parent = -1 if node.parent is None else node.parent.handle
    return Configuration(parent, scene.local_frame(node), joint, turn)


def put_back(scene: Scene, places: Mapping[Node, Configuration]) -> None:
    """Put objects where they were, at rest, but for those that hang elsewhere now."""
    scene.arrange(
        {
            node: (place.frame, place.joint, place.joint_quat_wxyz)
            for node, place in places.items()
            if place.parent == (-1 if node.parent is None else node.parent.handle)
        }
    )


def simGetConfigurationTree(objectHandle: int) -> bytes:
    """Where an object and all below it are, each seen from its parent."""
    simulation = current()
    scene = simulation.scene
    rows = [
        (node.handle, place.parent, *place.frame, place.joint, place.joint_quat_wxyz)
        for node in simulation.node(objectHandle).tree()
        for place in [keep(scene, node)]
    ]
    return _BEGIN + np.array(rows, _ROW).tobytes()


def simSetConfigurationTree(data: bytes) -> None:
    """Put all objects of a configuration back where they were, at rest.

    Objects that are gone or hang elsewhere are left as they are.

    Raises:
      RuntimeError: this is no configuration.
    """
    scene = current().scene
    body = data[len(_BEGIN) :]
    if data[: len(_BEGIN)] != _BEGIN or len(body) % _ROW.itemsize:
        raise RuntimeError(
            f"{data[:16]!r}... is no configuration tree. "
            "Give what get_configuration_tree() returned."
        )
    places = {
        scene.tree.node(handle): Configuration(
            parent,
            # Python's own numbers: NumPy's make all reckoning with them much slower.
            Frame(tuple(position.tolist()), tuple(quat.tolist())),
            joint,
            tuple(turn.tolist()),
        )
        for handle, parent, position, quat, joint, turn in np.frombuffer(
            body, _ROW
        ).tolist()
        if handle in scene.tree
    }
    put_back(scene, places)
