"""The two forms in which PufferLib takes an environment."""

import contextlib
import io
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.base import Engine
from rlbench_puffer.envs.batch_env import BatchEnv, Buffers
from rlbench_puffer.envs.env import RLBenchEnv
from rlbench_puffer.envs.make import make_batch_env

# gym, which PufferLib 2 imports, says farewell on stderr at every import.
with contextlib.redirect_stderr(io.StringIO()):
    import pufferlib
    import pufferlib.emulation

_BUFFER_NAMES = (
    "observations",
    "rewards",
    "terminals",
    "truncations",
    "masks",
    "actions",
)


class EitherBuffers(SimpleNamespace):
    """Buffers by attribute, as PufferLib 2 reads them, and by key, as PufferLib 3."""

    def __getitem__(self, name: str) -> Any:
        """The array of a name."""
        return getattr(self, name)


def make_emulated(
    config: EnvConfig, buf: Any = None, seed: int | None = None
) -> "pufferlib.emulation.GymnasiumPufferEnv":
    """``GymnasiumPufferEnv`` over one ``RLBenchEnv``: Dict observations, emulated.

    Args:
      config: what to make.
      buf: PufferLib 3 passes the buffers it wants written.
      seed: PufferLib 3 passes one; the seed of ``reset`` is what counts.
    """
    del seed
    kwargs = {} if buf is None else {"buf": buf}
    return pufferlib.emulation.GymnasiumPufferEnv(env=RLBenchEnv(config), **kwargs)


class RLBenchPufferEnv(pufferlib.PufferEnv):
    """A native ``pufferlib.PufferEnv`` with ``num_agents`` sub-envs in one engine.

    It writes straight into PufferLib's buffers. Its observations have the dtype and,
    for equal seeds, the bytes of :func:`make_emulated`.

    Args:
      config: what to make.
      num_envs: how many sub-envs; PufferLib calls them agents.
      buf: PufferLib's buffers, an object (PufferLib 2) or a mapping (PufferLib 3),
        or None to own them.
      first_env_id: number of the first sub-env, for infos and messages.
      seed: PufferLib 3 passes one; the seed of ``reset`` is what counts.
    """

    seeds_each_agent = True
    """Tells vector backends that ``reset`` takes one seed for each sub-env."""

    def __init__(
        self,
        config: EnvConfig,
        num_envs: int = 1,
        buf: Buffers | Mapping[str, Any] | None = None,
        first_env_id: int = 0,
        seed: int | None = None,
    ) -> None:
        del seed
        rows: Any = EitherBuffers(**buf) if isinstance(buf, Mapping) else buf
        batch: BatchEnv = make_batch_env(
            config, num_envs, buffers=rows, first_env_id=first_env_id
        )
        self._batch = batch
        self.single_observation_space = batch.single_observation_space
        self.single_action_space = batch.single_action_space
        self.num_agents = num_envs
        # PufferEnv takes its arrays from whatever it is handed as `buf`.
        arrays = {name: getattr(batch, name) for name in _BUFFER_NAMES}
        super().__init__(buf=EitherBuffers(**arrays))

    @property
    def engine(self) -> Engine:
        """The simulations, for timers."""
        return self._batch.engine

    @property
    def first_env_id(self) -> int:
        """Number of the first sub-env in infos."""
        return self._batch.first_env_id

    def reset(
        self, seed: Any = None, episode_index: Any = 0
    ) -> tuple[Any, list[dict[str, Any]]]:
        """Begin an episode in every sub-env; see :meth:`BatchEnv.reset`."""
        return self._batch.reset(seed, episode_index)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, list[dict[str, Any]]]:
        """One control step of every sub-env; see :meth:`BatchEnv.step`."""
        return self._batch.step(actions)

    def step_chunk(
        self, actions: Any, rewards: Any, terminals: Any, truncations: Any
    ) -> tuple[list[dict[str, Any]], int]:
        """K control steps of every sub-env; see :meth:`BatchEnv.step_chunk`."""
        return self._batch.step_chunk(actions, rewards, terminals, truncations)

    def close(self) -> None:
        """Free the simulations."""
        self._batch.close()
