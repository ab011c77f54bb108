"""Overlapping shapes part slowly."""

import mujoco
import numpy as np

SPEED = 0.02
"""The most with which contacts part what overlaps [m/s]; chosen here. Bullet removes a
fifth of an overlap in a physics step, and one of more than 4 mm without any velocity
(its split impulses; CoppeliaSim scales lengths by 10). MuJoCo removes a quarter and
leaves the velocity: mugs that overlap their hooks were thrown off, and a cube of 16 mm
flew off the spatula that was pushed under it."""

DEPTH = 3e-4
"""Overlaps of less than this [m] are parted more slowly by MuJoCo, too: at a quarter
in a physics step, which is 50 times their depth in a second."""


class Overlaps:
    """Keeps contacts from throwing what overlaps.

    Args:
      data: MuJoCo's state.
    """

    def __init__(self, data: mujoco.MjData) -> None:
        self._data = data

    def slow_down(self, contact: mujoco._structs._MjContactList) -> None:
        """Bound the velocity that contacts go for; between mj_step1 and mj_step2.

        Args:
          contact: MuJoCo's, of now.
        """
        deep = contact.dist < -DEPTH
        if deep.any():
            data = self._data
            rows = contact.efc_address[deep]
            # Contacts that are not acted upon have none.
            deep = rows[rows >= 0]
            per_velocity = data.efc_KBIP[deep, 1]
            most = per_velocity * (SPEED - data.efc_vel[deep])
            data.efc_aref[deep] = np.minimum(data.efc_aref[deep], most)
