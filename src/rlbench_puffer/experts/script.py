"""What n sub-envs' arms are to do step by step, and how far each has come."""

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.experts.planner import Stage

FloatArray = NDArray[np.float64]

MOVE, SETTLE, GRIP = range(3)
"""Kinds of rows: go on when near enough, when arrived, when the fingers rest."""

NEAR_ENOUGH = 0.1
"""How far a joint may lag behind before the script waits for it [rad]."""

ARRIVED = 0.01
"""How near every joint must be before the gripper moves [rad]."""

FINGERS_REST = 0.01
"""Speed below which a finger rests [m/s]."""

MOST_WAITED = np.array([10, 10, 20])
"""Control steps after which a row of each kind is over in any case: something may be
in the way, as a pressed button is."""

LEAST_WAITED = np.array([0, 0, 3])
"""Control steps that a row of each kind takes at least, beyond its first: fingers
take time to begin."""


class Scripts:
    """Rows of postures and gripper commands for n sub-envs, run side by side.

    Args:
      num_envs: how many sub-envs.
      patient: whether a row is carried out in control steps until it is done. Else a
        row is one action, which the simulator carries out whole.

    Attributes:
      last: (num_envs, 7) the posture aimed at in the control step before [rad].
      aim: (num_envs, 7) the posture to reach by the end of this one [rad].
      opened: (num_envs,) bool, whether the gripper is to be open.
    """

    def __init__(self, num_envs: int, *, patient: bool) -> None:
        self._patient = patient
        self._rows = np.arange(num_envs)
        self._postures = np.zeros((num_envs, 1, 7))
        self._kinds = np.zeros((num_envs, 1), np.int64)
        self._opens = np.ones((num_envs, 1), bool)
        self._lengths = np.ones(num_envs, np.int64)
        self._at = np.zeros(num_envs, np.int64)
        self._waited = np.zeros(num_envs, np.int64)
        self.last = np.zeros((num_envs, 7))
        self.aim = np.zeros((num_envs, 7))
        self.opened = np.ones(num_envs, bool)

    def rest(self, env_id: int, posture: FloatArray, *, opened: bool) -> None:
        """Have one sub-env stay where it is."""
        self._write(env_id, posture[None], np.array([MOVE]), np.array([opened]))
        self._begin(env_id, posture)

    def load(self, env_id: int, posture: FloatArray, stage: Stage) -> None:
        """Have one sub-env go through a stage, from where it is.

        Args:
          env_id: the sub-env.
          posture: (7,) of its arm [rad].
          stage: what it does; the gripper stays as it was until told otherwise.
        """
        postures: list[FloatArray] = []
        kinds: list[int] = []
        opens: list[bool] = []
        opened = bool(self.opened[env_id])
        for leg in stage.legs:
            count = len(leg.postures)
            postures += [*leg.postures]
            kinds += [MOVE] * count
            opens += [opened] * count
            if leg.gripper is not None or leg is stage.legs[-1]:
                postures.append(leg.postures[-1])
                kinds.append(SETTLE)
                opens.append(opened)
            if leg.gripper is not None:
                opened = leg.gripper == "open"
                postures.append(leg.postures[-1])
                kinds.append(GRIP)
                opens.append(opened)
        self._write(env_id, np.stack(postures), np.array(kinds), np.array(opens))
        self._begin(env_id, posture)

    def advance(
        self,
        posture: FloatArray,
        finger_speeds: FloatArray,
        env_ids: NDArray[np.intp],
    ) -> NDArray[np.bool_]:
        """Go on to the next row where the present one is done.

        Args:
          posture: (num_envs, 7) of the arms now [rad].
          finger_speeds: (num_envs, 2) [m/s].
          env_ids: (k,) the sub-envs whose present row was carried out.

        Returns:
          (num_envs,) bool, where the script's last row is done.
        """
        kinds = self._kinds[self._rows, self._at]
        lag = np.abs(posture - self.aim).max(axis=1)
        resting = np.abs(finger_speeds).max(axis=1) < FINGERS_REST
        done = np.select(
            [kinds == MOVE, kinds == SETTLE],
            [lag < NEAR_ENOUGH, lag < ARRIVED],
            resting,
        )
        done = done.astype(bool) & (self._waited >= LEAST_WAITED[kinds])
        done |= self._waited >= MOST_WAITED[kinds]
        if not self._patient:
            done[:] = True
        ours = np.zeros(len(self._rows), bool)
        ours[env_ids] = True
        over = done & ours & (self._at == self._lengths - 1)
        going = done & ours & ~over
        self._waited = np.where(going, 0, self._waited + ours)
        self._at += going
        self.last[ours] = self.aim[ours]
        self.aim[:] = self._postures[self._rows, self._at]
        self.opened[:] = self._opens[self._rows, self._at]
        return over

    def _begin(self, env_id: int, posture: FloatArray) -> None:
        self._at[env_id] = self._waited[env_id] = 0
        self.last[env_id] = posture
        self.aim[env_id] = self._postures[env_id, 0]
        self.opened[env_id] = self._opens[env_id, 0]

    def _write(
        self,
        env_id: int,
        postures: FloatArray,
        kinds: NDArray[np.int64],
        opens: NDArray[np.bool_],
    ) -> None:
        count = len(postures)
        missing = count - self._kinds.shape[1]
        if missing > 0:
            wider = ((0, 0), (0, missing))
            self._postures = np.pad(self._postures, (*wider, (0, 0)))
            self._kinds = np.pad(self._kinds, wider)
            self._opens = np.pad(self._opens, wider)
        self._postures[env_id, :count] = postures
        self._kinds[env_id, :count] = kinds
        self._opens[env_id, :count] = opens
        self._lengths[env_id] = count
