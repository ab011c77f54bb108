"""What slides is slowed by Coulomb's friction, and stays down."""

from collections.abc import Iterable

import mujoco
import numpy as np

SLOWEST = 0.02
"""Contacts are left as they are while none moves faster than this [m/s]; chosen here.
What slides more slowly comes off by micrometres."""

TOLERANCE = 1.0
"""Acceleration of coming off [m/s^2] that is left: 5 mm/s in a physics step of 5 ms;
chosen here."""

TRIES = 5
"""The most solutions, after the first, for a physics step; chosen here. One will do for
a block, two or three for most of what is pushed."""

DEEPEST = 1e-3
"""Contacts that overlap by more than this [m] are left as they are; chosen here. A
thing that fell on a thin floor at 2 m/s got through it without being lifted."""

LIGHTEST = 1e-5
"""Bodies of less mass [kg] are left as they are; chosen here. RLBench's only one is the
dirt of `sweep_to_dustpan`: half a milligram in a cubic centimetre, lighter than air."""


class Sliding:
    """Takes out of MuJoCo's contacts the speed at which sliding things come off.

    MuJoCo's friction is that of a convex problem: what slides comes off at the speed it
    slides with times the coefficient. A box sent over a floor at 1 m/s lost a fifth of
    it in one physics step, and hopped by 8 mm. Here the target in the normal direction
    is lowered by that much, which leaves Coulomb's friction. How fast things slide
    hangs on the targets: they are sought such that neither changes, and where that
    fails, those that came nearest are taken; none at all is among them.

    Contacts of robots, and of what they hold, are left as they are: motors press them,
    and a charger that is wedged in its socket's edge would stay so. No state is kept
    from one physics step to the next.

    Args:
      model: MuJoCo's model.
      data: its state.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        # Of the bodies that move as one, the first stands for all.
        self._first = model.body_weldid[model.geom_bodyid]
        moves = model.body_weldid > 0
        self._left_out = moves & (model.body_subtreemass < LIGHTEST)
        self._kept = np.empty(0, bool)
        self._any = False

    def leave_out(self, bodies: Iterable[int]) -> None:
        """Leave contacts of these bodies as they are, and of what is welded to them."""
        first = self._model.body_weldid[list(bodies)]
        # What stands on the world moves as the world does.
        self._left_out[first[first > 0]] = True
        self._kept = np.empty(0, bool)

    def keep_down(
        self,
        contact: mujoco._structs._MjContactList,
        friction: np.ndarray,
        *,
        others: bool,
    ) -> None:
        """Lower what contacts go for; between mj_step1 and mj_step2.

        Args:
          contact: MuJoCo's, of now.
          friction: (n,) coefficients.
          others: whether other shapes touch than when it was called last.
        """
        if others or len(self._kept) != len(friction):
            left_out = self._left_out[self._first[contact.geom]]
            self._kept = ~left_out.any(axis=1)
            self._any = bool(self._kept.any())
        if not self._any:
            return
        data = self._data
        # Contacts' rows come last.
        velocities = data.efc_vel[data.ne + data.nf + data.nl :]
        if velocities.dot(velocities) < SLOWEST**2:
            return
        rows = contact.efc_address
        held = self._held()[self._first[contact.geom]].any(axis=1)
        # Contacts that are not acted upon have no rows.
        kept = self._kept & ~held & (rows >= 0) & (contact.dist > -DEEPEST)
        if kept.any():
            self._lower(rows[kept], friction[kept])

    def _held(self) -> np.ndarray:
        """Bodies that are welded to those that are left out; (nbody,) bool."""
        model, first = self._model, self._model.body_weldid
        welds = self._data.eq_active.astype(bool)
        carriers = first[model.eq_obj1id[welds]]
        held = np.zeros(model.nbody, bool)
        held[first[model.eq_obj2id[welds]][self._left_out[carriers]]] = True
        return held

    def _lower(self, rows: np.ndarray, friction: np.ndarray) -> None:
        """Lower the targets in the normal directions' rows, as far as sliding lifts."""
        model, data = self._model, self._data
        target = data.efc_aref
        wanted = target[rows]
        mujoco.mj_fwdActuation(model, data)
        mujoco.mj_fwdAcceleration(model, data)
        lift = friction * self._slips(rows)
        best, least = np.zeros_like(lift), lift.max()
        if least < TOLERANCE:
            return
        before, lift_before = best, lift
        # So much it is for a block, which slides faster when it is not pressed down.
        lowered = lift * (1 + friction**2)
        for _ in range(TRIES):
            # The solution will be near the last one.
            data.qacc_warmstart[:] = data.qacc
            target[rows] = wanted - lowered
            lift = friction * self._slips(rows)
            error = lift - lowered
            if (worst := np.abs(error).max()) < least:
                best, least = lowered, worst
            if least < TOLERANCE:
                break
            # A secant for each contact, though they hang on each other.
            way = lowered - before
            slope = (lift - lift_before) / np.where(np.abs(way) < 1e-3, 1e-3, way)
            before, lift_before = lowered, lift
            lowered = np.maximum(lowered + error / (1 - np.clip(slope, -2, 0.5)), 0)
        target[rows] = wanted - best

    def _slips(self, rows: np.ndarray) -> np.ndarray:
        """Solve; by how much friction fails to stop contacts [m/s^2]; (n,)."""
        model, data = self._model, self._data
        mujoco.mj_fwdConstraint(model, data)
        reached = np.empty(data.nefc)
        mujoco.mj_mulJacVec(model, data, reached, data.qacc)
        missed = reached - data.efc_aref
        return np.hypot(missed[rows + 1], missed[rows + 2])
