"""Colours of shapes; they change in the compiled model, too, without a new one."""

import dataclasses
from collections.abc import Sequence

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.reshaping import each_mesh
from pyrep_mujoco.scene.visual_meshes import keep_with_colors
from pyrep_mujoco.sim.shapes import shape_node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.colors import Color
from pyrep_mujoco.ttm.meshes import Mesh, leaves

_COMPONENTS = {
    0: "ambient_diffuse",
    1: "diffuse",
    2: "specular",
    3: "emission",
}
"""Components of three numbers by the API's number."""

TRANSPARENCY, AUXILIARY = 4, 5
"""The API's numbers of the opacity, and of what no camera here sees."""


def simGetShapeColor(
    shapeHandle: int, colorName: str | None, colorComponent: int
) -> list[float]:
    """A component of the colour of a shape's first part of that colour's name.

    Args:
      shapeHandle: the shape.
      colorName: the colour's name; None or empty for any.
      colorComponent: 0 ambient and diffuse, 1 diffuse, 2 specular, 3 emission,
        4 opacity (first of three numbers), 5 auxiliary.

    Returns:
      three numbers; zeros if no part has a colour of that name.
    """
    _, shape = shape_node(shapeHandle)
    for part in leaves(shape.geometry):
        if not colorName or part.color.name == colorName:
            if colorComponent in _COMPONENTS:
                return list(getattr(part.color, _COMPONENTS[colorComponent]))
            if colorComponent == TRANSPARENCY:
                return [part.color.opacity, 0.0, 0.0]
            break
    return [0.0, 0.0, 0.0]


def simSetShapeColor(
    shapeHandle: int,
    colorName: str | None,
    colorComponent: int,
    rgbData: Sequence[float],
) -> None:
    """Set a component of all colours of a shape, or of those with a name.

    Raises:
      RuntimeError: the component is unknown, or a number is not finite.
    """
    node, shape = shape_node(shapeHandle)
    values = tuple(map(float, rgbData))
    if not all(abs(value) < float("inf") for value in values):
        raise SceneError(node.name, f"cannot have the colour {values}", "Mend it.")

    def changed(color: Color) -> Color:
        if colorName and color.name != colorName:
            return color
        if colorComponent in _COMPONENTS:
            return dataclasses.replace(color, **{_COMPONENTS[colorComponent]: values})
        return dataclasses.replace(color, opacity=min(max(values[0], 0.0), 1.0))

    if colorComponent == AUXILIARY:
        return
    if colorComponent not in _COMPONENTS and colorComponent != TRANSPARENCY:
        raise RuntimeError(f"Colours have components 0 to 5; {colorComponent} came.")

    def recolored(part: Mesh) -> Mesh:
        return dataclasses.replace(part, color=changed(part.color))

    geometry = each_mesh(shape.geometry, recolored)
    keep_with_colors(node, geometry, changed)
    node.source = dataclasses.replace(shape, geometry=geometry)
    current().scene.recolor(node)
