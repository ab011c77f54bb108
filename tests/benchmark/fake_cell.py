"""A cell's process with a vector environment that does nothing, and can misbehave.

Run in place of ``rlbench_puffer.benchmark.serve``; what goes wrong is named in
``FAKE_CELL``, as ``BACKEND:WAY``, with WAY one of ``raise``, ``exit``, ``print``.
"""

import os
import sys
from typing import Any

import gymnasium
import numpy as np

from rlbench_puffer.benchmark.cell import Cell
from rlbench_puffer.benchmark.serve import main

EPISODE_LENGTH = 7


class FakeVec:
    """Counts steps; each episode has seven, and the step after it is a reset."""

    def __init__(self, cell: Cell, fault: str = "") -> None:
        self.cell = cell
        self.fault = fault
        self.single_action_space = gymnasium.spaces.Box(-1.0, 1.0, (8,), np.float32)
        self.seeds: list[int | None] = []
        self.actions: list[Any] = []
        self.env_steps = 0
        self.resets = 0
        self.closed = False
        self._lengths = np.zeros(cell.num_envs, int)
        self._over = np.zeros(cell.num_envs, bool)
        self._flags = np.zeros((2, cell.num_envs), bool)
        self._sent = np.zeros(cell.num_envs, bool)
        self._first = 0

    def async_reset(self, seed: int | None = None) -> None:
        """Begin every episode."""
        self.seeds.append(seed)
        self._lengths[:] = 0
        # Sub-env i's first episode is over after 7 - i % 3 steps.
        self._lengths += np.arange(self.cell.num_envs) % 3
        self._over[:] = False
        self._flags[:] = False
        self._sent[:] = False
        self._first = 0

    def recv(self) -> tuple[Any, ...]:
        """The batch whose turn it is."""
        n = self.cell.batch_size
        env_ids = np.arange(self._first, self._first + n) % self.cell.num_envs
        self._step(env_ids[self._sent[env_ids]])
        self._sent[env_ids] = False
        terminals, truncations = self._flags[:, env_ids]
        return None, None, terminals, truncations, [], env_ids, None

    def send(self, actions: Any) -> None:
        """Actions for the batch whose turn it is; then it is the next one's."""
        if self.fault == "raise":
            raise ValueError("the drawer is stuck")
        if self.fault == "exit":
            print("out of memory", file=sys.stderr, flush=True)
            os._exit(3)
        if self.fault == "print":
            print("a line that is no answer", flush=True)
        n = self.cell.batch_size
        assert actions.shape == (n, 8)
        self.actions.append(actions)
        env_ids = np.arange(self._first, self._first + n) % self.cell.num_envs
        self._sent[env_ids] = True
        self._first = (self._first + n) % self.cell.num_envs

    def step_chunk(self, actions: Any) -> tuple[Any, ...]:
        """K steps; a sub-env stops at its episode's end."""
        terminals = np.zeros(actions.shape[:2], bool)
        truncations = np.zeros(actions.shape[:2], bool)
        held = np.zeros(self.cell.num_envs, bool)
        for k in range(len(actions)):
            self._step(np.flatnonzero(~held))
            terminals[k] = self._flags[0] & ~held
            truncations[k] = self._flags[1] & ~held
            held |= terminals[k] | truncations[k]
        return None, None, terminals, truncations, []

    def _step(self, env_ids: Any) -> None:
        over = self._over[env_ids]
        self.env_steps += int((~over).sum())
        self.resets += int(over.sum())
        self._lengths[env_ids] = np.where(over, 0, self._lengths[env_ids] + 1)
        ended = self._lengths[env_ids] == EPISODE_LENGTH
        even = env_ids % 2 == 0
        self._flags[0][env_ids] = ended & even
        self._flags[1][env_ids] = ended & ~even
        self._over[env_ids] = ended

    def timings(self) -> dict[str, Any]:
        """Steps instead of seconds."""
        return {"main": {"wait": self.env_steps}, "workers": [{"sim": 2}, {"sim": 4}]}

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def make_fake(cell: Cell) -> FakeVec:
    """A fake that misbehaves as the environment variable says."""
    backend, _, way = os.environ.get("FAKE_CELL", "").partition(":")
    return FakeVec(cell, way if backend == cell.backend else "")


if __name__ == "__main__":
    sys.exit(main(make_fake))
