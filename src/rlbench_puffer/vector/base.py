"""The vector backend seam: PufferLib's vecenv interface, whole, and three methods more.

Every backend passes ``tests/contract/vector_contract.py``.
"""

import abc
import contextlib
import enum
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.errors import (
    CallOrderError,
    ClosedError,
    InvalidOptionError,
    WorkerError,
    unreachable_pose,
)
from rlbench_puffer.vector.action_gate import ActionGate
from rlbench_puffer.vector.layout import DriverEnv, VecLayout, joint_space
from rlbench_puffer.vector.seeding import checked_seed, sub_env_seeds

Info = dict[str, Any]

Received = tuple[
    NDArray[Any],
    NDArray[np.float32],
    NDArray[np.bool_],
    NDArray[np.bool_],
    list[Info],
    NDArray[np.intp],
    NDArray[np.bool_],
]
"""observations, rewards, terminals, truncations, infos, env_ids, masks."""

Stepped = tuple[
    NDArray[Any],
    NDArray[np.float32],
    NDArray[np.bool_],
    NDArray[np.bool_],
    list[Info],
]
"""observations, rewards, terminals, truncations, infos."""


class VecState(enum.Enum):
    """What a vector environment waits for; the value is the state in words."""

    FRESH = "not yet reset"
    WAITING = "results are pending"
    READY = "waiting for actions"
    BROKEN = "out of order after a fault"
    CLOSED = "closed"


_NEXT_STEP = {
    VecState.FRESH: "Call reset() or async_reset() first.",
    VecState.WAITING: "Call recv() first.",
    VecState.READY: "Call send() with one action for each sub-env first.",
    VecState.BROKEN: "Call close() and make a new one.",
}


class VecEnv(abc.ABC):
    """n sub-envs behind PufferLib's vecenv interface.

    Sub-envs reset themselves on the step after their episode's end; that step
    ignores its action and gives reward 0 (``AutoresetMode.NEXT_STEP``).

    Attributes:
      num_envs: all sub-envs; with single-agent tasks also ``num_agents``.
      agents_per_batch: rows that one ``recv`` returns.
      single_observation_space, single_action_space: of one sub-env.
      observation_space, action_space: of one batch.
      emulated: what ``pufferlib.pytorch.nativize_dtype`` takes.
      driver_env: an object that holds spaces and simulates nothing.

    Args:
      layout: counts and spaces.
      seed: seed of the first reset that is given none, or None for entropy.
    """

    def __init__(self, layout: VecLayout, seed: int | None = None) -> None:
        self.layout = layout
        self.num_envs = layout.num_envs
        self.num_agents = layout.num_envs
        self.num_workers = layout.num_workers
        self.batch_size = layout.batch_size
        self.agents_per_batch = layout.batch_size
        self.single_observation_space = layout.single_observation_space
        self.single_action_space = layout.single_action_space
        self.observation_space = joint_space(
            layout.single_observation_space, layout.batch_size
        )
        self.action_space = joint_space(layout.single_action_space, layout.batch_size)
        self.emulated = layout.emulated
        self.driver_env = DriverEnv(layout)
        self._first_seed = None if seed is None else checked_seed(seed)
        self._gate = ActionGate(
            layout.single_action_space, layout.batch_size, layout.action_dtype
        )
        self._state = VecState.FRESH
        self._batch_env_ids: NDArray[np.intp] = np.arange(layout.batch_size)

    @property
    def state(self) -> VecState:
        """What this object waits for."""
        return self._state

    def async_reset(self, seed: int | Sequence[int] | None = None) -> None:
        """Begin a new episode in every sub-env; results come with :meth:`recv`.

        It may be called at any time; results still pending are waited for and
        dropped.

        Args:
          seed: one seed to derive all sub-envs' seeds from, or one for each; None
            takes the constructor's at the first reset and entropy afterwards.

        Raises:
          ClosedError: after ``close()``.
          CallOrderError: after a fault that was raised.
          InvalidOptionError: an unusable seed.
        """
        if self._state in (VecState.CLOSED, VecState.BROKEN):
            self._refuse("async_reset")
        if seed is None:
            seed, self._first_seed = self._first_seed, None
        seeds = sub_env_seeds(seed, self.num_envs)
        self._begin_reset(seeds)
        self._state = VecState.WAITING

    def recv(self) -> Received:
        """The next batch of results.

        Returns:
          observations (batch, ...), rewards (batch,) float32, terminals (batch,)
          bool, truncations (batch,) bool, infos (dicts with ``env_id``, only from
          sub-envs with something to say), env_ids (batch,) and masks (batch,) bool.
          Arrays may be views of the backend's own memory, valid until the next
          ``send``; the next ``recv`` certainly overwrites them.

        Raises:
          CallOrderError: nothing is pending.
          ClosedError: after ``close()``.
          WorkerError: a worker failed and the fault policy says to raise.
          InvalidActionError: a pose out of reach under ``on_invalid="raise"``. That
            sub-env stood still; go on with ``send`` for the same batch.
        """
        if self._state is not VecState.WAITING:
            self._refuse("recv")
        received = self._receive()
        self._batch_env_ids = received[5]
        self._state = VecState.READY
        if received[4]:
            self._refuse_invalid(received[4])
        return received

    def send(self, actions: ArrayLike) -> None:
        """Start one control step of the sub-envs of the last batch.

        Args:
          actions: (batch, ...) in the order of the last batch's ``env_ids``.

        Raises:
          InvalidActionError: no sub-env has seen any of the actions.
          CallOrderError: before a reset, or with results pending.
          ClosedError: after ``close()``.
        """
        if self._state is not VecState.READY:
            self._refuse("send")
        self._dispatch(self._gate.check(actions, self._batch_env_ids))
        self._state = VecState.WAITING

    def reset(
        self, seed: int | Sequence[int] | None = None
    ) -> tuple[NDArray[Any], list[Info]]:
        """``async_reset`` and ``recv``.

        Returns:
          observations (batch, ...) and the infos of the episodes that began.

        Raises:
          ClosedError: after ``close()``.
          WorkerError: a worker failed.
        """
        self.async_reset(seed)
        received = self.recv()
        return received[0], received[4]

    def step(self, actions: ArrayLike) -> Stepped:
        """``send`` and ``recv``.

        Returns:
          observations, rewards, terminals, truncations and infos; see :meth:`recv`.

        Raises:
          InvalidActionError, CallOrderError, ClosedError, WorkerError: as those two.
        """
        self.send(actions)
        return self.recv()[:5]

    def step_chunk(self, actions: ArrayLike) -> Stepped:
        """K control steps of every sub-env in one round trip.

        A sub-env whose episode ends inside the chunk stops there: its remaining
        actions are ignored and counted, and it resets in the first inner step of
        the next call.

        Args:
          actions: (K, num_envs, ...), time on axis 0.

        Returns:
          observations (num_envs, ...) after each sub-env's last inner step, rewards
          (K, num_envs), terminals (K, num_envs), truncations (K, num_envs), infos.

        Raises:
          InvalidActionError: an action anywhere in the chunk; nothing was stepped. Or a
            pose out of reach under ``on_invalid="raise"``; the chunk was stepped.
          InvalidOptionError: a chunk longer than an episode, ``batch_size`` below
            ``num_envs``, or a foreign environment that knows no chunks.
          CallOrderError, ClosedError, WorkerError: as in :meth:`step`.
        """
        if self._state is not VecState.READY:
            self._refuse("step_chunk")
        if self.batch_size != self.num_envs:
            raise InvalidOptionError(
                "batch_size",
                self.batch_size,
                f"all {self.num_envs} sub-envs for step_chunk",
                "Make the vector environment without batch_size.",
            )
        if not self.layout.takes_chunks:
            raise InvalidOptionError(
                "step_chunk",
                "a native environment without a step_chunk method",
                "one that runs chunks itself",
                "Call step() instead.",
            )
        chunk = self._gate.check_chunk(actions, self._batch_env_ids)
        limit = self.layout.episode_length
        if limit is not None and len(chunk) > limit:
            raise InvalidOptionError(
                "chunk_len",
                len(chunk),
                f"at most {limit}, the control steps of an episode",
                "Pass fewer actions or make longer episodes.",
            )
        stepped = self._run_chunk(chunk)
        self._refuse_invalid(stepped[4])
        return stepped

    def close(self) -> None:
        """End everything this object started, within 5 s; twice is fine."""
        if self._state is not VecState.CLOSED:
            self._last_tallies = self._tallies()
            self._state = VecState.CLOSED
            self._shut_down()

    def __enter__(self) -> "VecEnv":
        """For ``with`` blocks."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    @abc.abstractmethod
    def timings(self) -> dict[str, Any]:
        """Where the time went, in [s].

        Returns:
          ``main``: seconds of each phase of this process (``build``, ``reset``,
          ``send``, ``wait``, ``other``) and their ``total``; ``workers``: the same
          of each worker (``sim``, ``observe``, ``render``, ``reset``, ``other``,
          ``idle``); ``ipc``: main's ``wait`` minus the slowest worker's busy time.
        """

    @abc.abstractmethod
    def health(self) -> dict[str, Any]:
        """Workers, restarts, waiting and accounts, as plain numbers and texts."""

    def _tallies(self) -> list[dict[str, float]]:
        """The workers' books; none where the workers keep none."""
        return []

    @abc.abstractmethod
    def _begin_reset(self, seeds: list[int]) -> None:
        """Start a reset of all sub-envs; drop what is pending."""

    @abc.abstractmethod
    def _receive(self) -> Received:
        """Wait for a batch."""

    @abc.abstractmethod
    def _dispatch(self, actions: NDArray[Any]) -> None:
        """Start a step of the last batch's sub-envs; actions are checked."""

    @abc.abstractmethod
    def _run_chunk(self, chunk: NDArray[Any]) -> Stepped:
        """A whole chunk; actions are checked."""

    @abc.abstractmethod
    def _shut_down(self) -> None:
        """Free everything; called once."""

    @contextlib.contextmanager
    def _broken_on_error(self) -> Iterator[None]:
        """A worker's error that leaves the block puts this object out of order."""
        try:
            yield
        except WorkerError:
            self._state = VecState.BROKEN
            raise

    def _refuse_invalid(self, infos: list[Info]) -> None:
        """Raise where an action could not be carried out and nobody wants to go on."""
        if not self.layout.raises_invalid_actions:
            return
        for info in infos:
            if "invalid_action" in info:
                raise unreachable_pose(info["env_id"], info["invalid_action"])

    def _refuse(self, method: str) -> NoReturn:
        if self._state is VecState.CLOSED:
            raise ClosedError("vector environment", method)
        raise CallOrderError(method, self._state.value, _NEXT_STEP[self._state])
