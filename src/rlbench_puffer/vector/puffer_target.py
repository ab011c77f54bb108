"""The base of the backends that ``pufferlib.vector.make`` can make, too."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, Self

from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout

Plan = tuple[VecLayout, list[HostRecipe]]
"""Counts and spaces, and what each worker or batch hosts."""


class PufferTarget(VecEnv):
    """A backend that is made from recipes, or from what PufferLib gives a backend.

    ``rlbench_puffer.make_vec`` makes one from recipes; the constructor takes the
    arguments of ``pufferlib.vector.make``.

    Args:
      env_creators: one callable for each environment.
      env_args, env_kwargs: their arguments.
      num_envs: how many environments.
      num_workers: how many processes or threads; the default is the backend's.
      batch_size: environments that one ``recv`` returns; default all.
      zero_copy: PufferLib's word for ``copy=False``.
      overwork: PufferLib asks for it where workers outnumber cores; here they may.
      seed: seed of the first reset that is given none.
      **options: fields of the backend's options.

    Raises:
      InvalidOptionError: numbers that do not fit.
      WorkerError: what hosts the sub-envs could not be made.
    """

    def __init__(
        self,
        env_creators: Sequence[Callable[..., Any]],
        env_args: Sequence[Sequence[Any]],
        env_kwargs: Sequence[dict[str, Any]],
        num_envs: int,
        num_workers: int | None = None,
        batch_size: int | None = None,
        zero_copy: bool = True,
        overwork: bool = False,
        *,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        del overwork
        layout, recipes = self._plan(
            env_creators, env_args, env_kwargs, num_envs, num_workers, batch_size
        )
        options.setdefault("copy", not zero_copy)
        self._set_up(layout, recipes, self._options(options), seed)

    @classmethod
    def from_recipes(
        cls,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: Any,
        seed: int | None = None,
    ) -> Self:
        """One whose spaces are known already; ``make_vec`` comes this way.

        Args:
          layout: counts and spaces.
          recipes: what each worker or batch hosts.
          options: the backend's.
          seed: seed of the first reset that is given none.
        """
        vec = cls.__new__(cls)
        vec._set_up(layout, recipes, options, seed)
        return vec

    @staticmethod
    @abc.abstractmethod
    def _plan(
        env_creators: Sequence[Callable[..., Any]],
        env_args: Sequence[Sequence[Any]],
        env_kwargs: Sequence[dict[str, Any]],
        num_envs: int,
        num_workers: int | None,
        batch_size: int | None,
    ) -> Plan:
        """The plan for PufferLib's arguments."""

    @abc.abstractmethod
    def _options(self, options: dict[str, Any]) -> Any:
        """The backend's options from those of the constructor."""

    @abc.abstractmethod
    def _set_up(
        self,
        layout: VecLayout,
        recipes: Sequence[HostRecipe],
        options: Any,
        seed: int | None,
    ) -> None:
        """What a constructor does."""
