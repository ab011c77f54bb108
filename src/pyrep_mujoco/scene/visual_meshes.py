"""What cameras see of a shape: one mesh for each look that its parts have."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import from_pose, matrix, transform
from pyrep_mujoco.scene.texture_coordinates import texture_coordinates
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.meshes import Compound, Mesh, leaves
from pyrep_mujoco.ttm.shapes import Shape
from pyrep_mujoco.ttm.texture_use import Blending
from pyrep_mujoco.ttm.textures import Texture


@dataclass(frozen=True, eq=False)
class VisualMesh:
    """Triangles of one look, in the shape's frame."""

    vertices: NDArray[np.float64]
    """(n, 3) [m]."""
    triangles: NDArray[np.int32]
    """(m, 3) indices of vertices."""
    normals: NDArray[np.float64]
    """(m, 3, 3) for each triangle and corner."""
    color: Color
    """Colour of the surface."""
    texture: Texture | None
    """The picture on it."""
    coordinates: NDArray[np.float64] | None
    """(m, 3, 2) u and v for each triangle and corner; with a texture."""
    shows_color: bool
    """Whether its colour is seen; a texture may cover it."""

    @cached_property
    def msh(self) -> bytes:
        """The mesh in MuJoCo's binary form.

        The form has one normal and one texture coordinate for each vertex: counts of
        vertices, normals, coordinates and faces, then these in that order. Corners
        that differ in one of these are different vertices.
        """
        corners = [
            self.vertices[self.triangles].reshape(-1, 3),
            self.normals.reshape(-1, 3),
        ]
        if self.coordinates is not None:
            corners.append(self.coordinates.reshape(-1, 2))
        rows = np.concatenate(corners, axis=1).astype(np.float32)
        # As single values of bytes, rows are sorted faster.
        whole = np.ascontiguousarray(rows).view(f"V{rows.shape[1] * 4}").reshape(-1)
        _, first, faces = np.unique(whole, return_index=True, return_inverse=True)
        rows = rows[first]
        uv = len(rows) if self.coordinates is not None else 0
        parts = [
            np.array([len(rows), len(rows), uv, len(self.triangles)], np.int32),
            rows[:, :3],
            rows[:, 3:6],
            rows[:, 6:],
            faces.astype(np.int32),
        ]
        return b"".join(part.tobytes() for part in parts)

    def in_color(self, color: Color) -> "VisualMesh":
        """The same in another colour."""
        other = dataclasses.replace(self, color=color)
        if "msh" in vars(self):
            vars(other)["msh"] = self.msh
        return other


_KEPT: WeakKeyDictionary[Node, tuple[Mesh | Compound, list[VisualMesh]]] = (
    WeakKeyDictionary()
)
"""What was made of a shape before, and of what geometry."""


def visual_meshes(node: Node) -> list[VisualMesh]:
    """What is drawn of a shape; parts of one colour are one mesh."""
    assert isinstance(node.source, Shape)
    geometry = node.source.geometry
    kept = _KEPT.get(node)
    if kept is None or kept[0] is not geometry:
        kept = _KEPT[node] = geometry, _made(node)
    return kept[1]


def keep_with_colors(
    node: Node, geometry: Mesh | Compound, change: Callable[[Color], Color]
) -> None:
    """Keep what was made of a shape for a geometry that differs in colours alone."""
    assert isinstance(node.source, Shape)
    if node not in _KEPT and isinstance(node.source.geometry, Mesh):
        # Nothing was made yet; one part has one look however it is coloured.
        return
    looks = [look.in_color(change(look.color)) for look in visual_meshes(node)]
    _KEPT[node] = geometry, looks


def _made(node: Node) -> list[VisualMesh]:
    shape = node.source
    assert isinstance(shape, Shape)
    looks: dict[tuple, list[VisualMesh]] = {}
    for number, part in enumerate(leaves(shape.geometry)):
        if part.wireframe or not len(part.triangles):
            continue
        drawn = _drawn(node, part)
        # A texture's coordinates are its part's own: such parts stay apart.
        apart = number if drawn.texture is not None else None
        looks.setdefault((part.color, apart), []).append(drawn)
    return [_joined(parts) for parts in looks.values()]


def _drawn(node: Node, part: Mesh) -> VisualMesh:
    place = from_pose(part.pose)
    vertices = transform(place, part.vertices)
    triangles, normals = part.triangles, part.normals @ matrix(place).T
    texture = coordinates = None
    use = part.texture
    if use is not None:
        # A sensor's picture as a texture has no pixels yet: the plain colour shows.
        texture = node.textures.get(use.texture)
    if use is not None and texture is not None:
        height, width = texture.pixels.shape[:2]
        coordinates = texture_coordinates(part, vertices[triangles], use, width, height)
    if not part.culls_back_faces and _is_open(part.triangles, part.vertices):
        # MuJoCo draws no triangle from behind, so those that can be seen from there
        # come twice.
        triangles = np.concatenate([triangles, triangles[:, ::-1]])
        normals = np.concatenate([normals, -normals[:, ::-1]])
        if coordinates is not None:
            coordinates = np.concatenate([coordinates, coordinates[:, ::-1]])
    covered = use is not None and use.blending is not Blending.MODULATE
    return VisualMesh(
        vertices,
        triangles,
        normals,
        part.color,
        texture,
        coordinates,
        shows_color=texture is None or not covered,
    )


def _is_open(triangles: NDArray[np.int32], vertices: NDArray[np.float32]) -> bool:
    """Whether an edge has a single triangle; points at one place are one point."""
    _, same = np.unique(vertices, axis=0, return_inverse=True)
    corners = same.reshape(-1)[triangles].astype(np.int64)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    low, high = edges.min(axis=1), edges.max(axis=1)
    _, counts = np.unique(low * len(vertices) + high, return_counts=True)
    return bool((counts == 1).any())


def _joined(parts: list[VisualMesh]) -> VisualMesh:
    """Parts of one look as one mesh."""
    first = parts[0]
    if len(parts) == 1:
        return first
    return VisualMesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(list(_shifted(parts))),
        np.concatenate([part.normals for part in parts]),
        first.color,
        None,
        None,
        first.shows_color,
    )


def _shifted(parts: list[VisualMesh]) -> Iterator[NDArray[np.int32]]:
    before = 0
    for part in parts:
        yield part.triangles + np.int32(before)
        before += len(part.vertices)
