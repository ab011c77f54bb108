"""Bodies that lie still sleep, until something touches or changes them."""

import mujoco

from pyrep_mujoco.scene.velocity_motors import VelocityMotors

_ENABLED = mujoco.mjtEnableBit.mjENBL_SLEEP.value
_NEVER = mujoco.mjtSleepPolicy.mjSLEEP_NEVER.value
_NEVER_BY_ITSELF = mujoco.mjtSleepPolicy.mjSLEEP_AUTO_NEVER.value
_WIDE_AWAKE = -(1 + mujoco.mjMINAWAKE)

TOLERANCE = 1e-4
"""Speed [m/s] under which a body falls asleep after ten physics steps: a tenth of
MuJoCo's default; chosen here. Bodies on joints stay awake, and so does all that touches
them."""


class Sleep:
    """What sleeps in a compiled scene.

    MuJoCo leaves out of its sums what sleeps, and looks at fixed bodies once only: a
    step of 32 chessmen takes a third of the time. It wakes what is touched or put
    elsewhere itself, but not what lies on a fixed body that is put elsewhere.

    Args:
      model: MuJoCo's model.
      data: its state.
      motors: what lets time go on in it.
    """

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, motors: VelocityMotors
    ) -> None:
        self._model, self._data, self._motors = model, data, motors

    def wake(self) -> None:
        """Wake all, and work out where all bodies are, fixed ones too."""
        model, data = self._model, self._data
        # All have to be slow for as long again, those that nearly slept too.
        data.tree_asleep[:] = _WIDE_AWAKE
        model.opt.enableflags &= ~_ENABLED
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        model.opt.enableflags |= _ENABLED

    def forbid(self) -> None:
        """Let nothing sleep from now on, for somebody asks what touches what.

        MuJoCo knows no contacts of what sleeps; here all are known afterwards.
        """
        self._model.tree_sleep_policy[:] = _NEVER
        if self._data.ntree_awake < self._model.ntree:
            self.wake()
            self._motors.reckon()

    def is_known(self, body: int) -> bool:
        """Whether what a body touches is known, for it never sleeps."""
        tree = self._model.body_treeid.item(body)
        policy = self._model.tree_sleep_policy
        return tree >= 0 and policy.item(tree) in (_NEVER, _NEVER_BY_ITSELF)
