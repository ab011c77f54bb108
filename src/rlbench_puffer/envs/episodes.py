"""Episodes: an engine plus seeds, step limits, rewards and the tale told at the end."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import POSE_MODES, EnvConfig
from rlbench_puffer.engines.base import Engine, EngineState, EnvIds, rows_of
from rlbench_puffer.engines.robot_facts import RobotFacts
from rlbench_puffer.errors import InvalidOptionError

Info = dict[str, Any]
"""One sub-env's remarks on a step: an episode began or ended, or the action could not
be carried out."""

StepResults = tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]
"""Rewards, terminations and truncations of a step, (num_envs,) each."""


class TaskFacts(Protocol):
    """What an environment must know of a task without simulating it."""

    @property
    def name(self) -> str:
        """RLBench's name in snake case."""
        ...

    @property
    def variation_count(self) -> int:
        """How many variations there are."""
        ...

    @property
    def low_dim_size(self) -> int:
        """Length of ``task_low_dim_state``."""
        ...

    @property
    def robot(self) -> RobotFacts:
        """Limits of the arm and the gripper."""
        ...

    @property
    def episode_length(self) -> int:
        """Control steps until an episode is truncated."""
        ...


class Episodes:
    """Runs episodes on the simulations of one engine, without autoreset.

    Episode k of a sub-env that was seeded with s draws from
    ``SeedSequence(s, spawn_key=(k,))`` and from nothing else: it does not matter
    how long the episodes before it were, and a replaced worker can go on at k.

    Args:
      engine: the simulations.
      task: facts of the task they simulate.
      config: the configuration both were made from.
      results: the arrays to keep ``rewards``, ``terminations`` and ``truncations``
        in, or None to own them.

    Attributes:
      rewards: (num_envs,) float32 of the last step.
      terminations: (num_envs,) bool of the last step.
      truncations: (num_envs,) bool of the last step.
      lengths: (num_envs,) int64, control steps of the running episode.
      returns: (num_envs,) float64, summed rewards of the running episode.
      invalid_counts: (num_envs,) int64, actions of the running episode that could not
        be carried out.
      episode_indices: (num_envs,) int64, index of the running episode, -1 before
        the first.
    """

    def __init__(
        self,
        engine: Engine,
        task: TaskFacts,
        config: EnvConfig,
        results: StepResults | None = None,
    ) -> None:
        n = engine.num_envs
        self.engine = engine
        self.episode_length = config.episode_length or task.episode_length
        self._shaped = config.reward == "shaped"
        self._may_be_invalid = config.arm_action_mode in POSE_MODES
        self._truncates_invalid = config.on_invalid == "truncate"
        self._invalid_penalty = config.invalid_penalty
        self._variations = allowed_variations(config, task)
        self._seeds: list[int] = fresh_seeds(n)
        if results is None:
            results = np.zeros(n, np.float32), np.zeros(n, bool), np.zeros(n, bool)
        self.rewards, self.terminations, self.truncations = results
        self._nobody = bytes(n)
        # No episode reaches its limit sooner than after so many steps of all.
        self._steps_left = 0
        self.lengths = np.zeros(n, np.int64)
        self.returns = np.zeros(n, np.float64)
        self.invalid_counts = np.zeros(n, np.int64)
        self.episode_indices = np.full(n, -1, np.int64)

    def seed(self, env_id: int, seed: int, episode_index: int = 0) -> None:
        """Give a sub-env a new stream; its next episode is ``episode_index``."""
        self._seeds[env_id] = seed
        self.episode_indices[env_id] = episode_index - 1

    def begin(
        self, env_ids: EnvIds, variations: Sequence[int | None] | None = None
    ) -> list[Info]:
        """Start a new episode in some sub-envs.

        Args:
          env_ids: (k,) the sub-envs.
          variations: k variations that override the configuration, or None.

        Returns:
          k infos with ``variation``, ``descriptions`` and what is to be known of the
          cameras.
        """
        rows = rows_of(env_ids, self.engine.num_envs)
        self.episode_indices[rows] += 1
        ids, indices = env_ids.tolist(), self.episode_indices[rows].tolist()
        rngs, chosen = [], []
        for position, env_id in enumerate(ids):
            # Drawn in any case, so that an override does not shift the stream.
            rng, drawn = start_of_episode(
                self._seeds[env_id], indices[position], self._variations
            )
            override = variations[position] if variations is not None else None
            rngs.append(rng)
            chosen.append(drawn if override is None else override)
        self.engine.reset(env_ids, rngs, chosen)
        self.lengths[rows] = 0
        self.returns[rows] = 0.0
        self.invalid_counts[rows] = 0
        self.rewards[rows] = 0.0
        self.terminations[rows] = False
        self.truncations[rows] = False
        return [
            {
                "variation": chosen[position],
                "descriptions": self.engine.descriptions(env_id),
                **self.engine.camera_info(env_id),
                **self.engine.episode_info(env_id),
            }
            for position, env_id in enumerate(ids)
        ]

    def advance(self, env_ids: EnvIds, actions: NDArray[np.float64]) -> None:
        """One action of some sub-envs; fills the arrays of this object.

        Args:
          env_ids: (k,) the sub-envs.
          actions: (k, 8) in physical units.

        Raises:
          InvalidActionError: see :meth:`Engine.step`; nothing was simulated.
        """
        engine = self.engine
        rows = rows_of(env_ids, engine.num_envs)
        engine.step(env_ids, actions)
        self.lengths[rows] += 1
        self.terminations[rows] = engine.terminated[rows]
        self._steps_left -= 1
        if self._steps_left > 0:
            self.truncations[rows] = False
        else:
            self.truncations[rows] = self.lengths[rows] >= self.episode_length
            self._steps_left = self.episode_length - int(self.lengths.max())
        # Most steps of a sparse reward give nothing to anybody, and comparing bytes
        # is quicker than adding zeros.
        paid = self._shaped or engine.success.tobytes() != self._nobody
        if paid:
            rewards = engine.shaped_reward if self._shaped else engine.success
            self.rewards[rows] = rewards[rows]
        else:
            self.rewards[rows] = 0.0
        if self._may_be_invalid:
            self._mark_invalid()
            paid = True
        if paid:
            # Adding numbers of one type is quicker than adding two types.
            self.returns[rows] += self.rewards[rows].astype(np.float64)
        for env_id in engine.faults:
            self.terminations[env_id] = False
            self.truncations[env_id] = True
            self.rewards[env_id] = 0.0

    def _mark_invalid(self) -> None:
        for env_id in self.engine.invalid_actions:
            self.invalid_counts[env_id] += 1
            if self._truncates_invalid:
                self.truncations[env_id] = True
            else:
                self.rewards[env_id] -= self._invalid_penalty

    def save(self, env_id: int) -> EngineState:
        """One sub-env's episode: the simulator's state, length, return, ended."""
        return {
            "engine": self.engine.save_state(env_id),
            "episode_length": int(self.lengths[env_id]),
            "episode_return": float(self.returns[env_id]),
            "invalid_actions": int(self.invalid_counts[env_id]),
            "terminated": bool(self.terminations[env_id]),
            "truncated": bool(self.truncations[env_id]),
        }

    def restore(self, env_id: int, state: EngineState) -> None:
        """Go on with an episode that :meth:`save` returned.

        The sub-env's stream of later episodes stays as it is.
        """
        self.engine.restore_state(env_id, state["engine"])
        self.lengths[env_id] = state["episode_length"]
        self._steps_left = 0
        self.returns[env_id] = state["episode_return"]
        self.invalid_counts[env_id] = state["invalid_actions"]
        self.terminations[env_id] = state["terminated"]
        self.truncations[env_id] = state["truncated"]
        self.rewards[env_id] = 0.0

    def step_info(self, env_id: int) -> Info:
        """What is told of a sub-env's step within an episode; empty for most."""
        if env_id in self.engine.invalid_actions:
            return {"invalid_action": self.engine.invalid_actions[env_id]}
        return {}

    def end_info(self, env_id: int) -> Info:
        """What is told of a sub-env's episode when it has ended."""
        info: Info = {
            "success": bool(self.engine.success[env_id]),
            "variation": int(self.engine.variations[env_id]),
            "episode": {
                "r": float(self.returns[env_id]),
                "l": int(self.lengths[env_id]),
            },
            **self.step_info(env_id),
        }
        if self._may_be_invalid:
            info["invalid_actions"] = int(self.invalid_counts[env_id])
        if env_id in self.engine.faults:
            info["fault"] = self.engine.faults[env_id]
        return info


def start_of_episode(
    seed: int, episode_index: int, variations: NDArray[np.int64]
) -> tuple[np.random.Generator, int]:
    """An episode's chance, and the variation that was drawn from it first.

    Args:
      seed: of the sub-env's stream of episodes.
      episode_index: which of them.
      variations: to draw from.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(episode_index,))
    rng = np.random.Generator(np.random.PCG64(sequence))
    return rng, int(variations[rng.integers(len(variations))])


def allowed_variations(config: EnvConfig, task: TaskFacts) -> NDArray[np.int64]:
    """The variations that episodes of this configuration draw from.

    Raises:
      InvalidOptionError: the task has no variation of such an index.
    """
    if config.variation == "random":
        return np.arange(task.variation_count)
    chosen = np.atleast_1d(np.asarray(config.variation, np.int64))
    if chosen.max() >= task.variation_count:
        raise InvalidOptionError(
            "variation",
            config.variation,
            f"indices below {task.variation_count}, the variations of {task.name}",
        )
    return chosen


def fresh_seeds(count: int) -> list[int]:
    """Seeds from the operating system's entropy, for sub-envs nobody seeded."""
    words = np.random.SeedSequence().generate_state(count, np.uint64)
    return [int(word >> np.uint64(1)) for word in words]
