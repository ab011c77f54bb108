"""n sub-envs of one engine behind PufferLib's native calling convention.

This is what a worker process hosts, what the serial and native backends step, and
what ``puffer_env`` shows to PufferLib. It knows no processes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.base import Engine, EngineState
from rlbench_puffer.envs.actions import ActionScaling
from rlbench_puffer.envs.episodes import Episodes, Info, TaskFacts, fresh_seeds
from rlbench_puffer.envs.observations import (
    flat_space,
    observation_fields,
    observation_space,
    structured_dtype,
)
from rlbench_puffer.errors import CallOrderError, InvalidActionError


class Buffers(Protocol):
    """Arrays of n rows that somebody else owns, as PufferLib hands them over."""

    observations: NDArray[Any]
    rewards: NDArray[np.float32]
    terminals: NDArray[np.bool_]
    truncations: NDArray[np.bool_]
    masks: NDArray[np.bool_]
    actions: NDArray[np.float32]


class EnvSpaces:
    """The spaces of a configuration, learnt without any simulator.

    Attributes:
      observation_space: Dict space with RLBench's field names.
      single_observation_space: the flat Box of the emulated observation.
      single_action_space: Box of one action, (8,) float32.
      observation_dtype: structured dtype of one observation.
    """

    def __init__(self, task: TaskFacts, config: EnvConfig) -> None:
        fields = observation_fields(
            config.observations, task.low_dim_size, config.camera_pairs, task.robot
        )
        self.observation_space = observation_space(fields)
        self.single_observation_space = flat_space(fields)
        scaling = ActionScaling(config, task.robot)
        self.single_action_space: gymnasium.spaces.Box = scaling.space
        self.observation_dtype = structured_dtype(fields)


class BatchEnv:
    """n sub-envs that reset themselves on the step after their episode's end.

    That step ignores its action and gives reward 0 (Gymnasium's
    ``AutoresetMode.NEXT_STEP``, PufferLib's convention).

    Args:
      engine: the simulations; owned and closed by this object.
      task: facts of the task they simulate.
      config: the configuration both were made from.
      buffers: arrays to write into, or None to own them.
      first_env_id: number of the first sub-env in its vector environment, for
        infos and messages.

    Attributes:
      structured: (num_agents,) the rows of ``observations`` by field name, a view.
      trusts_actions: whether somebody else has already checked every action that
        :meth:`step` and :meth:`step_chunk` get.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP
    }

    def __init__(
        self,
        engine: Engine,
        task: TaskFacts,
        config: EnvConfig,
        *,
        buffers: Buffers | None = None,
        first_env_id: int = 0,
    ) -> None:
        spaces = EnvSpaces(task, config)
        self.num_agents = engine.num_envs
        self.first_env_id = first_env_id
        self.single_observation_space = spaces.single_observation_space
        self.single_action_space = spaces.single_action_space
        self.engine = engine
        self.config = config
        engine.first_env_id = first_env_id
        self._scaling = ActionScaling(config, task.robot)
        self._all = np.arange(self.num_agents)
        self._over = np.zeros(self.num_agents, bool)
        # Comparing bytes is quicker than asking whether any of some flags is set.
        self._nobody = bytes(self.num_agents)
        self._was_reset = False
        self.trusts_actions = False
        n = self.num_agents
        if buffers is None:
            flat = self.single_observation_space
            self.observations = np.zeros((n, *flat.shape), flat.dtype)
            self.rewards = np.zeros(n, np.float32)
            self.terminals = np.zeros(n, bool)
            self.truncations = np.zeros(n, bool)
            self.masks = np.ones(n, bool)
            self.actions = np.zeros((n, *self.single_action_space.shape), np.float32)
        else:
            self.observations = buffers.observations
            self.rewards = buffers.rewards
            self.terminals = buffers.terminals
            self.truncations = buffers.truncations
            self.masks = buffers.masks
            self.actions = buffers.actions
        self._episodes = Episodes(
            engine, task, config, (self.rewards, self.terminals, self.truncations)
        )
        self.structured = self.observations.view(spaces.observation_dtype)[:, 0]
        self._has_cameras = bool(config.camera_pairs)

    @property
    def episode_length(self) -> int:
        """Control steps until an episode is truncated."""
        return self._episodes.episode_length

    @property
    def episode_steps(self) -> NDArray[np.int64]:
        """Control steps of each sub-env's running episode, (n,); not to be written."""
        return self._episodes.lengths

    def reset(
        self,
        seed: int | Sequence[int] | None = None,
        episode_index: int | Sequence[int] = 0,
        variations: Sequence[int | None] | None = None,
    ) -> tuple[NDArray[Any], list[Info]]:
        """Begin an episode in every sub-env.

        Args:
          seed: one seed for each sub-env; a single int s stands for s, s + 1, ...
            as in PufferLib; None draws from the operating system's entropy.
          episode_index: which episode of its stream each sub-env begins; a
            replaced worker passes more than 0.
          variations: one variation for each sub-env that overrides the
            configuration's for this episode, or None.

        Returns:
          observations (n, obs) and n infos with ``env_id``, ``variation`` and
          ``descriptions``.
        """
        n = self.num_agents
        if seed is None:
            seeds: Sequence[int] = fresh_seeds(n)
        elif isinstance(seed, int | np.integer):
            seeds = [int(seed) + i for i in range(n)]
        else:
            seeds = [int(s) for s in seed]
        indices = np.broadcast_to(np.asarray(episode_index), (n,))
        for env_id in range(n):
            self._episodes.seed(env_id, seeds[env_id], int(indices[env_id]))
        infos = self._begin(self._all, variations)
        self._show(self._all)
        self.masks[:] = True
        self._was_reset = True
        return self.observations, infos

    def step(
        self, actions: ArrayLike, held: NDArray[np.bool_] | None = None
    ) -> tuple[
        NDArray[Any],
        NDArray[np.float32],
        NDArray[np.bool_],
        NDArray[np.bool_],
        list[Info],
    ]:
        """One action of every sub-env, or its reset after an episode's end.

        Args:
          actions: (n, 8) in the units of ``single_action_space``.
          held: (n,) sub-envs that neither step nor reset: their observation
            stays, their reward is 0 and their flags are False. None holds nobody.

        Returns:
          observations, rewards, terminals, truncations (this object's arrays) and
          a list of infos, one for each episode that began or ended and for each
          action that could not be carried out.

        Raises:
          InvalidActionError: see :meth:`ActionScaling.check`; or a pose out of reach
            under ``on_invalid="raise"``. Nothing was stepped; sub-envs whose episode
            had ended have been reset.
          CallOrderError: before the first reset.
        """
        if not self._was_reset:
            raise CallOrderError("step", "not yet reset", "Call reset() first.")
        return self._step(actions, held, last=True)

    def _step(
        self, actions: ArrayLike, held: NDArray[np.bool_] | None, *, last: bool
    ) -> tuple[
        NDArray[Any],
        NDArray[np.float32],
        NDArray[np.bool_],
        NDArray[np.bool_],
        list[Info],
    ]:
        if self.trusts_actions:
            checked = np.asarray(actions, np.float64)
        else:
            checked = self._scaling.check(actions, self.num_agents, self.first_env_id)
        episodes = self._episodes
        over = self._over
        infos: list[Info] = []
        if held is None and over.tobytes() == self._nobody:
            stepped = self._all
            episodes.advance(stepped, self._scaling.to_physical(checked))
        else:
            free = ~held if held is not None else np.ones(self.num_agents, bool)
            resetting = np.flatnonzero(over & free)
            stepped = np.flatnonzero(~over & free)
            if resetting.size:
                infos += self._begin(resetting)
            if stepped.size:
                episodes.advance(stepped, self._scaling.to_physical(checked[stepped]))
            if held is not None:
                episodes.rewards[held] = 0.0
                episodes.terminations[held] = False
                episodes.truncations[held] = False
        ended = episodes.terminations | episodes.truncations
        observed = self._all if held is None else np.flatnonzero(~held)
        # Within a chunk only the last observation of a sub-env is ever seen.
        self._show(observed if last else observed[ended[observed]])
        if ended.tobytes() != self._nobody:
            for env_id in np.flatnonzero(ended):
                info = episodes.end_info(int(env_id))
                infos.append({"env_id": self.first_env_id + int(env_id), **info})
            over[ended] = True
        if stepped.size:
            for env_id in self.engine.invalid_actions:
                if not ended[env_id]:
                    info = episodes.step_info(env_id)
                    infos.append({"env_id": self.first_env_id + env_id, **info})
        return self.observations, self.rewards, self.terminals, self.truncations, infos

    def step_chunk(
        self,
        actions: ArrayLike,
        rewards: NDArray[np.float32],
        terminals: NDArray[np.bool_],
        truncations: NDArray[np.bool_],
    ) -> tuple[list[Info], int]:
        """K control steps; a sub-env whose episode ends inside stops there.

        A sub-env whose episode had ended before resets in the first inner step.

        Args:
          actions: (K, n, 8), time on axis 0.
          rewards: (K, n) to write each inner step's rewards into.
          terminals: (K, n) likewise.
          truncations: (K, n) likewise.

        Returns:
          The infos, and how many actions were ignored because their sub-env's
          episode had ended earlier in the chunk.

        Raises:
          InvalidActionError: an action anywhere in the chunk; nothing was stepped. Or a
            pose out of reach under ``on_invalid="raise"``; the chunk was stepped up to
            there.
        """
        chunk = np.asarray(actions)
        if chunk.ndim != 3:
            raise InvalidActionError(
                f"A chunk has shape {chunk.shape}, expected (K, {self.num_agents}, 8).",
                "Put time on axis 0.",
            )
        if not self._was_reset:
            raise CallOrderError("step_chunk", "not yet reset", "Call reset() first.")
        for inner in () if self.trusts_actions else chunk:
            self._scaling.check(inner, self.num_agents, self.first_env_id)
        infos: list[Info] = []
        ignored = 0
        held = np.zeros(self.num_agents, bool)
        for k, inner in enumerate(chunk):
            if held.all():
                rewards[k], terminals[k], truncations[k] = 0.0, False, False
            else:
                _, rewards[k], terminals[k], truncations[k], new = self._step(
                    inner, held if held.any() else None, last=k == len(chunk) - 1
                )
                infos += new
            ignored += int(held.sum())
            held |= terminals[k] | truncations[k]
        return infos, ignored

    def get_state(self, env_id: int) -> EngineState:
        """One sub-env's complete state; :meth:`set_state` goes on from it."""
        return self._episodes.save(env_id)

    def set_state(self, env_id: int, state: EngineState) -> None:
        """Go on, in one sub-env, with an episode that :meth:`get_state` returned.

        What follows is bit for bit what followed there; the sub-env's row of
        ``observations`` shows that state.
        """
        self._episodes.restore(env_id, state)
        self._over[env_id] = state["terminated"] or state["truncated"]
        self._show(np.array([env_id]))
        self._was_reset = True

    def close(self) -> None:
        """Free the simulations. Calling it twice is fine."""
        self.engine.close()

    def _show(self, env_ids: NDArray[np.intp]) -> None:
        """Write the observations of some sub-envs into their rows."""
        if not env_ids.size:
            return
        self.engine.observe(env_ids, self.structured)
        if self._has_cameras:
            self.engine.render(env_ids, self.structured)

    def _begin(
        self,
        env_ids: NDArray[np.intp],
        variations: Sequence[int | None] | None = None,
    ) -> list[Info]:
        self._over[env_ids] = False
        infos = self._episodes.begin(env_ids, variations)
        return [
            {"env_id": self.first_env_id + int(env_id), **info}
            for env_id, info in zip(env_ids, infos, strict=True)
        ]
