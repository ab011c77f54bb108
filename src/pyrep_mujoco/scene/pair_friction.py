"""Friction between two shapes: the product of both coefficients, as Bullet has it."""

import math

import mujoco
import numpy as np

LEAST = 1e-5
"""The least coefficient that MuJoCo takes."""


class PairFriction:
    """Gives MuJoCo's contacts the friction that Bullet would.

    MuJoCo takes the greater of two coefficients, which makes a block of 0.5 on a table
    of 1 twice as hard to push. The coefficient enters the physics after contacts were
    made: setting it then is enough for contacts with two directions of friction.

    Args:
      model: MuJoCo's model.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._of_cone = 1 / math.sqrt(model.opt.impratio)
        self._pairs = b""
        self.friction = self._cone = np.empty(0)
        """Of each contact, when it was applied last; (n,)."""
        self.note()

    def note(self) -> None:
        """Learn the shapes' coefficients, which may have been changed."""
        alone = self._model.geom_friction[:, 0]
        self._of_pair = np.maximum(np.outer(alone, alone), LEAST)
        self._pairs = b""

    def apply(self, contact: mujoco._structs._MjContactList) -> bool:
        """Set it in all contacts; between mj_step1 and mj_step2, if there are any.

        Args:
          contact: MuJoCo's, of now.

        Returns:
          whether other shapes touch than when it was applied last.
        """
        geoms = contact.geom
        # Most often the same shapes touch as a physics step ago.
        if others := (pairs := geoms.tobytes()) != self._pairs:
            self._pairs = pairs
            self.friction = self._of_pair[geoms[:, 0], geoms[:, 1]]
            self._cone = self.friction * self._of_cone
        friction = contact.friction
        friction[:, 0] = self.friction
        friction[:, 1] = self.friction
        contact.mu[:] = self._cone
        return others
