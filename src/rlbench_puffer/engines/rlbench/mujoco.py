"""MuJoCo below PyRep: ``pyrep_mujoco`` answers what PyRep asks of CoppeliaSim."""

import sys

from pyrep_mujoco import install
from pyrep_mujoco.errors import PyRepMujocoError
from rlbench_puffer.config import DisplayName
from rlbench_puffer.display.make import DisplayLease, lease_display
from rlbench_puffer.engines.rlbench.task_names import rlbench_folder
from rlbench_puffer.errors import SimulationError
from rlbench_puffer.setup.sources import sources_folder


class MujocoDisplay:
    """This process's display for MuJoCo, opened when something is to be drawn.

    Args:
      name: as in ``EnvConfig.display``.
      draws: whether there are cameras, so that it is opened at once.

    Raises:
      DisplayError: there is nothing to draw on.
      InvalidOptionError: ``"none"``, and there are cameras.
    """

    def __init__(self, name: DisplayName, *, draws: bool) -> None:
        self._name: DisplayName = name
        self._lease: DisplayLease | None = lease_display(name) if draws else None

    @property
    def description(self) -> str:
        """What was chosen, in one line."""
        if self._lease is None:
            return "no display: there are no cameras"
        return self._lease.display.description

    @property
    def draws(self) -> bool:
        """Whether pictures can be had; asking opens the display."""
        if self._lease is None and self._name != "none":
            self._lease = lease_display(self._name)
        return self._lease is not None

    def check(self) -> None:
        """Raise if its server has died.

        Raises:
          DisplayError: with its log.
        """
        if self._lease is not None:
            self._lease.display.check()

    def close(self) -> None:
        """Give the share in it back. Twice is fine."""
        if self._lease is not None:
            self._lease.close()


class Mujoco:
    """See :class:`rlbench_puffer.engines.rlbench.foundation.Foundation`."""

    extra = "mujoco"

    def open_display(self, name: DisplayName, *, draws: bool) -> MujocoDisplay:
        """MuJoCo's; see :class:`MujocoDisplay`."""
        return MujocoDisplay(name, draws=draws)

    def load(self) -> None:
        """Put ``pyrep_mujoco`` in the place of PyRep's native part.

        Raises:
          SimulationError: the real one is loaded in this process already.
          MissingDependencyError: there is no RLBench.
        """
        # Behind everything else: what is installed comes first.
        if rlbench_folder().parent == sources_folder():
            folder = str(sources_folder())
            if folder not in sys.path:
                sys.path.append(folder)
        try:
            install()
        except PyRepMujocoError as error:
            raise SimulationError(str(error)) from error
