"""Shows any of our vector environments as a ``gymnasium.vector.VectorEnv``."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.vector.base import Info, VecEnv

Observations = dict[str, NDArray[Any]] | NDArray[Any]


class GymnasiumVecEnv(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """A vector environment with Dict observations and Gymnasium's signatures.

    Observations are views of the backend's flat array, field by field: nothing is
    copied, and they are valid until the next ``step``. Backends without a Dict
    space give the flat array itself.

    Args:
      vec: the backend; owned and closed by this object.

    Raises:
      InvalidOptionError: ``vec`` returns partial batches.
    """

    def __init__(self, vec: VecEnv) -> None:
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        if vec.batch_size != vec.num_envs:
            raise InvalidOptionError(
                "batch_size",
                vec.batch_size,
                f"all {vec.num_envs} sub-envs: Gymnasium knows no partial batches",
                "Make the vector environment without batch_size.",
            )
        self.vec = vec
        self.num_envs = vec.num_envs
        structured = vec.layout.structured_space
        self.single_observation_space = structured or vec.single_observation_space
        self.single_action_space = vec.single_action_space
        self.observation_space = batch_space(
            self.single_observation_space, self.num_envs
        )
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._dtype: np.dtype[Any] | None = (
            vec.emulated.emulated_observation_dtype if structured else None
        )

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, dict[str, Any]]:
        """Begin an episode in every sub-env.

        Args:
          seed: see :meth:`VecEnv.async_reset`.
          options: none are known.

        Returns:
          Observations, and the infos merged as Gymnasium merges them.

        Raises:
          InvalidOptionError: options are given.
        """
        if options:
            raise InvalidOptionError("options", options, "none at a reset of all")
        observations, infos = self.vec.reset(seed)
        return self._fields(observations), self._merged(infos)

    def step(
        self, actions: ArrayLike
    ) -> tuple[
        Observations,
        NDArray[np.float32],
        NDArray[np.bool_],
        NDArray[np.bool_],
        dict[str, Any],
    ]:
        """One control step of every sub-env.

        Args:
          actions: (num_envs, ...).

        Returns:
          Observations, rewards, terminations, truncations, infos.
        """
        observations, rewards, terminals, truncations, infos = self.vec.step(actions)
        merged = self._merged(infos)
        return self._fields(observations), rewards, terminals, truncations, merged

    def close_extras(self, **kwargs: Any) -> None:
        """Close the backend."""
        self.vec.close()

    def _fields(self, observations: NDArray[Any]) -> Observations:
        if self._dtype is None:
            return observations
        structured = observations.view(self._dtype)[:, 0]
        return {name: structured[name] for name in self._dtype.names or ()}

    def _merged(self, infos: list[Info]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for info in infos:
            told = {name: value for name, value in info.items() if name != "env_id"}
            merged = self._add_info(merged, told, info["env_id"])
        return merged
