"""Small environments whose every result is known in advance, and ones that fail."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

OBSERVATION_SIZE = 4
ACTION_SIZE = 2

Info = dict[str, Any]


class CountingEnv:
    """Batched sub-envs that count; same calling convention as ``BatchEnv``.

    The observation of a sub-env is (seed of the stream modulo 1000, index of the
    episode, steps in the episode, sum of the actions in the episode). Sub-env i's
    episodes take turns in ending: even ones terminate, odd ones are truncated, both
    after ``episode_length`` + (global index modulo 3) steps. The reward is the
    sum of the action.
    """

    def __init__(
        self,
        num_envs: int,
        first_env_id: int = 0,
        episode_length: int = 5,
        *,
        buffers: Any,
        observation_shape: tuple[int, ...] = (OBSERVATION_SIZE,),
    ) -> None:
        self.num_agents = num_envs
        self.first_env_id = first_env_id
        self.observations = buffers.observations
        self.rewards = buffers.rewards
        self.terminals = buffers.terminals
        self.truncations = buffers.truncations
        self.masks = buffers.masks
        self.actions = buffers.actions
        self._limits = [
            episode_length + (first_env_id + i) % 3 for i in range(num_envs)
        ]
        self._seeds = [0] * num_envs
        self._episodes = [0] * num_envs
        self._lengths = [0] * num_envs
        self._sums = [0.0] * num_envs
        self._returns = [0.0] * num_envs
        self._over = [False] * num_envs

    def reset(
        self,
        seed: Sequence[int],
        episode_index: Sequence[int] | int = 0,
    ) -> tuple[NDArray[Any], list[Info]]:
        """Begin the given episode in every sub-env."""
        indices = np.broadcast_to(np.asarray(episode_index), self.num_agents)
        infos = []
        for i in range(self.num_agents):
            self._seeds[i] = int(seed[i])
            self._episodes[i] = int(indices[i]) - 1
            infos.append(self._begin(i))
            self._write(i, 0.0, False, False)
        self.masks[:] = True
        return self.observations, infos

    def step(
        self, actions: NDArray[Any], held: NDArray[np.bool_] | None = None
    ) -> tuple[Any, Any, Any, Any, list[Info]]:
        """One step; a sub-env whose episode ended begins the next instead."""
        infos: list[Info] = []
        for i in range(self.num_agents):
            if held is not None and held[i]:
                self.rewards[i] = 0.0
                self.terminals[i] = self.truncations[i] = False
            elif self._over[i]:
                infos.append(self._begin(i))
                self._write(i, 0.0, False, False)
            else:
                infos += self._advance(i, actions[i])
        return (
            self.observations,
            self.rewards,
            self.terminals,
            self.truncations,
            infos,
        )

    def step_chunk(
        self,
        actions: NDArray[Any],
        rewards: NDArray[Any],
        terminals: NDArray[Any],
        truncations: NDArray[Any],
    ) -> tuple[list[Info], int]:
        """K steps; a sub-env whose episode ends stops."""
        infos: list[Info] = []
        ignored = 0
        held = np.zeros(self.num_agents, bool)
        for k, inner in enumerate(actions):
            _, rewards[k], terminals[k], truncations[k], new = self.step(
                inner, held.copy()
            )
            infos += new
            ignored += int(held.sum())
            held |= terminals[k] | truncations[k]
        return infos, ignored

    def close(self) -> None:
        """Nothing to free."""

    def _begin(self, i: int) -> Info:
        self._episodes[i] += 1
        self._lengths[i] = 0
        self._sums[i] = 0.0
        self._returns[i] = 0.0
        self._over[i] = False
        return {"env_id": self.first_env_id + i, "variation": self._episodes[i]}

    def _advance(self, i: int, action: NDArray[Any]) -> list[Info]:
        reward = float(np.float32(action.sum()))
        self._lengths[i] += 1
        self._sums[i] += reward
        self._returns[i] += reward
        over = self._lengths[i] >= self._limits[i]
        terminal = over and self._episodes[i] % 2 == 0
        self._write(i, reward, terminal, over and not terminal)
        self._over[i] = over
        if not over:
            return []
        episode = {"r": self._returns[i], "l": self._lengths[i]}
        return [{"env_id": self.first_env_id + i, "episode": episode}]

    def _write(self, i: int, reward: float, terminal: bool, truncated: bool) -> None:
        self.observations[i].flat[:OBSERVATION_SIZE] = (
            self._seeds[i] % 1000,
            self._episodes[i],
            self._lengths[i],
            self._sums[i],
        )
        self.rewards[i] = reward
        self.terminals[i] = terminal
        self.truncations[i] = truncated


class NoopEnv(CountingEnv):
    """Does nothing, in as little time as Python allows; never ends an episode."""

    def step(
        self, actions: NDArray[Any], held: NDArray[np.bool_] | None = None
    ) -> tuple[Any, Any, Any, Any, list[Info]]:
        """No work at all."""
        return (
            self.observations,
            self.rewards,
            self.terminals,
            self.truncations,
            [],
        )


class ForgetfulEnv(CountingEnv):
    """Leaves its last row as it was from the third step on."""

    def step(self, actions: Any, held: Any = None) -> Any:
        """Step, and put the last row back."""
        before = self.observations[-1].copy()
        results = super().step(actions, held)
        if self._lengths[-1] >= 3:
            self.observations[-1] = before
        return results


def crash(how: str) -> None:
    """End this process or this call in one of the ways that processes end."""
    if how == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "sigsegv":
        print("about to read address zero", file=sys.stderr, flush=True)
        ctypes.string_at(0)
    elif how == "exit":
        os._exit(3)
    elif how == "raise":
        raise ValueError("the fake was told to raise")
    elif how == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif how == "hang":
        # Holds the interpreter lock for ever, as a loop in native code does.
        ctypes.PyDLL(None).sleep(1000)


class FaultyEnv(CountingEnv):
    """A CountingEnv that fails at one point.

    Args:
      when: ``"init"``, ``"reset"`` or ``"step"``.
      how: see :func:`crash`, or ``"nan_observation"`` / ``"nan_reward"``.
      worker_of: index of the first sub-env of the worker that fails.
      at: which call of its kind fails, counted from 1.
      flag: a file; if given, the fault happens only while the file is missing, and
        makes it, so that the replaced worker goes on.
    """

    def __init__(
        self,
        num_envs: int,
        first_env_id: int = 0,
        *,
        when: str,
        how: str,
        victim: int = 0,
        at: int = 1,
        flag: str | None = None,
        buffers: Any,
        **options: Any,
    ) -> None:
        self._when = when if first_env_id == victim else "never"
        self._how = how
        self._at = at
        self._flag = flag
        self._calls = 0
        self._maybe("init")
        super().__init__(num_envs, first_env_id, buffers=buffers, **options)

    def reset(
        self, seed: Sequence[int], episode_index: Sequence[int] | int = 0
    ) -> tuple[NDArray[Any], list[Info]]:
        """Reset, or fail."""
        self._maybe("reset")
        return super().reset(seed, episode_index)

    def step(
        self, actions: NDArray[Any], held: NDArray[np.bool_] | None = None
    ) -> tuple[Any, Any, Any, Any, list[Info]]:
        """Step, or fail."""
        results = super().step(actions, held)
        self._maybe("step")
        return results

    def _maybe(self, point: str) -> None:
        if point != self._when:
            return
        self._calls += 1
        if self._calls < self._at:
            return
        if self._flag is not None:
            if Path(self._flag).exists():
                return
            Path(self._flag).touch()
        if self._how == "nan_observation":
            self.observations[0] = np.nan
        elif self._how == "nan_reward":
            self.rewards[0] = np.inf
        else:
            crash(self._how)


class SlowEnv(CountingEnv):
    """A CountingEnv whose step takes a time that depends on its place.

    Args:
      seconds: busy time of a step of the first worker's sub-envs, in [s].
      others: the same of all other workers'.
    """

    def __init__(
        self,
        num_envs: int,
        first_env_id: int = 0,
        *,
        seconds: float,
        others: float = 0.0,
        buffers: Any,
        **options: Any,
    ) -> None:
        super().__init__(num_envs, first_env_id, buffers=buffers, **options)
        self._seconds = seconds if first_env_id == 0 else others

    def step(
        self, actions: NDArray[Any], held: NDArray[np.bool_] | None = None
    ) -> tuple[Any, Any, Any, Any, list[Info]]:
        """Step, after the set time of work."""
        until = time.perf_counter() + self._seconds
        while time.perf_counter() < until:
            pass
        return super().step(actions, held)
