"""The object through which RLBench starts, steps and stops the simulator."""

import os
from pathlib import Path

from pyrep.backend import standin as sim
from pyrep.const import ObjectType
from pyrep.errors import PyRepError
from pyrep.objects.object import Object

sim.check_library()


class PyRep:
    """The stand-in's simulator, by PyRep's method names."""

    def __init__(self) -> None:
        root = os.environ.get("COPPELIASIM_ROOT")
        if root is None:
            raise PyRepError("COPPELIASIM_ROOT not defined. See instructions.")
        if not Path(root).exists():
            raise PyRepError("COPPELIASIM_ROOT was not a correct path.")
        self._root = root

    def launch(self, scene_file: str = "", headless: bool = False) -> None:
        cwd = Path.cwd()
        sim.launch(self._root)
        os.chdir(cwd)

    def shutdown(self) -> None:
        sim.shutdown()

    def start(self) -> None:
        """Physics run as soon as the simulator does."""

    def step(self) -> None:
        sim.step()

    def get_objects_in_tree(
        self, root_object: object = None, object_type: ObjectType = ObjectType.ALL
    ) -> list[Object]:
        return [Object(handle) for handle in (3, 7)]
