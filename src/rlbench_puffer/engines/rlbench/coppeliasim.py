"""CoppeliaSim below PyRep: its folder, its library, its Qt."""

import ctypes
import os
import sys
from pathlib import Path

from rlbench_puffer.config import DisplayName
from rlbench_puffer.engines.rlbench.messages import explained
from rlbench_puffer.engines.rlbench.qt_display import QtDisplay
from rlbench_puffer.errors import SimulationError

_LIBRARY = "libcoppeliaSim.so.1"


class CoppeliaSim:
    """See :class:`rlbench_puffer.engines.rlbench.foundation.Foundation`."""

    extra = "coppeliasim"

    def open_display(self, name: DisplayName, *, draws: bool) -> QtDisplay:
        """Qt's; see :class:`QtDisplay`."""
        return QtDisplay(name, draws=draws)

    def load(self) -> None:
        """Load CoppeliaSim's library.

        LD_LIBRARY_PATH is read when a process starts; loading the library by its path
        comes to the same at any time.

        Raises:
          SimulationError: COPPELIASIM_ROOT does not fit, it cannot be loaded, or PyRep
            is on MuJoCo in this process.
        """
        if any(type(f).__module__ == "pyrep_mujoco.backend" for f in sys.meta_path):
            raise SimulationError(
                'PyRep is on MuJoCo in this process already, by engine="mujoco". Use '
                'engine="coppeliasim" in a process of its own, or '
                'make_vec(backend="shm").'
            )
        root = coppeliasim_root()
        os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] = str(root)
        try:
            ctypes.CDLL(str(root / _LIBRARY), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise explained(error, "loading CoppeliaSim's library") from error


def coppeliasim_root() -> Path:
    """CoppeliaSim's folder, absolute.

    Raises:
      SimulationError: COPPELIASIM_ROOT is not set, or holds no CoppeliaSim.
    """
    told = os.environ.get("COPPELIASIM_ROOT")
    # Engine `mujoco` shows PyRep its own folder where the user names none, and children
    # inherit that.
    if not told or Path(told).name == "pyrep_mujoco":
        raise SimulationError(
            'engine="coppeliasim" needs CoppeliaSim 4.1.0, and COPPELIASIM_ROOT is not '
            "set. `rlbench-puffer setup coppeliasim` installs it and says what to set."
        )
    root = Path(told).absolute()
    if not (root / _LIBRARY).exists():
        raise SimulationError(
            f"COPPELIASIM_ROOT={told} holds no {_LIBRARY}. Run `rlbench-puffer setup "
            "coppeliasim`, then `rlbench-puffer setup rlbench`, which makes that link."
        )
    return root
