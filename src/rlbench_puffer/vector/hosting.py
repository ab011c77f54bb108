"""What one worker hosts: some sub-envs behind one small set of methods.

Three kinds of environment can be hosted, told apart without importing PufferLib:
our batched one, PufferLib's native ``PufferEnv``, and one PufferLib-emulated
environment for each sub-env.
"""

import abc
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import CallOrderError, InvalidOptionError

Info = dict[str, Any]
HostKind = Literal["batched", "native", "emulated", "buffered"]
"""Ours; PufferLib's native; PufferLib's emulated, which gets its rows through
``env.buf`` (PufferLib 2) or its constructor's ``buf`` (PufferLib 3)."""


@dataclasses.dataclass
class HostBuffers:
    """The rows that a host reads actions from and writes results into.

    The field names are PufferLib's, so that it can be handed to a ``PufferEnv``:
    PufferLib 2 reads them as attributes, PufferLib 3 as keys.
    """

    observations: NDArray[Any]
    rewards: NDArray[np.float32]
    terminals: NDArray[np.bool_]
    truncations: NDArray[np.bool_]
    masks: NDArray[np.bool_]
    actions: NDArray[Any]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The rows by their name."""
        return getattr(self, name)

    def rows(self, start: int, stop: int) -> "HostBuffers":
        """Views of some rows."""
        parts = (getattr(self, field.name) for field in dataclasses.fields(self))
        return HostBuffers(*(part[start:stop] for part in parts))

    def copy(self) -> "HostBuffers":
        """Arrays of their own with the same contents."""
        parts = (getattr(self, field.name) for field in dataclasses.fields(self))
        return HostBuffers(*(part.copy() for part in parts))


@dataclasses.dataclass
class ChunkBuffers:
    """The rows of a chunk, time on axis 0: actions (K, n, ...), the rest (K, n)."""

    actions: NDArray[Any]
    rewards: NDArray[np.float32]
    terminals: NDArray[np.bool_]
    truncations: NDArray[np.bool_]


class Host(abc.ABC):
    """Some sub-envs that reset themselves on the step after an episode's end."""

    num_envs: int

    @abc.abstractmethod
    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """Begin an episode in every sub-env; the index says which of its stream."""

    @abc.abstractmethod
    def step(self) -> list[Info]:
        """One control step with the actions in the buffers."""

    @abc.abstractmethod
    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], int]:
        """K control steps; returns infos and how many actions were ignored."""

    @abc.abstractmethod
    def close(self) -> None:
        """Free the sub-envs."""

    def engines(self) -> list[object]:
        """The engines inside, for timers: those that are known and made by now."""
        return []

    def number_fields(self) -> list[tuple[str, NDArray[Any]]]:
        """Name and (num_envs, size) view of each field of numbers, not pictures."""
        return []


@dataclasses.dataclass(frozen=True)
class HostRecipe:
    """What a worker needs to build its host.

    Args:
      kind: which of the three kinds the creators make.
      creators: one callable, or one for each sub-env if the kind is ``emulated``.
      args, kwargs: arguments of each creator.
      num_envs: sub-envs of this worker.
      first_env_id: index of its first sub-env in the vector environment.
    """

    kind: HostKind
    creators: tuple[Callable[..., Any], ...]
    args: tuple[Sequence[Any], ...]
    kwargs: tuple[dict[str, Any], ...]
    num_envs: int
    first_env_id: int

    def build(self, buffers: HostBuffers) -> Host:
        """The host; runs in the process that will step it."""
        if self.kind == "batched":
            env = self.creators[0](*self.args[0], buffers=buffers, **self.kwargs[0])
            # The parent has checked every action before it sent it.
            env.trusts_actions = True
            return BatchedHost(env, buffers, self.first_env_id)
        if self.kind == "native":
            env = self.creators[0](*self.args[0], buf=buffers, **self.kwargs[0])
            ours = getattr(env, "seeds_each_agent", False)
            host = BatchedHost if ours else NativeHost
            return host(env, buffers, self.first_env_id)
        calls = zip(self.creators, self.args, self.kwargs, strict=True)
        envs = []
        for i, (creator, args, kwargs) in enumerate(calls):
            row = buffers.rows(i, i + 1)
            if self.kind == "buffered":
                envs.append(creator(*args, buf=row, **kwargs))
            else:
                env = creator(*args, **kwargs)
                env.buf = row
                envs.append(env)
        return EmulatedHost(envs, buffers, self.first_env_id)


def kind_of(env: Any) -> HostKind:
    """Which kind of environment a creator made.

    Raises:
      InvalidOptionError: none of the kinds.
    """
    if not hasattr(env, "num_agents") or not hasattr(env, "single_observation_space"):
        raise InvalidOptionError(
            "env_creator",
            type(env).__name__,
            "a creator of PufferLib environments",
            "Wrap the environment in pufferlib.emulation.GymnasiumPufferEnv.",
        )
    if not getattr(env, "emulated", False):
        return "native"
    return "emulated" if hasattr(env, "buf") else "buffered"


class BatchedHost(Host):
    """A native environment that steps all its rows at once.

    Args:
      env: our ``BatchEnv`` or a ``PufferEnv`` made on ``buffers``.
      buffers: its rows.
      first_env_id: index of its first row.
    """

    def __init__(self, env: Any, buffers: HostBuffers, first_env_id: int) -> None:
        self.env = env
        self.num_envs = len(buffers.rewards)
        self._first_env_id = first_env_id
        self._actions = buffers.actions
        self._step = env.step
        # PufferLib gives every worker the same arguments: an environment that
        # numbers its rows from 0 in each of them is put right here.
        self._offset = first_env_id - getattr(env, "first_env_id", first_env_id)

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """See :class:`Host`.

        The environment takes one seed and one episode index for each of its rows.
        """
        _, infos = self.env.reset(seed=seeds, episode_index=episode_indices)
        return self._named(infos)

    def step(self) -> list[Info]:
        """See :class:`Host`."""
        infos = self._step(self._actions)[4]
        return self._named(infos) if infos else infos

    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], int]:
        """See :class:`Host`."""
        infos, ignored = self.env.step_chunk(
            chunk.actions, chunk.rewards, chunk.terminals, chunk.truncations
        )
        return self._named(infos), ignored

    def close(self) -> None:
        """See :class:`Host`."""
        self.env.close()

    def engines(self) -> list[object]:
        """See :class:`Host`."""
        engine = getattr(self.env, "engine", None)
        return [] if engine is None else [engine]

    def number_fields(self) -> list[tuple[str, NDArray[Any]]]:
        """See :class:`Host`; a foreign environment's fields are not known."""
        rows = getattr(self.env, "structured", None)
        if rows is None:
            return []
        fields = [(name, rows[name]) for name in rows.dtype.names]
        return [
            (name, field)
            for name, field in fields
            if field.dtype.kind == "f" and field.ndim == 2
        ]

    def _named(self, infos: list[Info]) -> list[Info]:
        # A foreign environment's infos carry no env_id; one that speaks for all
        # of its rows is filed under the first.
        if self._offset:
            for info in infos:
                info["env_id"] += self._offset
        return [
            info if "env_id" in info else {"env_id": self._first_env_id, **info}
            for info in infos
            if info
        ]


class NativeHost(BatchedHost):
    """Somebody else's ``PufferEnv``: it takes one seed and knows no episodes.

    Its one seed comes from its first row; the rows of different workers are far
    apart, so that no two workers repeat each other.
    """

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """See :class:`Host`; a later episode gets a seed derived from both."""
        seed = _later_seeds(seeds, episode_indices)[0]
        # Environments written in C take an int of 32 bits.
        _, infos = self.env.reset(seed=seed & 0x7FFFFFFF)
        return self._named(infos)


class EmulatedHost(Host):
    """One PufferLib-emulated environment for each sub-env.

    Args:
      envs: the environments, which write into their rows.
      buffers: all rows.
      first_env_id: index of the first.
    """

    def __init__(
        self, envs: list[Any], buffers: HostBuffers, first_env_id: int
    ) -> None:
        self.envs = envs
        self.num_envs = len(envs)
        self._first_env_id = first_env_id
        self._buffers = buffers

    def reset(self, seeds: list[int], episode_indices: list[int]) -> list[Info]:
        """See :class:`Host`."""
        infos = []
        for i, seed in enumerate(_later_seeds(seeds, episode_indices)):
            _, info = self.envs[i].reset(seed=seed)
            infos += self._named(i, info)
        return infos

    def step(self) -> list[Info]:
        """See :class:`Host`."""
        infos: list[Info] = []
        actions = self._buffers.actions
        for i, env in enumerate(self.envs):
            infos += self._step_one(i, env, actions[i : i + 1])
        return infos

    def step_chunk(self, chunk: ChunkBuffers) -> tuple[list[Info], int]:
        """See :class:`Host`."""
        chunk.rewards[:] = 0.0
        chunk.terminals[:] = False
        chunk.truncations[:] = False
        infos: list[Info] = []
        ignored = 0
        rows = self._buffers
        for k, actions in enumerate(chunk.actions):
            for i, env in enumerate(self.envs):
                if k and env.done:
                    ignored += 1
                    continue
                infos += self._step_one(i, env, actions[i : i + 1])
                chunk.rewards[k, i] = rows.rewards[i]
                chunk.terminals[k, i] = rows.terminals[i]
                chunk.truncations[k, i] = rows.truncations[i]
        return infos, ignored

    def close(self) -> None:
        """See :class:`Host`."""
        for env in self.envs:
            env.close()

    def engines(self) -> list[object]:
        """See :class:`Host`; our environments make theirs at the first reset."""
        engines: list[object] = []
        for env in self.envs:
            with contextlib.suppress(AttributeError, CallOrderError):
                engines.append(env.env.engine)
        return engines

    def _step_one(self, i: int, env: Any, action: NDArray[Any]) -> list[Info]:
        if env.done:
            _, info = env.reset()
            return self._named(i, info)
        _, _, _, _, info = env.step(action)
        if env.done:
            return self._named(i, info)
        # Of what is told between an episode's begin and its end only this is passed on.
        invalid = info.get("invalid_action") if info else None
        return self._named(i, {"invalid_action": invalid}) if invalid else []

    def _named(self, i: int, info: Info) -> list[Info]:
        return [{"env_id": self._first_env_id + i, **info}] if info else []


def _later_seeds(seeds: list[int], episode_indices: list[int]) -> list[int]:
    """Seeds for environments that cannot be told which episode to begin."""
    return [
        seed
        if not index
        else int(
            np.random.SeedSequence(seed, spawn_key=(index,)).generate_state(
                1, np.uint64
            )[0]
            >> np.uint64(1)
        )
        for seed, index in zip(seeds, episode_indices, strict=True)
    ]
