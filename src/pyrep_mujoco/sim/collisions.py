"""Functions of the API: collisions and distances between objects and collections."""

from pyrep_mujoco.scene.arm_collisions import ArmCollisions
from pyrep_mujoco.scene.collisions import Collisions
from pyrep_mujoco.sim.simulation import Simulation, current

HANDLE_ALL = -2
"""CoppeliaSim's ``sim_handle_all``."""


class CollisionChecks:
    """What checks of the current scene keep: triangles, and trees around them."""

    def __init__(self, simulation: Simulation) -> None:
        self._scene = simulation.scene
        self.collisions = Collisions(simulation.scene)
        """Of the scene."""

    def of_arm(self, joints: list[int], pairs: list[tuple[int, int]]) -> ArmCollisions:
        """A check of many configurations of joints.

        Args:
          joints: handles of the joints that move.
          pairs: entities to test against each other; -2 as the second for all.

        Raises:
          UnknownObjectError: there is no such object or collection.
        """
        return ArmCollisions(self._scene, self.collisions, joints, pairs)

    def close(self) -> None:
        """Nothing is held but memory."""


def simCheckCollision(entity1Handle: int, entity2Handle: int) -> int:
    """Whether two entities collide: 1 or 0.

    Args:
      entity1Handle: of an object or collection.
      entity2Handle: likewise, or ``sim_handle_all`` for all that is not in the first.

    Raises:
      UnknownObjectError: there is no such object or collection.
    """
    other = None if entity2Handle == HANDLE_ALL else entity2Handle
    checks = current().part(CollisionChecks)
    return int(checks.collisions.check(entity1Handle, other))


def simCheckDistance(
    entity1Handle: int,
    entity2Handle: int,
    threshold: float,
) -> list[float]:
    """The shortest line between two entities.

    Args:
      entity1Handle: of an object or collection.
      entity2Handle: likewise, or ``sim_handle_all`` for all that is not in the first.
      threshold: greatest distance that is looked for [m]; none if not above 0.

    Returns:
      seven numbers: the line's end on the first and on the second, in the world [m],
      and its length [m]; seven zeros if there is no such line.

    Raises:
      UnknownObjectError: there is no such object or collection.
    """
    other = None if entity2Handle == HANDLE_ALL else entity2Handle
    found = current().part(CollisionChecks).collisions.distance(entity1Handle, other)
    if found is None or 0 < threshold <= found[0].distance:
        return [0.0] * 7
    gap = found[0]
    return [*gap.on_first, *gap.on_second, gap.distance]
