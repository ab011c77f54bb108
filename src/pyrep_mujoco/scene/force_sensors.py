"""What force sensors measure, and when they break."""

import math
from typing import NamedTuple

import mujoco
import numpy as np

from pyrep_mujoco.scene.compiled import Compiled
from pyrep_mujoco.scene.frames import FloatArray, made, rotate
from pyrep_mujoco.scene.links import link
from pyrep_mujoco.scene.scene import Scene
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.force_sensors import ForceSensor

Vector = list[float]


class Load(NamedTuple):
    """What acts on a sensor, in its own frame.

    The sign is CoppeliaSim's: a weight that a sensor holds pulls it down.
    """

    force: Vector
    """Along x, y and z [N]."""
    torque: Vector
    """About the sensor's x, y and z axes [Nm]."""


class _Held(NamedTuple):
    """What a sensor holds."""

    forces: FloatArray
    """Between its body and what carries it, in MuJoCo's state (6,)."""
    about: FloatArray
    """Point that these are about, in MuJoCo's state (3,)."""


class ForceSensors:
    """Questions about the force sensors of a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._reckoned = math.nan
        self._settled = -1
        self._compiled: Compiled | None = None
        self._held: dict[Node, _Held | None] = {}
        self._violations: dict[Node, int] = {}
        self._breakable: list[Node] = []
        self._of: object = None

    def load(self, sensor: Node) -> Load | None:
        """The load in the physics' last step; None if the sensor holds nothing."""
        scene = self._scene
        compiled = scene.compiled
        if self._compiled is not compiled or self._settled != scene.times_settled:
            if self._compiled is not compiled:
                self._compiled, self._reckoned = compiled, math.nan
            self._settled = scene.times_settled
            self._held.clear()
        held = self._held.get(sensor)
        if held is None and sensor not in self._held:
            held = self._held[sensor] = _held(sensor, compiled)
        if held is None:
            return None
        data = compiled.data
        now = data.time
        if self._reckoned != now:
            # Once for all sensors: accelerations and contacts give the forces.
            mujoco.mj_rnePostConstraint(compiled.model, data)
            self._reckoned = now
        # About the centre of mass of the whole tree of bodies that the sensor's belongs
        # to, along the world's axes.
        about_x, about_y, about_z, along_x, along_y, along_z = held.forces.tolist()
        left, ahead, up = held.about.tolist()
        (x, y, z), (w, i, j, k) = scene.frame_w(sensor)
        # NumPy takes ten times as long for so few numbers.
        x, y, z = x - left, y - ahead, z - up
        about_x -= y * along_z - z * along_y
        about_y -= z * along_x - x * along_z
        about_z -= x * along_y - y * along_x
        back = (w, -i, -j, -k)
        return made(
            Load,
            (
                [*rotate(back, (-along_x, -along_y, -along_z))],
                [*rotate(back, (-about_x, -about_y, -about_z))],
            ),
        )

    def count_violations(self) -> None:
        """Break sensors whose load was too great often enough in a row.

        To be called once after each control step, as CoppeliaSim counts.
        """
        for sensor in self._with_thresholds():
            source = sensor.source
            assert isinstance(source, ForceSensor)
            load = self.load(sensor)
            if load is None or not _is_too_much(source, load):
                self._violations.pop(sensor, None)
                continue
            count = self._violations[sensor] = self._violations.get(sensor, 0) + 1
            if count >= source.violations:
                self.break_off(sensor)

    def break_off(self, sensor: Node) -> None:
        """Let a sensor hold nothing from now on; what it held is free."""
        self._violations.pop(sensor, None)
        if not sensor.broken:
            sensor.broken = True
            self._scene.unsettle()

    def mend(self) -> None:
        """Let all sensors hold again, as at the start of a simulation."""
        self._violations.clear()
        for node in self._scene.tree:
            if node.broken:
                node.broken = False
                self._scene.unsettle()

    def _with_thresholds(self) -> list[Node]:
        """Sensors with thresholds that still hold."""
        if self._scene.compiled is not self._of:
            self._of = self._scene.compiled
            self._breakable = [
                node
                for node in self._scene.tree
                if isinstance(node.source, ForceSensor)
                and (
                    node.source.force_threshold is not None
                    or node.source.torque_threshold is not None
                )
            ]
        return [node for node in self._breakable if not node.broken]


def _held(sensor: Node, compiled: Compiled) -> _Held | None:
    """What a sensor holds now; None if it holds nothing."""
    held = (child for child in sensor.children if link(child).sensor is sensor)
    child = next(held, None)
    body = None if child is None else compiled.bodies.get(child)
    if body is None:
        return None
    if not compiled.sleep.is_known(body):
        compiled.know_forces()
    root = compiled.model.body_rootid[body]
    return _Held(compiled.data.cfrc_int[body], compiled.data.subtree_com[root])


def _is_too_much(source: ForceSensor, load: Load) -> bool:
    return (
        source.force_threshold is not None
        and float(np.linalg.norm(load.force)) >= source.force_threshold
    ) or (
        source.torque_threshold is not None
        and float(np.linalg.norm(load.torque)) >= source.torque_threshold
    )
