"""Makes what RLBench stands on; imports the one that is asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlbench_puffer.engines.rlbench.foundation import Foundation


def make_foundation(engine: str) -> "Foundation":
    """The simulator below PyRep of an engine, nothing of it started."""
    if engine == "mujoco":
        from rlbench_puffer.engines.rlbench.mujoco import Mujoco

        return Mujoco()
    from rlbench_puffer.engines.rlbench.coppeliasim import CoppeliaSim

    return CoppeliaSim()
