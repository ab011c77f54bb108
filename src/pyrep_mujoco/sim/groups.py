"""Compounds: shapes grouped to one, and one ungrouped to several.

As in CoppeliaSim, the last of the grouped shapes becomes the compound and is its first
part, and an ungrouped compound becomes its first part. Its frame stays as it was, so
grouping what was ungrouped gives the compound back; CoppeliaSim would align it anew.
"""

import dataclasses
from collections.abc import Sequence

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import (
    IDENTITY,
    Frame,
    compose,
    frame,
    inverse,
    relative,
)
from pyrep_mujoco.scene.reshaping import (
    Geometry,
    bounding_box,
    each_mesh,
    grouped,
    moved,
    surface,
)
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.new_shapes import triangle_mesh
from pyrep_mujoco.sim.shapes import shape_node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.sim.texture_ids import TextureIds
from pyrep_mujoco.ttm.meshes import Compound, Mesh, leaves
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.textures import Texture


def simGroupShapes(shapeHandles: Sequence[int], merge: bool = False) -> int:
    """Make one shape of several; the last one's handle, which it has from now on.

    Args:
      shapeHandles: at least two shapes; what hangs on all but the last hangs on
        their parents afterwards.
      merge: whether it becomes a simple shape, with the last one's colour and no
        textures, or a compound of parts.

    Raises:
      RuntimeError: fewer than two different shapes came.
    """
    found = [shape_node(handle) for handle in dict.fromkeys(shapeHandles)]
    if len(found) < 2:
        raise RuntimeError(
            f"Two shapes at least make a group; the handles {list(shapeHandles)} came."
        )
    scene = current().scene
    last, kept = found[-1]
    base = scene.frame_w(last)
    textures: dict[int, Texture] = {}
    parts = []
    for node, shape in [found[-1], *found[:-1]]:
        geometry = _own_textures(node, shape.geometry, textures)
        geometry = dataclasses.replace(geometry, name=node.name)
        parts.append((geometry, relative(scene.frame_w(node), base)))
    whole: Geometry = grouped(parts)
    if merge:
        whole = _merged(whole, parts[0][0])
        textures = {}
    scene.remove([node for node, _ in found[:-1]])
    last.textures = textures
    # What was simulated in parts can be simulated as one.
    last.source = dataclasses.replace(kept, geometry=whole)
    scene.recompile()
    return last.handle


def _own_textures(
    node: Node, geometry: Geometry, textures: dict[int, Texture]
) -> Geometry:
    """The geometry with ids of textures that no other file's have."""
    ids = current().part(TextureIds)

    def renamed(mesh: Mesh) -> Mesh:
        if mesh.texture is None or mesh.texture.texture not in node.textures:
            return mesh
        texture = node.textures[mesh.texture.texture]
        number = ids.id_of(texture)
        textures[number] = texture
        use = dataclasses.replace(mesh.texture, texture=number)
        return dataclasses.replace(mesh, texture=use)

    return each_mesh(geometry, renamed)


def _merged(whole: Compound, like: Geometry) -> Mesh:
    """All triangles of a compound as one mesh, in its frame and with its mass."""
    shell = surface(whole)
    mesh, place = triangle_mesh(shell.vertices, shell.triangles)
    first = like
    while isinstance(first, Compound):
        first = first.parts[0]
    at_home = moved(mesh, place)
    assert isinstance(at_home, Mesh)
    return dataclasses.replace(
        at_home,
        color=first.color,
        mass=whole.mass,
        inertia_pose=whole.inertia_pose,
        inertia_per_mass=whole.inertia_per_mass,
    )


def simUngroupShape(shapeHandle: int) -> list[int]:
    """Make simple shapes of a compound's parts, and of the parts of these.

    RLBench lays textures on all of them, which compounds do not take.

    Returns:
      their handles; the last is the given one, which is the first part from now on.

    Raises:
      RuntimeError: the shape is simple.
    """
    node, shape = shape_node(shapeHandle)
    if not isinstance(shape.geometry, Compound):
        raise SceneError(node.name, "is a simple shape", "Ungroup compounds alone.")
    scene = current().scene
    place = scene.frame_w(node)
    handles = []
    first, *others = leaves(shape.geometry)
    for part in reversed(others):
        made = _part_of(node, shape, part, place)
        if node.parent is not None:
            scene.hang(made, node.parent)
        handles.append(made.handle)
    node.source = dataclasses.replace(shape, geometry=first)
    scene.recompile()
    return [*handles, node.handle]


def _part_of(node: Node, shape: Shape, part: Geometry, place: Frame) -> Node:
    """A new shape of a compound's part, with its frame in the part's middle."""
    least, most = bounding_box(part)
    middle = frame(((least + most) / 2).tolist(), IDENTITY.quat_wxyz)
    source = dataclasses.replace(
        shape,
        name=part.name or node.name,
        is_model_base=False,
        extension="",
        custom_data=(),
        geometry=moved(part, inverse(middle)),
    )
    made = current().scene.create(source, compose(place, middle))
    made.textures = node.textures
    return made
