"""The tree of scene objects: names, handles, order, and where everything stands."""

import bisect
import dataclasses
import difflib
from collections.abc import Iterator

from pyrep_mujoco.errors import SceneError, UnknownObjectError
from pyrep_mujoco.scene.drives import Drive, drive_of
from pyrep_mujoco.scene.frames import (
    IDENTITY,
    Frame,
    about_z,
    compose,
    from_pose,
    relative,
)
from pyrep_mujoco.scene.renumbering import renumbered
from pyrep_mujoco.ttm.groups import Collection, IkGroup
from pyrep_mujoco.ttm.joints import Joint, JointKind
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.objects import ModelProperty, SceneObject
from pyrep_mujoco.ttm.scripts import Script
from pyrep_mujoco.ttm.textures import Texture

_BEFORE_COLLECTIONS, _BEFORE_IK_GROUPS = 1_999_999, 2_029_999
"""Handles of collections and IK groups count up from here, as in CoppeliaSim's files;
sensors tell collections from objects by their handles."""


@dataclasses.dataclass(slots=True, eq=False, weakref_slot=True)
class Node:
    """One object of the scene."""

    source: SceneObject
    """What was read; references to others are by the scene's handles."""
    name: str
    """Unique in the scene."""
    load: int
    """Which load brought it; objects of one file share it."""
    textures: dict[int, Texture]
    """Of its file, by the id that its meshes use."""
    parent: "Node | None"
    """What it hangs on, or None."""
    children: list["Node"]
    """In the order of their handles, whichever came last."""
    frame: Frame
    """In the parent's frame; below a joint, in the frame that the joint moves."""
    joint_position: float = 0.0
    """Where a revolute [rad] or prismatic [m] joint stands."""
    joint_quat_wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Where a spherical joint stands."""
    drive: Drive | None = None
    """What drives it, if it is a joint."""
    broken: bool = False
    """Whether it is a force sensor that holds nothing any more."""

    @property
    def handle(self) -> int:
        """By which it is known in the scene."""
        return self.source.handle

    @property
    def moved(self) -> Frame:
        """What its children's frames are in, as seen from its own frame."""
        if not isinstance(self.source, Joint):
            return IDENTITY
        if self.source.kind is JointKind.SPHERICAL:
            return Frame((0.0, 0.0, 0.0), self.joint_quat_wxyz)
        return self.moved_at(self.joint_position)

    def moved_at(self, position: float) -> Frame:
        """What a revolute or prismatic joint's children's frames are in, seen from it.

        Args:
          position: where the joint stands [rad or m].
        """
        assert isinstance(self.source, Joint)
        if self.source.kind is JointKind.PRISMATIC:
            return Frame((0.0, 0.0, position), (1.0, 0.0, 0.0, 0.0))
        rise = self.source.screw_pitch * position
        return Frame((0.0, 0.0, rise), about_z(position))

    @property
    def frame_w(self) -> Frame:
        """In the world, as the tree has it; where it is now, `Scene.frame_w` knows."""
        if self.parent is None:
            return self.frame
        return compose(self.parent.moved_w, self.frame)

    @property
    def moved_w(self) -> Frame:
        """The frame that its children's frames are in, in the world."""
        return compose(self.frame_w, self.moved)

    def place(self, frame_w: Frame) -> None:
        """Put it somewhere in the world; what hangs on it goes along."""
        if self.parent is None:
            self.frame = frame_w
        else:
            self.frame = relative(frame_w, self.parent.moved_w)

    def ancestors(self) -> Iterator["Node"]:
        """What it hangs on, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def tree(self) -> Iterator["Node"]:
        """Itself and all below, parents before their children."""
        yield self
        for child in self.children:
            yield from child.tree()

    def has(self, quality: ModelProperty) -> bool:
        """Whether a model that it belongs to has taken a quality from it."""
        node: Node | None = self
        while node is not None:
            source = node.source
            if source.is_model_base and quality in source.model_properties:
                return True
            node = node.parent
        return False


class Tree:
    """All objects of a scene, in the order in which they came."""

    def __init__(self) -> None:
        self.collections: dict[int, Collection] = {}
        """By handle."""
        self.ik_groups: dict[int, IkGroup] = {}
        """By handle."""
        self.scripts: dict[int, Script] = {}
        """By id."""
        self._nodes: dict[int, Node] = {}
        self.find_handle = self._nodes.get
        """An object by handle, or None."""
        self._by_name: dict[str, Node] = {}
        self._next_handle = 0
        self._loads = 0

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, handle: int) -> bool:
        return handle in self._nodes

    def node(self, asked: int | str) -> Node:
        """An object by handle or name.

        Raises:
          UnknownObjectError: there is none.
        """
        known = self._by_name if isinstance(asked, str) else self._nodes
        if asked in known:
            return known[asked]  # type: ignore[index]
        near = difflib.get_close_matches(str(asked), self._by_name)
        raise UnknownObjectError(asked, near if isinstance(asked, str) else ())

    def add(self, model: Model) -> list[Node]:
        """Add what a file holds; its parentless objects become parentless here.

        Every object gets the next handle in the file's order. If a name is taken,
        all names of the file get the least suffix ``#0``, ``#1``, ... with which none
        is.

        Returns:
          the new objects in the file's order.
        """
        whole = renumbered(
            model,
            objects=self._next_handle,
            collections=1 + max(self.collections, default=_BEFORE_COLLECTIONS),
            ik_groups=1 + max(self.ik_groups, default=_BEFORE_IK_GROUPS),
            scripts=1 + max(self.scripts, default=-1),
        )
        suffix = self._suffix([thing.name for thing in whole.objects])
        textures = {texture.id: texture for texture in whole.textures}
        added = []
        for thing in whole.objects:
            node = Node(
                source=thing,
                name=thing.name + suffix,
                load=self._loads,
                textures=textures,
                parent=None,
                children=[],
                frame=from_pose(thing.pose),
            )
            if isinstance(thing, Joint):
                node.joint_position = thing.position
                node.joint_quat_wxyz = thing.quat_wxyz
                node.drive = drive_of(thing)
            self._nodes[node.handle] = self._by_name[node.name] = node
            added.append(node)
        for node in added:
            if node.source.parent != -1:
                node.parent = self._nodes[node.source.parent]
                node.parent.children.append(node)
        self._next_handle += len(added)
        self._loads += 1
        for group in whole.collections:
            named = dataclasses.replace(group, name=group.name + suffix)
            self.collections[group.handle] = named
        for group in whole.ik_groups:
            named = dataclasses.replace(group, name=group.name + suffix)
            self.ik_groups[group.handle] = named
        self.scripts |= {script.id: script for script in whole.scripts}
        return added

    def create(self, source: SceneObject, frame: Frame) -> Node:
        """Add one parentless object; its handle and name are chosen here.

        A taken name gets the least number with which it is not, such as ``Dummy0``.
        """
        name, number = source.name, 0
        while name in self._by_name:
            name, number = f"{source.name}{number}", number + 1
        handle = self._next_handle
        node = Node(
            source=dataclasses.replace(source, name=name, handle=handle, parent=-1),
            name=name,
            load=self._loads,
            textures={},
            parent=None,
            children=[],
            frame=frame,
        )
        if isinstance(source, Joint):
            node.joint_position = source.position
            node.joint_quat_wxyz = source.quat_wxyz
            node.drive = drive_of(source)
        self._nodes[handle] = self._by_name[name] = node
        self._next_handle += 1
        self._loads += 1
        return node

    def rename(self, node: Node, name: str) -> None:
        """Give an object another name.

        Raises:
          SceneError: another object has it.
        """
        if self._by_name.get(name, node) is not node:
            raise SceneError(
                node.name,
                f"cannot be named {name!r}: another object is",
                "Choose another name.",
            )
        del self._by_name[node.name]
        node.name = name
        self._by_name[name] = node

    def find(self, name: str) -> Node | None:
        """An object by name, or None."""
        return self._by_name.get(name)

    def remove(self, node: Node) -> None:
        """Take out one object; its children become its parent's, where they are."""
        for child in list(node.children):
            self.hang(child, node.parent)
        if node.parent is not None:
            node.parent.children.remove(node)
        del self._nodes[node.handle], self._by_name[node.name]
        for group in list(self.ik_groups.values()):
            left = tuple(one for one in group.elements if one.tip != node.handle)
            if not left:
                del self.ik_groups[group.handle]
            elif len(left) < len(group.elements):
                changed = dataclasses.replace(group, elements=left)
                self.ik_groups[group.handle] = changed
        for script in list(self.scripts.values()):
            if script.object == node.handle:
                del self.scripts[script.id]

    def hang(self, node: Node, parent: Node | None) -> None:
        """Hang an object on another, or on nothing, without moving it.

        Its place among the other children goes by its handle. CoppeliaSim 4.1 has it
        behind them until any object is created or removed, and sorts them then; the
        numbers of RLBench's ``task_low_dim_state``, which are of a tree's objects in
        order, would change places with every grasp.

        Raises:
          SceneError: the parent hangs on the object itself.
        """
        if parent is not None and node in (parent, *parent.ancestors()):
            raise SceneError(
                node.name,
                f"cannot hang on {parent.name!r}, which hangs on it",
                "Choose a parent outside of its tree.",
            )
        frame_w = node.frame_w
        if node.parent is not None:
            node.parent.children.remove(node)
        node.parent = parent
        if parent is not None:
            bisect.insort(parent.children, node, key=lambda child: child.handle)
        node.place(frame_w)

    def _suffix(self, names: list[str]) -> str:
        suffix, number = "", 0
        while any(name + suffix in self._by_name for name in names):
            suffix = f"#{number}"
            number += 1
        return suffix
