"""Ids of textures, by which programs name them."""

import itertools

from pyrep_mujoco.scene.tree import Tree
from pyrep_mujoco.sim.simulation import Simulation
from pyrep_mujoco.ttm.textures import Texture

FIRST = 10_000_000
"""Above the ids that files use for their own textures."""


class TextureIds:
    """An id for every texture that a program asked for or made."""

    def __init__(self, simulation: Simulation) -> None:
        self._next = itertools.count(FIRST)
        self._ids: dict[int, int] = {}
        self._textures: dict[int, Texture] = {}

    def id_of(self, texture: Texture) -> int:
        """The id of a texture, which it keeps."""
        if id(texture) not in self._ids:
            number = next(self._next)
            self._ids[id(texture)] = number
            self._textures[number] = texture
        return self._ids[id(texture)]

    def texture(self, number: int) -> Texture:
        """A texture by id.

        Raises:
          RuntimeError: there is none.
        """
        if number not in self._textures:
            raise RuntimeError(f"There is no texture {number!r}.")
        return self._textures[number]

    def forget_unused(self, tree: Tree) -> None:
        """Forget textures that no object has any more."""
        used = {id(texture) for node in tree for texture in node.textures.values()}
        for number, texture in list(self._textures.items()):
            if id(texture) not in used:
                del self._textures[number], self._ids[id(texture)]

    def close(self) -> None:
        """Forget all."""
        self._ids.clear()
        self._textures.clear()
