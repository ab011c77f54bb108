"""Bodies that lie still sleep, until something touches or changes them."""

from collections.abc import Iterable

import mujoco

from pyrep_mujoco.scene.velocity_motors import VelocityMotors

_ENABLED = mujoco.mjtEnableBit.mjENBL_SLEEP.value
_ALLOWED = mujoco.mjtSleepPolicy.mjSLEEP_ALLOWED.value
_NEVER = mujoco.mjtSleepPolicy.mjSLEEP_NEVER.value
_WIDE_AWAKE = -(1 + mujoco.mjMINAWAKE)

TOLERANCE = 1e-4
"""Speed [m/s] under which a body falls asleep after ten physics steps: a tenth of
MuJoCo's default; chosen here."""


class Sleep:
    """What sleeps in a compiled scene.

    MuJoCo leaves out of its sums what sleeps, and looks at fixed bodies once only: a
    step of 32 chessmen takes a third of the time. It wakes what is touched or put
    elsewhere itself, but not what lies on a fixed body that is put elsewhere, nor what
    gets another motor. Robots never sleep, for programs read their forces all the time.

    Args:
      model: MuJoCo's model.
      data: its state.
      motors: what lets time go on in it.
      robots: bodies of robots.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        motors: VelocityMotors,
        robots: Iterable[int],
    ) -> None:
        self._model, self._data, self._motors = model, data, motors
        # MuJoCo's choice is that nothing sleeps that has a motor.
        model.tree_sleep_policy[:] = _ALLOWED
        for body in robots:
            if (tree := model.body_treeid.item(body)) >= 0:
                model.tree_sleep_policy[tree] = _NEVER
        self._policies = model.tree_sleep_policy.copy()
        """What each tree of bodies may do, unless sleep is forbidden."""

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

    def forbid(self) -> bool:
        """Let nothing sleep from now on, until it is permitted.

        MuJoCo knows no forces and contacts of what sleeps; here all are known
        afterwards.

        Returns:
          whether they had to be worked out.
        """
        self._model.tree_sleep_policy[:] = _NEVER
        if self._data.ntree_awake == self._model.ntree:
            return False
        self.wake()
        self._motors.reckon()
        return True

    def permit(self) -> None:
        """Let all sleep again that may."""
        self._model.tree_sleep_policy[:] = self._policies

    def is_known(self, body: int) -> bool:
        """Whether what a body touches is known, for it never sleeps."""
        tree = self._model.body_treeid.item(body)
        return tree >= 0 and self._model.tree_sleep_policy.item(tree) == _NEVER
