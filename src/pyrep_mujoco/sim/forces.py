"""Forces and torques that programs add to shapes, and masses from densities."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.scene.frames import rotate
from pyrep_mujoco.scene.reshaping import with_solid_inertia
from pyrep_mujoco.sim.shapes import shape_node
from pyrep_mujoco.sim.simulation import Simulation, current

RESET_FORCE, RESET_TORQUE = 4194304, 8388608
"""Added to a handle: forget what was added before (``sim_handleflag_...``)."""

_HANDLE = 0xFFFFF
"""The bits of a handle that are not flags."""


class AddedForces:
    """Lets go of all added forces and torques after each control step."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._any = False
        simulation.after_step.append(self._forget)

    def add(
        self, handle: int, force_w: Sequence[float], torque_w: Sequence[float]
    ) -> None:
        """Add a force [N] and a torque [Nm] at a shape's centre of mass.

        Args:
          handle: the shape, with the flags that forget what was added before.
          force_w: along the world's axes.
          torque_w: about the world's axes.

        Raises:
          RuntimeError: a number is not finite.
        """
        node, _ = shape_node(handle & _HANDLE)
        wrench = np.array([*force_w, *torque_w], np.float64)
        if not np.isfinite(wrench).all():
            raise SceneError(
                node.name,
                f"cannot take {wrench.tolist()} as force and torque",
                "Give finite numbers.",
            )
        scene = self._simulation.scene
        compiled = scene.compiled
        applied = compiled.data.xfrc_applied[compiled.bodies[node]]
        if handle & RESET_FORCE:
            applied[:3] = 0.0
        if handle & RESET_TORQUE:
            applied[3:] = 0.0
        applied += wrench
        self._any = True

    def _forget(self) -> None:
        if self._any:
            self._simulation.scene.data.xfrc_applied[:] = 0.0
            self._any = False

    def close(self) -> None:
        """Let go of the simulation."""
        self._simulation.after_step.remove(self._forget)


def simAddForce(
    shapeHandle: int, position: Sequence[float], force: Sequence[float]
) -> None:
    """Add a force to a simulated shape for the next control step.

    Args:
      shapeHandle: the shape, perhaps with ``sim_handleflag_resetforcetorque``.
      position: where, in the shape's frame [m].
      force: along the shape's axes [N].
    """
    node, _ = shape_node(shapeHandle & _HANDLE)
    turn = current().scene.frame_w(node).quat_wxyz
    x, y, z = map(float, force)
    torque = np.cross(np.asarray(position, np.float64), (x, y, z)).tolist()
    force_w = rotate(turn, (x, y, z))
    current().part(AddedForces).add(shapeHandle, force_w, rotate(turn, tuple(torque)))


def simAddForceAndTorque(
    shapeHandle: int,
    force: Sequence[float] | None,
    torque: Sequence[float] | None,
) -> None:
    """Add a force [N] and a torque [Nm] to a simulated shape for the next control step.

    Args:
      shapeHandle: the shape, perhaps with ``sim_handleflag_resetforce`` and
        ``sim_handleflag_resettorque``.
      force: along the world's axes, at the centre of mass; None for none.
      torque: about the world's axes; None for none.
    """
    nothing = (0.0, 0.0, 0.0)
    current().part(AddedForces).add(shapeHandle, force or nothing, torque or nothing)


def simComputeMassAndInertia(shapeHandle: int, density: float) -> int:
    """Give a convex shape the mass and inertia of a solid.

    Args:
      shapeHandle: the shape.
      density: [kg/m^3].

    Returns:
      1, or 0 where the shape is not convex.

    Raises:
      RuntimeError: the density is not a positive, finite number.
    """
    node, shape = shape_node(shapeHandle)
    if not (np.isfinite(density) and density > 0):
        raise SceneError(
            node.name, f"cannot have the density {density}", "Give a positive number."
        )
    if not shape.geometry.convex:
        return 0
    geometry = with_solid_inertia(shape.geometry, float(density))
    current().scene.change(node, dataclasses.replace(shape, geometry=geometry))
    return 1
