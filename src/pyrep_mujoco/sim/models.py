"""Models and scenes in files; copies and removals of objects."""

from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.simulation import current
from pyrep_mujoco.ttm.cache import load_model

_COPY = "@copy"
"""What PyRep allows at the end of a path; names are made unique here anyway."""

_NO_WRITER = (
    "pyrep_mujoco reads CoppeliaSim's files and does not write them, so {!r} was not "
    "saved. Keep what you changed in code, or save it with CoppeliaSim."
)


def simLoadModel(modelPathAndName: str) -> int:
    """Add a model to the scene.

    Returns:
      handle of the model's topmost object.

    Raises:
      ModelFileError: the file cannot be read.
      SceneError: it holds what cannot be simulated.
      FileNotFoundError: there is no such file.
      RuntimeError: it holds no object.
    """
    path = modelPathAndName.removesuffix(_COPY)
    model = load_model(path)
    added = current().scene.load(model)
    for node in added:
        if node.parent is None:
            return node.handle
    raise RuntimeError(f"{path}: there is no object in this model. Load another.")


def simSaveModel(modelHandle: int, modelPathAndName: str) -> int:
    """Refused: there is no writer of such files.

    Raises:
      RuntimeError: always.
    """
    raise RuntimeError(_NO_WRITER.format(modelPathAndName))


def simSaveScene(filename: str) -> int:
    """Refused: there is no writer of such files.

    Raises:
      RuntimeError: always.
    """
    raise RuntimeError(_NO_WRITER.format(filename))


def simRemoveObject(objectHandle: int) -> None:
    """Take an object out; what hangs on it hangs on its parent then."""
    simulation = current()
    simulation.scene.remove([simulation.node(objectHandle)])


def simRemoveModel(objectHandle: int) -> None:
    """Take an object and all below it out."""
    simulation = current()
    tree = list(simulation.node(objectHandle).tree())
    simulation.scene.remove(reversed(tree))


def simCopyPasteObjects(objectHandles: list[int], options: int) -> list[int]:
    """Copy objects, where they are; of models with bit 0 of ``options`` the whole tree.

    A copied model's base takes its whole tree along, another object goes alone.

    Returns:
      handles of the copies, in the order of the handles given.
    """
    simulation = current()
    scene = simulation.scene
    chosen: dict[Node, None] = {}
    for handle in objectHandles:
        node = simulation.node(handle)
        whole = node.source.is_model_base and options & 1
        chosen.update(dict.fromkeys(node.tree() if whole else [node]))
    copies = scene.copy(list(chosen))
    return [copies[simulation.node(handle)].handle for handle in objectHandles]
