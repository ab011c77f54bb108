"""Motors that go for a velocity, as Bullet's do: as constraints of the physics."""

import math

import mujoco
import numpy as np

from pyrep_mujoco.scene.drives import Drive
from pyrep_mujoco.scene.motors import (
    FRICTION_IMPEDANCE,
    LEAST_FORCE,
    PHYSICS_DT,
    brakes,
    is_locked,
)
from pyrep_mujoco.scene.overlaps import Overlaps
from pyrep_mujoco.scene.pair_friction import PairFriction
from pyrep_mujoco.scene.sliding import Sliding

SHIFT = 1 / (FRICTION_IMPEDANCE[1] * PHYSICS_DT)
"""Acceleration [rad/s^2 or m/s^2] that friction in a joint goes for, per velocity: what
MuJoCo makes of ``solref`` and ``solimp``."""


LOCK_SHARE = 0.2
"""Share of a lock's error that Bullet removes in one physics step: CoppeliaSim's
default (``stoperp``) for the limits that it locks joints with."""

LOCK_STEPS = 10
"""Physics steps, those of one control step, for which a lock's velocity is set."""

LOCK_TOLERANCE = 1e-6
"""Error [m or rad] of a lock that stays."""


class VelocityMotors:
    """Which velocity each joint's motor goes for; lets time go on with them.

    MuJoCo's friction in a joint is a constraint that takes any force up to a greatest
    one to reach the velocity 0. Here that velocity is shifted in every physics step,
    after MuJoCo made the constraints and before it solves them: unlike an actuator,
    such a motor has no standing error under load.

    Args:
      model: MuJoCo's model.
      data: its state.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        self._velocities = np.zeros(model.nv)
        # Comparing bytes is quicker than asking whether any number is not 0.
        self._still = self._velocities.tobytes()
        self._followers: dict[int, tuple[int, float, float, float]] = {}
        self._arrays: tuple[np.ndarray, ...] | None = None
        self._locks: dict[int, tuple[int, float]] = {}
        self._brakes: dict[int, tuple[int, Drive]] = {}
        self.pair_friction = PairFriction(model)
        """Of contacts, which time goes on with, too."""
        self._overlaps = Overlaps(data)
        self.sliding = Sliding(model, data)
        """Of things in contact, likewise."""

    def aim(self, joint: Drive, *, dof: int, qpos: int) -> None:
        """Let a joint's motor go for what its drive says now.

        Args:
          joint: what drives it.
          dof: where its velocity stands.
          qpos: where its position stands.
        """
        self._velocities[dof] = 0.0
        self._brakes.pop(dof, None)
        if self._followers.pop(dof, None) is not None:
            self._arrays = None
        if is_locked(joint):
            if dof not in self._locks:
                self._locks[dof] = qpos, self._data.qpos.item(qpos)
            return
        self._locks.pop(dof, None)
        if not joint.motor:
            return
        if brakes(joint):
            self._brakes[dof] = qpos, joint
        elif not joint.position_control:
            self._velocities[dof] = joint.target_velocity
        elif not joint.spring:
            # Bullet goes for the velocity that would remove the share P of the error
            # in one physics step.
            gain = joint.pid[0] / PHYSICS_DT
            fastest = joint.velocity_limit if joint.velocity_limit > 0 else math.inf
            self._followers[dof] = qpos, joint.target_position, gain, fastest
            self._arrays = None

    def put(self, *, dof: int, qpos: int) -> None:
        """Note that a joint was put elsewhere: a lock holds it there from now on."""
        if dof in self._locks:
            self._locks[dof] = qpos, self._data.qpos.item(qpos)

    def step(self, physics_steps: int) -> None:
        """Let time go on by so many physics steps."""
        for done in range(0, physics_steps, LOCK_STEPS):
            self._aim_locks(steps := min(physics_steps - done, LOCK_STEPS))
            self._step(steps)

    def _aim_locks(self, physics_steps: int) -> None:
        """Let locks go for what brings their joints back in so many physics steps."""
        if self._locks:
            now, velocities = self._data.qpos, self._velocities
            share = 1 - (1 - LOCK_SHARE) ** physics_steps
            rate = share / (physics_steps * PHYSICS_DT)
            # For a few joints arrays would take longer.
            for dof, (qpos, place) in self._locks.items():
                error = place - now.item(qpos)
                far = abs(error) > LOCK_TOLERANCE
                velocities[dof] = error * rate if far else 0.0

    def _step(self, physics_steps: int) -> None:
        model, data = self._model, self._data
        make, solve = mujoco.mj_step1, mujoco.mj_step2
        follow = self._following() if self._followers else None
        moves = follow is not None or self._velocities.tobytes() != self._still
        rows, shift, counts, awake = slice(0, 0), np.empty(0), (0, 0), 0
        brakes, add = self._brakes, np.add
        for number in range(physics_steps):
            if brakes:
                for dof, (qpos, joint) in brakes.items():
                    self._brake(dof, qpos, joint)
            make(model, data)
            if follow is not None:
                at, qpos, target, gain, fastest = follow
                way = gain * (target - data.qpos[qpos])
                self._velocities[at] = np.clip(way, -fastest, fastest)
            if moves:
                # What falls asleep has no rows.
                if follow is not None or not number or (data.ne, data.nf) != counts:
                    counts = data.ne, data.nf
                    rows, shift = self._shift()
                reference = data.efc_aref[rows]
                # Quicker than the operator.
                add(reference, shift, reference)
            if data.ncon:
                self._bend(data.contact)
            awake = data.ntree_awake
            solve(model, data)
        if data.ntree_awake < awake:
            # MuJoCo has worked out the forces anew, without the velocities.
            self.reckon()

    def reckon(self) -> None:
        """Work out contacts and forces of now, without letting time go on."""
        model, data = self._model, self._data
        mujoco.mj_step1(model, data)
        rows, shift = self._shift()
        data.efc_aref[rows] += shift
        if data.ncon:
            self._bend(data.contact)
        mujoco.mj_fwdActuation(model, data)
        mujoco.mj_fwdAcceleration(model, data)
        mujoco.mj_fwdConstraint(model, data)

    def _shift(self) -> tuple[slice, np.ndarray]:
        """Where constraints of friction in joints are, and what moves them."""
        data = self._data
        rows = slice(data.ne, data.ne + data.nf)
        return rows, SHIFT * self._velocities[data.efc_id[rows]]

    def _bend(self, contact: mujoco._structs._MjContactList) -> None:
        """Let contacts be as Bullet's are."""
        others = self.pair_friction.apply(contact)
        self._overlaps.slow_down(contact)
        self.sliding.keep_down(contact, self.pair_friction.friction, others=others)

    def _brake(self, dof: int, qpos: int, joint: Drive) -> None:
        """Let a spring that only brakes do so with its force of now."""
        stiffness, damping = joint.spring_constants
        force = stiffness * (joint.target_position - self._data.qpos.item(qpos))
        force -= damping * self._data.qvel.item(dof)
        force = max(min(abs(force), joint.max_force), LEAST_FORCE)
        self._model.dof_frictionloss[dof] = force

    def _following(self) -> tuple[np.ndarray, ...]:
        """Of motors that hold positions: dofs, and the four numbers of each."""
        if self._arrays is None:
            columns = zip(*self._followers.values(), strict=True)
            qpos, target, gain, fastest = map(np.array, columns)
            self._arrays = np.array(list(self._followers)), qpos, target, gain, fastest
        return self._arrays
